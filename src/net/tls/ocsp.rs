//! The stapled answer about a certificate's revocation (RFC 6960, RFC 6066 §8): who signed it, whether
//! it is about this certificate, whether it is fresh. Only an answer that holds on all three is
//! believed; nothing is ever fetched.

use rustls::pki_types::CertificateDer;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use time::{Date, Month, Time};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::net::tls::certificate;
use crate::net::tls::der::{Signed, Value, Values, tag};

/// Clocks may differ by this much, in seconds.
const SKEW: i64 = 300;
/// How long an answer without an end is believed, in seconds: a week, as OpenSSL's users have it.
const ENDLESS: i64 = 7 * 86_400;
/// Single answers that are looked at.
const MANY: usize = 64;

/// What a staple says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Staple {
    /// There is none.
    Absent,
    /// The certificate was not revoked.
    Good,
    /// It was.
    Revoked {
        /// When, in seconds since 1970.
        at: i64,
        /// Why, by the word of RFC 5280 §5.3.1.
        reason: &'static str,
    },
    /// The answer is not believed, or says nothing.
    Useless(&'static str),
}

impl Staple {
    /// The words for the evidence.
    pub(super) fn words(&self) -> Option<String> {
        match self {
            Self::Absent => None,
            Self::Good => Some("good".to_owned()),
            Self::Revoked { at, reason } => {
                Some(format!("revoked {} ({reason})", certificate::rfc3339(*at)))
            }
            Self::Useless(why) => Some(format!("not believed: {why}")),
        }
    }
}

/// Reads a staple about the first certificate of a chain; `known` are further certificates that may
/// have issued it.
pub(super) fn read(
    staple: &[u8],
    chain: &[CertificateDer<'_>],
    known: &[CertificateDer<'_>],
    now_s: i64,
) -> Staple {
    if staple.is_empty() {
        return Staple::Absent;
    }
    judge(staple, chain, known, now_s).unwrap_or_else(Staple::Useless)
}

fn judge(
    staple: &[u8],
    chain: &[CertificateDer<'_>],
    known: &[CertificateDer<'_>],
    now_s: i64,
) -> Result<Staple, &'static str> {
    const MALFORMED: &str = "it can't be read";
    let leaf = chain.first().ok_or(MALFORMED)?;
    let basic = basic(staple)?;
    let mut values = Values(basic).enter(tag::SEQUENCE).ok_or(MALFORMED)?;
    let signed = Signed::read(&mut values).ok_or(MALFORMED)?;
    let issuer = issuer(leaf, chain[1..].iter().chain(known)).ok_or("the issuer is not known")?;
    if !signed.is_by(issuer) && !by_delegate(&signed, values, issuer, now_s) {
        return Err("the signature is not the issuer's");
    }
    let answers = answers(signed.message).ok_or(MALFORMED)?;
    let about = Values(answers)
        .take(MANY)
        .filter_map(|answer| Single::read(&answer))
        .find(|answer| answer.is_about(leaf, issuer))
        .ok_or("it is about another certificate")?;
    about.fresh(now_s)?;
    about.status.read()
}

/// The basic response within an OCSP response.
fn basic(staple: &[u8]) -> Result<&[u8], &'static str> {
    const BASIC: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1];
    const MALFORMED: &str = "it can't be read";
    let mut response = Values(staple).enter(tag::SEQUENCE).ok_or(MALFORMED)?;
    match response.value(tag::ENUMERATED).ok_or(MALFORMED)?.inner {
        [0] => {}
        _ => return Err("the responder answers with an error"),
    }
    let mut bytes = response.enter(tag::context(0)).ok_or(MALFORMED)?;
    let mut bytes = bytes.enter(tag::SEQUENCE).ok_or(MALFORMED)?;
    match bytes.value(tag::OID).ok_or(MALFORMED)?.inner {
        BASIC => bytes.value(tag::OCTET_STRING).map(|value| value.inner).ok_or(MALFORMED),
        _ => Err("its form is another than the basic one"),
    }
}

/// Who issued a certificate: the name fits, and the signature.
fn issuer<'c, 'd: 'c>(
    leaf: &CertificateDer<'_>,
    mut among: impl Iterator<Item = &'c CertificateDer<'d>>,
) -> Option<&'c CertificateDer<'d>> {
    let (_, parsed) = X509Certificate::from_der(leaf).ok()?;
    let signed = Signed::certificate(leaf)?;
    among.find(|candidate| {
        X509Certificate::from_der(candidate)
            .is_ok_and(|(_, above)| above.subject().as_raw() == parsed.issuer().as_raw())
            && signed.is_by(candidate)
    })
}

