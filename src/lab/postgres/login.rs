//! From the first packet to the proof of the password.

use std::io;
use std::sync::Arc;

use md5::{Digest as _, Md5};
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::lab::crypto::{hex, random};
use crate::lab::pgbouncer::{self, Pooler};
use crate::lab::postgres::wire::{Out, Refusal, cstr, parameters, read, read_startup};
use crate::lab::postgres::{Encryption, Method, Postgres, Role, State, scram};
use crate::lab::server::{Peer, Seen, Stream};

const SSL_REQUEST: u32 = 80_877_103;
const GSSENC_REQUEST: u32 = 80_877_104;
const CANCEL_REQUEST: u32 = 80_877_102;

/// Whether the next step is to be taken.
pub(super) enum Then {
    Go,
    End,
}

pub(super) struct Connection<'a> {
    pub(super) server: &'a Postgres,
    pub(super) stream: Box<dyn Stream>,
    pub(super) seen: Arc<Seen>,
    pub(super) out: Out,
    /// Our certificate, once the connection has TLS.
    certificate: Option<CertificateDer<'static>>,
    pub(super) user: String,
    pub(super) database: String,
}

pub(super) async fn connection(server: &Postgres, peer: Peer) -> io::Result<()> {
    if server.state == State::Hung {
        return std::future::pending().await;
    }
    let Some((mut connection, parameters)) = start(server, peer).await? else { return Ok(()) };
    if let Then::End = connection.admit(&parameters).await? {
        return connection.close().await;
    }
    if let Then::End = connection.session(&parameters).await? {
        return connection.close().await;
    }
    connection.queries().await?;
    connection.close().await
}

/// Takes requests for encryption until the startup packet comes.
async fn start(
    server: &Postgres,
    mut peer: Peer,
) -> io::Result<Option<(Connection<'_>, Vec<(String, String)>)>> {
    let mut first = [0];
    if peer.stream.peek(&mut first).await? == 0 {
        return Ok(None);
    }
    if first[0] != 0 {
        // HTTP or a ClientHello. Read first, so that the close is a FIN.
        let mut rest = vec![0; 16 * 1024];
        let _ = peer.stream.read(&mut rest).await?;
        if server.pooler.is_some() && first[0] != 22 {
            let mut out = Out::default();
            out.pooler_error("client sent partial pkt in startup phase");
            out.send(&mut peer.stream).await?;
        }
        peer.stream.shutdown().await?;
        return Ok(None);
    }
    let seen = Arc::clone(&peer.seen);
    let mut certificate = None;
    let (mut plain, mut secured): (Option<Peer>, Option<Box<dyn Stream>>) = (Some(peer), None);
    loop {
        let stream: &mut dyn Stream = match (&mut secured, &mut plain) {
            (Some(stream), _) => stream.as_mut(),
            (None, Some(peer)) => &mut peer.stream,
            (None, None) => return Ok(None),
        };
        let Some((code, rest)) = read_startup(stream).await? else { return Ok(None) };
        match code {
            CANCEL_REQUEST => return Ok(None),
            GSSENC_REQUEST => stream.write_all(b"N").await?,
            SSL_REQUEST if certificate.is_some() => return Ok(None),
            SSL_REQUEST => match &server.encryption {
                Encryption::Declined => stream.write_all(b"N").await?,
                Encryption::Offered(config, own) | Encryption::Required(config, own) => {
                    stream.write_all(b"S").await?;
                    let Some(peer) = plain.take() else { return Ok(None) };
                    secured = Some(peer.secure(config).await?);
                    certificate = Some(own.clone());
                }
            },
            version => {
                seen.request();
                let stream = match (secured, plain) {
                    (Some(stream), _) => stream,
                    (None, Some(peer)) => Box::new(peer.stream),
                    (None, None) => return Ok(None),
                };
                let out = Out::default();
                let (user, database) = (String::new(), String::new());
                let mut connection =
                    Connection { server, stream, seen, out, certificate, user, database };
                let parameters = parameters(&rest);
                return Ok(match connection.version(version).await? {
                    Then::Go => Some((connection, parameters)),
                    Then::End => None,
                });
            }
        }
    }
}

