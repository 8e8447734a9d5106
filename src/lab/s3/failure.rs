//! Errors, with the XML bodies of the real store.

use crate::lab::http::Answer;

/// An error: status, code, words, and further elements.
pub(super) struct Failure(u16, &'static str, &'static str, String);

impl Failure {
    pub(super) fn new(status: u16, code: &'static str, words: &'static str) -> Self {
        Self(status, code, words, String::new())
    }

    pub(super) fn denied() -> Self {
        Self::new(403, "AccessDenied", "Access Denied.")
    }

    /// Adds further elements.
    pub(super) fn with(self, more: String) -> Self {
        Self(self.0, self.1, self.2, more)
    }

    /// The answer of the request `id` for `resource`, with the body of the real one.
    pub(super) fn answer(&self, resource: &str, id: &str) -> Answer {
        let Self(status, code, words, more) = self;
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
             <Message>{words}</Message><Resource>{resource}</Resource>{more}\
             <RequestId>{id}</RequestId><HostId>{id}</HostId></Error>"
        );
        Answer::of(*status, "application/xml", body)
    }
}

/// Text as XML has it.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
