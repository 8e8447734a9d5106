//! AWS Signature Version 4 in the Authorization header, as the server computes it.

use std::io;

use crate::lab::crypto::{hex, hmac, sha256};
use crate::lab::http::Request;

/// Percent-encoding of everything that RFC 3986 §2.3 doesn't call unreserved.
fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// The canonical request. S3 takes the path as it was sent.
pub(super) fn canonical(request: &Request, signed: &str) -> String {
    let mut query: Vec<(String, String)> =
        request.query_pairs().iter().map(|(name, value)| (encode(name), encode(value))).collect();
    query.sort();
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let field = |name: &str| {
        let value = request.header(name).unwrap_or_default();
        format!("{name}:{}\n", value.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let headers: String = signed.split(';').map(field).collect();
    let payload = request.header("x-amz-content-sha256").unwrap_or_default();
    let (method, path) = (&request.method, &request.path);
    format!("{method}\n{path}\n{}\n{headers}\n{signed}\n{payload}", query.join("&"))
}

/// Whether the body is the one that was signed.
pub(super) fn body_matches(request: &Request) -> bool {
    let claimed = request.header("x-amz-content-sha256").unwrap_or_default();
    claimed == "UNSIGNED-PAYLOAD" || claimed == hex(&sha256(&request.body))
}

/// The signature in hexadecimal digits.
pub(super) fn signature(
    secret: &str,
    day: &str,
    region: &str,
    to_sign: &str,
) -> io::Result<String> {
    let key = hmac(format!("AWS4{secret}").as_bytes(), day.as_bytes())?;
    let key = hmac(&key, region.as_bytes())?;
    let key = hmac(&key, b"s3")?;
    let key = hmac(&key, b"aws4_request")?;
    Ok(hex(&hmac(&key, to_sign.as_bytes())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_published_example() {
        // "Signature Calculations for the Authorization Header", Amazon S3 API Reference:
        // GET bucket lifecycle.
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let empty = hex(&sha256(b""));
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let request = Request {
            method: "GET".into(),
            path: "/".into(),
            query: "lifecycle".into(),
            headers: vec![
                header("host", "examplebucket.s3.amazonaws.com"),
                header("x-amz-content-sha256", &empty),
                header("x-amz-date", "20130524T000000Z"),
            ],
            ..Request::default()
        };
        let canonical = canonical(&request, "host;x-amz-content-sha256;x-amz-date");
        let hash = hex(&sha256(canonical.as_bytes()));
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n{hash}"
        );
        assert_eq!(
            signature(secret, "20130524", "us-east-1", &to_sign).unwrap(),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        );
    }
}