impl Connection<'_> {
    async fn close(mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    pub(super) async fn send(&mut self) -> io::Result<()> {
        self.out.send(self.stream.as_mut()).await
    }

    /// Ends the session with an error: a pooler loses the code.
    pub(super) async fn fatal(&mut self, refusal: &Refusal) -> io::Result<Then> {
        if self.server.pooler.is_some() {
            self.out.pooler_error(&refusal.message);
        } else {
            self.out.error("FATAL", refusal);
        }
        self.send().await?;
        Ok(Then::End)
    }

    pub(super) async fn pooler_says(&mut self, message: &str) -> io::Result<Then> {
        self.out.pooler_error(message);
        self.send().await?;
        Ok(Then::End)
    }

    async fn version(&mut self, version: u32) -> io::Result<Then> {
        let (major, minor) = (version >> 16, version & 0xffff);
        match (major, minor, &self.server.pooler) {
            (3, 0, _) => Ok(Then::Go),
            (3, _, None) => {
                self.out.message(b'v', &[0_u32.to_be_bytes(), 0_u32.to_be_bytes()].concat());
                self.send().await?;
                Ok(Then::Go)
            }
            (_, _, Some(_)) => self.pooler_says("bad packet header: '00000000'").await,
            _ => {
                let words = format!("unsupported frontend protocol {major}.{minor}");
                self.fatal(&Refusal::new("0A000", words)).await
            }
        }
    }

    /// What is said before and during authentication, up to `AuthenticationOk`.
    async fn admit(&mut self, parameters: &[(String, String)]) -> io::Result<Then> {
        let find =
            |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, v)| v.clone());
        self.user = find("user").unwrap_or_default();
        self.database = find("database").unwrap_or_else(|| self.user.clone());
        if let Some(pooler) = &self.server.pooler {
            if let Some(name) = pgbouncer::unsupported(parameters) {
                let words = format!("unsupported startup parameter: {name}");
                return self.pooler_says(&words).await;
            }
            if let Pooler::SaysFirst(words) = pooler {
                return self.pooler_says(words).await;
            }
        }
        if let Some(refusal) = self.refused_by_state() {
            return self.fatal(&refusal).await;
        }
        let role = self.server.roles.iter().find(|role| role.name == self.user);
        if !self.authenticate(role).await? {
            if self.server.pooler.is_some() {
                return self.pooler_says("SASL authentication failed").await;
            }
            let words = format!("password authentication failed for user \"{}\"", self.user);
            return self.fatal(&Refusal::new("28P01", words)).await;
        }
        Ok(Then::Go)
    }

    fn refused_by_state(&self) -> Option<Refusal> {
        let encrypted = if self.certificate.is_some() { "SSL encryption" } else { "no encryption" };
        let whom = format!(
            "for host \"127.0.0.1\", user \"{}\", database \"{}\", {encrypted}",
            self.user, self.database
        );
        let down =
            |words: &str| Some(Refusal::new("57P03", format!("the database system is {words}")));
        let required = matches!(self.server.encryption, Encryption::Required(..));
        match self.server.state {
            State::Starting => down("starting up"),
            State::Stopping => down("shutting down"),
            State::ColdStandby => down("not accepting connections")
                .map(|refusal| refusal.detail("Hot standby mode is disabled.")),
            State::Full => Some(Refusal::new("53300", "sorry, too many clients already")),
            State::HbaReject => {
                Some(Refusal::new("28000", format!("pg_hba.conf rejects connection {whom}")))
            }
            State::NoHbaLine => Some(Refusal::new("28000", format!("no pg_hba.conf entry {whom}"))),
            _ if required && self.certificate.is_none() => Some(match self.server.pooler {
                Some(_) => Refusal::new("08P01", "SSL required"),
                None => Refusal::new("28000", format!("no pg_hba.conf entry {whom}")),
            }),
            _ if self.server.method == Method::Certificate && !self.stream.client_certificate() => {
                Some(Refusal::new("28000", "connection requires a valid client certificate"))
            }
            _ => None,
        }
    }

    /// Whether the role proves who it is.
    async fn authenticate(&mut self, role: Option<&Role>) -> io::Result<bool> {
        match self.server.method {
            Method::Trust | Method::Certificate => Ok(true),
            Method::Gss => {
                self.out.authentication(7, b"");
                self.send().await?;
                read(self.stream.as_mut()).await.map(|_| false)
            }
            Method::Cleartext => {
                self.out.authentication(3, b"");
                let sent = self.password().await?;
                Ok(role.is_some_and(|role| role.password == sent))
            }
            Method::Md5 => {
                let salt = random::<4>()?;
                self.out.authentication(5, &salt);
                let sent = self.password().await?;
                Ok(role.is_some_and(|role| {
                    let inner = hex(&Md5::digest(format!("{}{}", role.password, role.name)));
                    let outer = Md5::digest([inner.as_bytes(), &salt].concat());
                    sent == format!("md5{}", hex(&outer))
                }))
            }
            Method::Scram | Method::FalseScram => self.scram(role).await,
        }
    }

    /// Sends the request that is waiting and reads a `PasswordMessage`.
    async fn password(&mut self) -> io::Result<String> {
        self.send().await?;
        let (_, body) = read(self.stream.as_mut()).await?;
        Ok(cstr(&body).0)
    }

    async fn scram(&mut self, role: Option<&Role>) -> io::Result<bool> {
        // A pooler has no channel binding.
        let certificate = self.certificate.clone().filter(|_| self.server.pooler.is_none());
        let offer: &[&str] =
            if certificate.is_some() { &[scram::PLUS, scram::PLAIN] } else { &[scram::PLAIN] };
        self.out.authentication(10, format!("{}\0\0", offer.join("\0")).as_bytes());
        self.send().await?;
        let (_, body) = read(self.stream.as_mut()).await?;
        let (mechanism, rest) = cstr(&body);
        let first = rest.get(4..).unwrap_or_default();
        if !offer.contains(&mechanism.as_str()) {
            return Ok(false);
        }
        let Some(exchange) = scram::Exchange::begin(&mechanism, first, certificate.as_ref())?
        else {
            return Ok(false);
        };
        self.out.authentication(11, exchange.server_first().as_bytes());
        self.send().await?;
        let (_, last) = read(self.stream.as_mut()).await?;
        let Some(answer) = exchange.finish(&last, role.map(|role| role.password.as_str()))? else {
            return Ok(false);
        };
        let answer = match self.server.method {
            Method::FalseScram => format!("v={}=", "A".repeat(43)),
            _ => answer,
        };
        self.out.authentication(12, answer.as_bytes());
        self.send().await?;
        Ok(true)
    }
}
