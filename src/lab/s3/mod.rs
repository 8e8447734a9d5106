//! S3: header signatures of AWS Signature Version 4, verified; buckets and objects in memory.
//!
//! Path style only. Errors have the XML bodies of the real one: the one of
//! `SignatureDoesNotMatch` repeats key id, string to sign and signature.
mod authorization;
mod failure;
mod operation;
mod signature;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::ServerConfig;
use time::format_description::well_known::Rfc2822;
use time::{Duration, OffsetDateTime};

use crate::lab::crypto::{hex, random};
use crate::lab::http::{Reply, Request, serve};
use crate::lab::s3::operation::Objects;
use crate::lab::server::Server;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anything.
    Full,
    /// Reading.
    ReadOnly,
    /// Nothing.
    Nothing,
}

/// An access key.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
    /// Its rights.
    pub access: Access,
}

/// The store.
#[derive(Clone, Debug)]
pub struct S3 {
    /// The one bucket.
    pub bucket: String,
    /// Its region.
    pub region: String,
    /// Keys.
    pub keys: Vec<AccessKey>,
    /// How far its clock is ahead.
    pub ahead: Duration,
}

impl S3 {
    /// A store with one bucket.
    pub fn new(bucket: &str, region: &str) -> Self {
        let (bucket, region) = (bucket.into(), region.into());
        Self { bucket, region, keys: Vec::new(), ahead: Duration::ZERO }
    }

    /// Adds a key.
    #[must_use]
    pub fn key(mut self, id: &str, secret: &str, access: Access) -> Self {
        self.keys.push(AccessKey { id: id.into(), secret: secret.into(), access });
        self
    }

    /// Sets its clock wrong.
    #[must_use]
    pub const fn ahead(mut self, ahead: Duration) -> Self {
        self.ahead = ahead;
        self
    }

    /// Serves it.
    pub async fn serve(self, tls: Option<Arc<ServerConfig>>) -> io::Result<Server> {
        let objects = Mutex::new(Objects::new());
        serve(tls, move |request| {
            let mut objects = objects.lock().unwrap_or_else(PoisonError::into_inner);
            self.answer(&mut objects, request)
        })
        .await
    }

    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + self.ahead
    }

    fn answer(&self, objects: &mut Objects, request: &Request) -> Reply {
        let answer = match self.permitted(request) {
            Ok(access) => self.operation(objects, request, access),
            Err(failure) => Err(failure),
        };
        let id = random::<8>().map(|bytes| hex(&bytes).to_uppercase()).unwrap_or_default();
        let answer = answer.unwrap_or_else(|failure| failure.answer(&request.path, &id));
        let date = self.now().format(&Rfc2822).unwrap_or_default().replace("+0000", "GMT");
        answer
            .header("Server", "VERSITYGW")
            .header("x-amz-request-id", &id)
            .header("x-amz-id-2", &id)
            .header("Date", &date)
            .reply_to(request)
    }
}