/// Whether somebody signed whom the issuer has entrusted with it (RFC 6960 §4.2.2.2).
fn by_delegate(
    signed: &Signed<'_>,
    mut after: Values<'_>,
    issuer: &CertificateDer<'_>,
    now_s: i64,
) -> bool {
    let Some(certificates) =
        after.enter(tag::context(0)).and_then(|mut within| within.enter(tag::SEQUENCE))
    else {
        return false;
    };
    certificates.take(4).any(|certificate| {
        let delegate = CertificateDer::from(certificate.whole);
        let entrusted = X509Certificate::from_der(&delegate).is_ok_and(|(_, parsed)| {
            matches!(parsed.extended_key_usage(), Ok(Some(usage)) if usage.value.ocsp_signing)
        });
        let valid = certificate::validity(&delegate)
            .is_some_and(|(from, until)| (from..=until).contains(&now_s));
        entrusted
            && valid
            && Signed::certificate(&delegate).is_some_and(|delegate| delegate.is_by(issuer))
            && signed.is_by(&delegate)
    })
}

/// The single answers within the signed data.
fn answers(data: Value<'_>) -> Option<&[u8]> {
    let mut data = Values(data.inner);
    // Version 1 is the default, and left out.
    data.value(tag::context(0));
    let _responder = data.next()?;
    data.value(tag::TIME)?;
    data.value(tag::SEQUENCE).map(|answers| answers.inner)
}

/// What is said of one certificate.
struct Single<'a> {
    algorithm: &'a [u8],
    issuer_name: &'a [u8],
    issuer_key: &'a [u8],
    serial: &'a [u8],
    status: Status<'a>,
    from: i64,
    until: Option<i64>,
}

struct Status<'a>(Value<'a>);

impl Status<'_> {
    fn read(&self) -> Result<Staple, &'static str> {
        match self.0.tag {
            0x80 => Ok(Staple::Good),
            0xa1 => {
                let mut revoked = Values(self.0.inner);
                let at = revoked.value(tag::TIME).and_then(seconds).ok_or("it can't be read")?;
                let reason = revoked.enter(tag::context(0));
                let reason = reason.and_then(|mut within| within.value(tag::ENUMERATED));
                Ok(Staple::Revoked { at, reason: reason.map_or("no reason given", reason_word) })
            }
            _ => Err("the responder does not know the certificate"),
        }
    }
}

impl<'a> Single<'a> {
    fn read(answer: &Value<'a>) -> Option<Self> {
        let mut answer = Values(answer.inner);
        let mut id = answer.enter(tag::SEQUENCE)?;
        let algorithm = id.enter(tag::SEQUENCE)?.value(tag::OID)?.inner;
        let issuer_name = id.value(tag::OCTET_STRING)?.inner;
        let issuer_key = id.value(tag::OCTET_STRING)?.inner;
        let serial = id.value(tag::INTEGER)?.inner;
        let status = Status(answer.next()?);
        let from = seconds(answer.value(tag::TIME)?)?;
        let until = match answer.enter(tag::context(0)) {
            Some(mut until) => Some(seconds(until.value(tag::TIME)?)?),
            None => None,
        };
        Some(Self { algorithm, issuer_name, issuer_key, serial, status, from, until })
    }

