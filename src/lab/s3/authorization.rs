//! The Authorization header: whose key signed what, and whether it holds.

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Duration, PrimitiveDateTime};

use crate::lab::crypto::{hex, sha256};
use crate::lab::http::Request;
use crate::lab::s3::failure::{Failure, escaped};
use crate::lab::s3::signature::{body_matches, canonical, signature};
use crate::lab::s3::{Access, AccessKey, S3};

/// How far the clocks may be apart.
const SKEW: Duration = Duration::minutes(15);

/// What the header claims.
struct Claim<'r> {
    /// Id of the key.
    id: &'r str,
    /// Day of the scope, `YYYYMMDD`.
    day: &'r str,
    /// Region of the scope.
    region: &'r str,
    /// Names of the headers that are signed.
    headers: &'r str,
    /// The signature in hexadecimal digits.
    signature: &'r str,
}

impl<'r> Claim<'r> {
    fn of(request: &'r Request) -> Result<Self, Failure> {
        let authorization = request.header("authorization").ok_or_else(Failure::denied)?;
        let Some(rest) = authorization.strip_prefix("AWS4-HMAC-SHA256 ") else {
            return Err(Failure::new(
                400,
                "InvalidRequest",
                "The authorization mechanism you have provided is not supported. \
                Please use AWS4-HMAC-SHA256.",
            ));
        };
        let part = |name: &str| {
            rest.split(',').find_map(|part| part.trim().strip_prefix(name)).unwrap_or_default()
        };
        let credential: Vec<&str> = part("Credential=").split('/').collect();
        let [id, day, region, "s3", "aws4_request"] = credential[..] else {
            return Err(Failure::new(
                400,
                "AuthorizationHeaderMalformed",
                "The authorization header is malformed; the Credential is mal-formed.",
            ));
        };
        let (headers, signature) = (part("SignedHeaders="), part("Signature="));
        Ok(Self { id, day, region, headers, signature })
    }
}

impl S3 {
    /// What the request's key may do, if its signature holds.
    pub(super) fn permitted(&self, request: &Request) -> Result<Access, Failure> {
        let claim = Claim::of(request)?;
        let Some(key) = self.keys.iter().find(|key| key.id == claim.id) else {
            return Err(Failure::new(
                403,
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
            )
            .with(format!("<AWSAccessKeyId>{}</AWSAccessKeyId>", claim.id)));
        };
        if claim.region != self.region {
            return Err(Failure::new(
                400,
                "AuthorizationHeaderMalformed",
                "The authorization header is malformed; the region is wrong.",
            )
            .with(format!("<Region>{}</Region>", self.region)));
        }
        let date = request.header("x-amz-date").unwrap_or_default();
        self.check_clock(date)?;
        check_signature(request, &claim, key, date)?;
        Ok(key.access)
    }

    fn check_clock(&self, date: &str) -> Result<(), Failure> {
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        let Ok(at) = PrimitiveDateTime::parse(date, &format) else { return Err(Failure::denied()) };
        let now = self.now();
        if (now - at.assume_utc()).abs() <= SKEW {
            return Ok(());
        }
        let time = now.format(&Rfc3339).unwrap_or_default();
        Err(Failure::new(
            403,
            "RequestTimeTooSkewed",
            "The difference between the request time and the server's time is too large.",
        )
        .with(format!(
            "<RequestTime>{date}</RequestTime><ServerTime>{time}</ServerTime>\
                <MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>"
        )))
    }
}

fn check_signature(
    request: &Request,
    claim: &Claim<'_>,
    key: &AccessKey,
    date: &str,
) -> Result<(), Failure> {
    let Claim { id, day, region, headers, signature: given } = claim;
    let scope = format!("{day}/{region}/s3/aws4_request");
    let canonical = canonical(request, headers);
    let to_sign =
        format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&sha256(canonical.as_bytes())));
    let expected = signature(&key.secret, day, region, &to_sign)
        .map_err(|_| Failure::new(500, "InternalError", "We encountered an internal error."))?;
    if *given == expected && body_matches(request) {
        return Ok(());
    }
    Err(Failure::new(
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. \
        Check your key and signing method.",
    )
    .with(format!(
        "<AWSAccessKeyId>{id}</AWSAccessKeyId><StringToSign>{to_sign}</StringToSign>\
            <SignatureProvided>{given}</SignatureProvided>\
            <CanonicalRequest>{}</CanonicalRequest>",
        escaped(&canonical)
    )))
}
