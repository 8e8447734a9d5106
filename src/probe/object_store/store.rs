//! A store: which of the three interfaces it has decides how it is asked and how its answers read.

use http::Method;

use crate::model::{Credentials, Fault, FaultCode, Key};
use crate::net::Dialer;
use crate::probe::http::exchange::{Answer, Request};
use crate::probe::http::status;
use crate::probe::object_store::options::Kind;
use crate::probe::object_store::{azure, gcs, s3, xml};

/// What is asked of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation<'a> {
    /// At most one object of the bucket.
    List,
    /// Writes an object.
    Put(&'a str, &'a [u8]),
    /// Reads an object.
    Get(&'a str),
    /// Removes an object.
    Delete(&'a str),
}

impl Operation<'_> {
    /// Its method, where the interface has no other.
    pub(super) fn method(self) -> Method {
        match self {
            Self::List | Self::Get(_) => Method::GET,
            Self::Put(..) => Method::PUT,
            Self::Delete(_) => Method::DELETE,
        }
    }
}

/// A bucket of a store, and with what it is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Store<'a> {
    pub(super) kind: Kind,
    pub(super) bucket: &'a str,
    pub(super) region: &'a str,
    pub(super) host: &'a str,
    pub(super) authority: &'a str,
    pub(super) tls: bool,
}

/// What a service says of a failure, in its own words, without what repeats our signature.
#[derive(Debug, Default)]
pub(super) struct Complaint {
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    pub(super) region: Option<String>,
    /// What time it is, by the service (RFC 3339).
    pub(super) time: Option<String>,
}

impl Store<'_> {
    /// The request for an operation, with credentials where they are given.
    pub(super) fn request(
        &self,
        credentials: &Credentials,
        what: Operation<'_>,
    ) -> Result<Request, Fault> {
        match self.kind {
            Kind::S3 => s3::request(self, credentials, what),
            Kind::AzureBlob => azure::request(self, credentials, what),
            Kind::Gcs => gcs::request(self, credentials, what),
        }
    }

    /// Whether an answer bears the service's own marks.
    pub(super) fn marks(&self, answer: &Answer) -> bool {
        match self.kind {
            Kind::S3 => s3::marks(answer),
            Kind::AzureBlob => answer.headers.contains_key("x-ms-request-id"),
            Kind::Gcs => gcs::marks(answer),
        }
    }

    /// How many objects a list holds; `None` where it is no list.
    pub(super) fn listed(&self, answer: &Answer) -> Option<usize> {
        match self.kind {
            Kind::S3 => xml::objects(&answer.body, "ListBucketResult", "Contents"),
            Kind::AzureBlob => xml::objects(&answer.body, "EnumerationResults", "Blob"),
            Kind::Gcs => gcs::listed(answer),
        }
    }

    /// The fault of an answer whose status is not 2xx.
    pub(super) fn fault(&self, answer: &Answer, dialer: &Dialer, given: bool) -> Fault {
        let complaint = match self.kind {
            Kind::S3 => xml::complaint(&answer.body),
            Kind::AzureBlob => azure::complaint(answer),
            Kind::Gcs => gcs::complaint(answer),
        };
        let Some(word) = complaint.code else { return self.strange(answer, dialer, given) };
        let code = match self.kind {
            Kind::S3 => s3::code(&word, given),
            Kind::AzureBlob => azure::code(&word, given),
            Kind::Gcs => gcs::code(answer.status, &word, given),
        };
        let why = complaint.message.map(|text| format!(": {text}")).unwrap_or_default();
        let skew = match word.as_str() {
            "RequestTimeTooSkewed" => skew(answer, complaint.time.as_deref()),
            // Azure has no code of its own for it, and takes requests for fifteen minutes.
            "AuthenticationFailed" => skew(answer, None).filter(|skew| skew.abs() >= 15 * 60),
            _ => None,
        };
        let region = complaint.region.or_else(|| region(answer));
        let detail = match skew {
            Some(skew) => format!("{word}: our clock minus the service's is {skew} s"),
            None => format!("the service answers {word}{why}"),
        };
        Fault::new(code, detail)
            .with(Key::Status, answer.status)
            .with(Key::ServiceCode, word)
            .with_some(Key::Region, region)
            .with_some(Key::SkewS, skew)
    }

    /// A failure without a code of the service's own.
    fn strange(&self, answer: &Answer, dialer: &Dialer, given: bool) -> Fault {
        let fault = status::fault(answer, dialer, "2xx", given);
        let fault = fault.with_some(Key::Region, region(answer));
        if fault.code != FaultCode::ProtocolUnexpectedStatus {
            // A body that can't be read may repeat the signature all the same.
            let kept = fault.evidence.get(Key::Body).is_none() || answer.is_html();
            return if kept { fault } else { fault.with(Key::Body, "not kept") };
        }
        if self.marks(answer) {
            let detail = format!("the service answers {} without a code", answer.status);
            return Fault::new(FaultCode::ServiceError, detail).with(Key::Status, answer.status);
        }
        self.intruder(answer)
    }

    /// HTTP of something that bears none of the service's marks.
    pub(super) fn intruder(&self, answer: &Answer) -> Fault {
        let kind = self.kind.name();
        let (code, what) = if answer.is_html() {
            (FaultCode::ServiceWrongPeer, format!("a web page answers in place of {kind}"))
        } else {
            (FaultCode::ProtocolUnexpectedBody, format!("the answer is none of {kind}"))
        };
        let page = answer.is_html().then(|| answer.excerpt());
        Fault::new(code, what).with(Key::Status, answer.status).with_some(Key::Body, page)
    }
}