    fn is_about(&self, leaf: &CertificateDer<'_>, issuer: &CertificateDer<'_>) -> bool {
        let (Ok((_, leaf)), Ok((_, issuer))) =
            (X509Certificate::from_der(leaf), X509Certificate::from_der(issuer))
        else {
            return false;
        };
        let hash: fn(&[u8]) -> Vec<u8> = match self.algorithm {
            [0x2b, 0x0e, 3, 2, 0x1a] => |bytes| Sha1::digest(bytes).to_vec(),
            [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1] => |bytes| Sha256::digest(bytes).to_vec(),
            _ => return false,
        };
        leaf.raw_serial() == self.serial
            && hash(issuer.subject().as_raw()) == self.issuer_name
            && hash(&issuer.public_key().subject_public_key.data) == self.issuer_key
    }

    fn fresh(&self, now_s: i64) -> Result<(), &'static str> {
        if self.from > now_s + SKEW {
            return Err("its time has not begun");
        }
        if self.until.unwrap_or(self.from + ENDLESS) < now_s - SKEW {
            return Err("its time has ended");
        }
        Ok(())
    }
}

/// A GeneralizedTime as RFC 5280 §4.1.2.5.2 has it: `YYYYMMDDHHMMSSZ`.
fn seconds(value: Value<'_>) -> Option<i64> {
    let text = std::str::from_utf8(value.inner).ok()?.strip_suffix('Z')?;
    if text.len() != 14 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| text[from..to].parse::<u8>().ok();
    let month = Month::try_from(part(4, 6)?).ok()?;
    let date = Date::from_calendar_date(text[..4].parse().ok()?, month, part(6, 8)?).ok()?;
    let time = Time::from_hms(part(8, 10)?, part(10, 12)?, part(12, 14)?).ok()?;
    Some(date.with_time(time).assume_utc().unix_timestamp())
}

/// RFC 5280 §5.3.1.
fn reason_word(reason: Value<'_>) -> &'static str {
    match reason.inner {
        [0] => "unspecified",
        [1] => "keyCompromise",
        [2] => "cACompromise",
        [3] => "affiliationChanged",
        [4] => "superseded",
        [5] => "cessationOfOperation",
        [6] => "certificateHold",
        [8] => "removeFromCRL",
        [9] => "privilegeWithdrawn",
        [10] => "aACompromise",
        _ => "a reason without a name",
    }
}

#[cfg(test)]
mod tests {
    use super::{ENDLESS, SKEW, Single, Staple, Status, Value, read, seconds, tag};

    fn lasting(from: i64, until: Option<i64>) -> Single<'static> {
        let status = Status(Value { tag: 0x80, inner: &[], whole: &[] });
        let none: &[u8] = &[];
        Single {
            algorithm: none,
            issuer_name: none,
            issuer_key: none,
            serial: none,
            status,
            from,
            until,
        }
    }

    #[test]
    fn an_answer_holds_for_its_time_and_the_skew_of_clocks() {
        let day = lasting(100_000, Some(186_400));
        assert!(day.fresh(100_000 - SKEW).is_ok() && day.fresh(186_400 + SKEW).is_ok());
        assert!(day.fresh(100_000 - SKEW - 1).is_err() && day.fresh(186_400 + SKEW + 1).is_err());
        let endless = lasting(0, None);
        assert!(
            endless.fresh(ENDLESS + SKEW).is_ok() && endless.fresh(ENDLESS + SKEW + 1).is_err()
        );
    }

    #[test]
    fn times_are_read_and_what_is_none_refused() {
        let time = |inner| seconds(Value { tag: tag::TIME, inner, whole: inner });
        assert_eq!(time(b"20250102030405Z"), Some(1_735_787_045));
        for wrong in [&b"20251302030405Z"[..], b"20250102030405", b"2025010203040\xc3Z", b"Z", b""]
        {
            assert_eq!(time(wrong), None);
        }
    }

    #[test]
    fn rubbish_is_no_answer() {
        assert_eq!(read(&[], &[], &[], 0), Staple::Absent);
        for rubbish in [&[0x30][..], &[0x30, 0x83, 0xff, 0xff, 0xff], &[0; 40]] {
            assert!(matches!(read(rubbish, &[], &[], 0), Staple::Useless(_)));
        }
    }
}
