//! The few elements of the services' XML that are read.

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::model::clean;
use crate::probe::object_store::store::Complaint;

/// Elements that are read at most: a list of one object has few.
const EVENTS: usize = 10_000;

/// Calls `see` with each element's depth, name and own text, in the order in which they end.
///
/// `None` where the body is no XML whose elements match.
fn walk(body: &[u8], mut see: impl FnMut(usize, &str, &str)) -> Option<()> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut reader = Reader::from_reader(body);
    let mut open: Vec<(String, String)> = Vec::new();
    let mut elements = 0;
    for _ in 0..EVENTS {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
                open.push((name, String::new()));
                elements += 1;
            }
            Event::Empty(empty) => {
                let name = String::from_utf8_lossy(empty.local_name().as_ref()).into_owned();
                see(open.len(), &name, "");
                elements += 1;
            }
            Event::Text(text) => {
                if let Some((_, own)) = open.last_mut() {
                    own.push_str(&text.decode().ok()?);
                }
            }
            Event::GeneralRef(_) => {
                if let Some((_, own)) = open.last_mut() {
                    own.push('·');
                }
            }
            Event::End(_) => {
                let (name, text) = open.pop()?;
                see(open.len(), &name, &text);
            }
            Event::Eof => return (open.is_empty() && elements > 0).then_some(()),
            _ => {}
        }
    }
    None
}

/// How many elements `object` stand in a document whose root is `root`; `None` for another document.
pub(super) fn objects(body: &[u8], root: &str, object: &str) -> Option<usize> {
    let (mut count, mut is_list) = (0, false);
    walk(body, |depth, name, _| {
        count += usize::from(depth > 0 && name == object);
        is_list |= depth == 0 && name == root;
    })?;
    is_list.then_some(count)
}

/// Code, message, region and time of a document `Error`. Nothing else of it is kept: bodies repeat key id,
/// string to sign and signature.
pub(super) fn complaint(body: &[u8]) -> Complaint {
    let mut found = Complaint::default();
    let mut is_error = false;
    let walked = walk(body, |depth, name, text| match (depth, name) {
        (0, "Error") => is_error = true,
        (1, "Code") => found.code = code(text),
        (1, "Message") => found.message = message(text),
        (1, "Region") => found.region = code(text),
        (1, "ServerTime") => found.time = Some(clean::line(text, 40)),
        _ => {}
    });
    if walked.is_some() && is_error { found } else { Complaint::default() }
}

/// A word: letters, digits and a few signs, so that it can't hold a signature's text.
pub(super) fn code(text: &str) -> Option<String> {
    let text = text.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    ((1..=64).contains(&text.len()) && text.chars().all(plain)).then(|| text.to_owned())
}

/// The service's own words in one line, with every word replaced that may be a key or a signature.
pub(super) fn message(text: &str) -> Option<String> {
    let first = text.lines().next().unwrap_or_default();
    let kept: Vec<&str> =
        first.split_whitespace().map(|word| if secretive(word) { "·" } else { word }).collect();
    let kept = clean::line(&kept.join(" "), 160);
    (!kept.is_empty()).then_some(kept)
}

/// Whether a word may be a key id, a signature or a part of what was signed.
fn secretive(word: &str) -> bool {
    let core = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let digits = core.chars().filter(char::is_ascii_digit).count();
    let coded = core.chars().any(|c| matches!(c, '+' | '/' | '=' | '%' | '&' | '\\'));
    let shouted = core.len() >= 12 && core.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    core.len() > 24 || (core.len() >= 12 && (digits > 0 || coded)) || shouted
}

#[cfg(test)]
mod tests {
    use super::{complaint, message, objects};

    #[test]
    fn only_code_message_and_region_are_kept() {
        let body = b"<?xml version=\"1.0\"?><Error><Code>SignatureDoesNotMatch</Code>\
            <Message>The signature 34b48302e7b5fa45bde8084f4b7868a8 of AKIAIOSFODNN7EXAMPLE is \
            wrong.\nSecond line</Message><StringToSign>AWS4-HMAC</StringToSign></Error>";
        let found = complaint(body);
        assert_eq!(found.code.as_deref(), Some("SignatureDoesNotMatch"));
        assert_eq!(found.message.as_deref(), Some("The signature · of · is wrong."));
        assert_eq!(found.region, None);
    }

    #[test]
    fn what_is_no_error_gives_no_code() {
        for body in [&b"<html><body>Code</body></html>"[..], b"", b"<Error><Code>A</Error>", b"{}"]
        {
            assert!(complaint(body).code.is_none());
        }
        assert!(complaint(b"<Error><Code>a b &amp; c</Code></Error>").code.is_none());
        assert_eq!(message(" \n "), None);
    }

    #[test]
    fn objects_of_a_list_are_counted() {
        let list = b"<ListBucketResult xmlns='x'><Contents><Key>a</Key></Contents>\
            <Contents/></ListBucketResult>";
        assert_eq!(objects(list, "ListBucketResult", "Contents"), Some(2));
        assert_eq!(objects(b"\xef\xbb\xbf<L><B/></L>", "L", "B"), Some(1));
        assert_eq!(objects(b"<html></html>", "ListBucketResult", "Contents"), None);
        assert_eq!(objects(b"<ListBucketResult>", "ListBucketResult", "Contents"), None);
    }
}
