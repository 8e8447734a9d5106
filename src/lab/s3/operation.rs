//! What is done with the bucket and its objects.

use std::collections::BTreeMap;

use crate::lab::crypto::{hex, sha256};
use crate::lab::http::{Answer, Request, decode};
use crate::lab::s3::failure::{Failure, escaped};
use crate::lab::s3::{Access, S3};

/// Objects by their keys.
pub(super) type Objects = BTreeMap<String, Vec<u8>>;

impl S3 {
    /// What the request does, where its key may.
    pub(super) fn operation(
        &self,
        objects: &mut Objects,
        request: &Request,
        access: Access,
    ) -> Result<Answer, Failure> {
        let path = decode(request.path.trim_start_matches('/'));
        let (bucket, key) = path.split_once('/').unwrap_or((&path, ""));
        let reads = matches!(request.method.as_str(), "GET" | "HEAD");
        if access == Access::Nothing || (access == Access::ReadOnly && !reads) {
            return Err(Failure::denied());
        }
        if bucket.is_empty() && reads {
            return Ok(Answer::of(200, "application/xml", "<ListAllMyBucketsResult/>"));
        }
        if bucket != self.bucket {
            let more = format!("<BucketName>{}</BucketName>", escaped(bucket));
            let words = "The specified bucket does not exist.";
            return Err(Failure::new(404, "NoSuchBucket", words).with(more));
        }
        let missing = || Failure::new(404, "NoSuchKey", "The specified key does not exist.");
        match (request.method.as_str(), key) {
            ("HEAD", "") => Ok(Answer::new(200).header("x-amz-bucket-region", &self.region)),
            ("GET", "") => Ok(Answer::of(200, "application/xml", self.list(objects, request))),
            ("PUT", key) if !key.is_empty() => {
                objects.insert(key.into(), request.body.clone());
                Ok(Answer::new(200).header("ETag", &etag(&request.body)))
            }
            ("GET" | "HEAD", key) => {
                let body = objects.get(key).ok_or_else(missing)?;
                let answer = Answer::of(200, "application/octet-stream", body.clone());
                Ok(answer.header("ETag", &etag(body)))
            }
            ("DELETE", key) if !key.is_empty() => {
                objects.remove(key);
                Ok(Answer::new(204))
            }
            _ => Err(Failure::new(405, "MethodNotAllowed", "The specified method is not allowed.")),
        }
    }

    /// The body of `ListObjectsV2`.
    fn list(&self, objects: &Objects, request: &Request) -> String {
        let limit =
            request.parameter("max-keys").and_then(|keys| keys.parse().ok()).unwrap_or(1000);
        let prefix = request.parameter("prefix").unwrap_or_default();
        let found: Vec<_> = objects.iter().filter(|(key, _)| key.starts_with(&prefix)).collect();
        let one = |(key, body): &(&String, &Vec<u8>)| {
            format!(
                "<Contents><Key>{}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>\
                 <ETag>{}</ETag><Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
                escaped(key),
                etag(body),
                body.len()
            )
        };
        let contents: String = found.iter().take(limit).map(one).collect();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult \
             xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{}</Name><Prefix>{prefix}\
             </Prefix><KeyCount>{}</KeyCount><MaxKeys>{limit}</MaxKeys><IsTruncated>{}\
             </IsTruncated>{contents}</ListBucketResult>",
            self.bucket,
            found.len().min(limit),
            found.len() > limit,
        )
    }
}

fn etag(body: &[u8]) -> String {
    format!("\"{}\"", &hex(&sha256(body))[..32])
}