/// The region of a bucket that is asked for in another one (S3).
fn region(answer: &Answer) -> Option<String> {
    answer.field("x-amz-bucket-region").and_then(|text| xml::code(&text))
}

/// Our clock minus the peer's, in seconds: by the time that it names, or by the Date field
/// (RFC 9110 §6.6.1).
fn skew(answer: &Answer, time: Option<&str>) -> Option<i64> {
    use time::OffsetDateTime as Time;
    use time::format_description::well_known::{Rfc2822, Rfc3339};
    let named = time.and_then(|text| Time::parse(text.trim(), &Rfc3339).ok());
    let date = || {
        let field = answer.field(http::header::DATE)?.replace("GMT", "+0000");
        Time::parse(&field, &Rfc2822).ok()
    };
    Some((Time::now_utc() - named.or_else(date)?).whole_seconds())
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::DATE;
    use time::format_description::well_known::{Rfc2822, Rfc3339};
    use time::{Duration, OffsetDateTime};

    use super::{region, skew};
    use crate::probe::http::exchange::Answer;

    fn answer(headers: HeaderMap) -> Answer {
        Answer { status: 403, headers, body: Vec::new(), flaw: None }
    }

    #[test]
    fn our_clock_is_held_against_the_time_that_is_named_and_else_against_the_date() {
        let hour_ago = OffsetDateTime::now_utc() - Duration::hours(1);
        let date = hour_ago.format(&Rfc2822).unwrap().replace("+0000", "GMT");
        let answer = answer(HeaderMap::from_iter([(DATE, date.parse().unwrap())]));
        let hours = |time: Option<&str>| skew(&answer, time).map(|skew| (skew + 60) / 3_600);
        assert_eq!(hours(None), Some(1));
        let named = (hour_ago - Duration::hours(1)).format(&Rfc3339).unwrap();
        assert_eq!(hours(Some(&named)), Some(2));
        assert_eq!(hours(Some("no time")), Some(1));
    }

    #[test]
    fn the_region_of_a_bucket_stands_in_a_field() {
        let name = http::HeaderName::from_static("x-amz-bucket-region");
        let headers = HeaderMap::from_iter([(name, "eu-west-1".parse().unwrap())]);
        assert_eq!(region(&answer(headers)).as_deref(), Some("eu-west-1"));
        assert_eq!(region(&answer(HeaderMap::new())), None);
    }
}
