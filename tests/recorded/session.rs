//! A client of PostgreSQL, written by hand as the recorder's is.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use connprobe::lab::crypto::{hex, hmac, sha256};
use connprobe::lab::ground::{Ground, HOST};
use connprobe::lab::pki::{ClientCertificate, Identity, Leaf};
use connprobe::lab::postgres::Encryption;
use connprobe::lab::server::Server;
use md5::{Digest as _, Md5};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Messages without what is one server's own: its version, the order of its parameters.
pub(super) fn messages(said: &[Value]) -> Vec<String> {
    let mut said: Vec<_> = said.to_vec();
    for message in &mut said {
        if let Some(version) = message.pointer_mut("/S/server_version") {
            *version = "varies".into();
        }
        if message.get("silent_for_s").is_some() {
            *message = "silent".into();
        }
    }
    let mut said: Vec<_> = said.iter().map(Value::to_string).collect();
    for parameters in said.chunk_by_mut(|a, b| a.starts_with("{\"S\"") && b.starts_with("{\"S\"")) {
        parameters.sort();
    }
    said
}

pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Wire for T {}

/// A client of PostgreSQL, written by hand as the recorder's is.
pub(super) struct Session {
    wire: Box<dyn Wire>,
    said: Vec<Value>,
    bare: String,
    /// How long it waits for a message before it calls the server silent.
    patience: Duration,
}

/// Who logs in, where, and what is asked then.
#[derive(Clone, Copy)]
pub(super) struct Login<'a> {
    pub(super) user: &'a str,
    pub(super) password: &'a str,
    pub(super) database: &'a str,
    pub(super) parameter: Option<(&'a str, &'a str)>,
    pub(super) query: &'a str,
}

pub(super) const PROBE: Login<'_> = Login {
    user: "probe",
    password: "good-word",
    database: "ucsx",
    parameter: None,
    query: "SELECT 1",
};

impl Session {
    pub(super) async fn run(
        server: &Server,
        tls: Option<Arc<ClientConfig>>,
        login: Login<'_>,
        patience: Duration,
    ) -> Vec<Value> {
        let mut stream = TcpStream::connect(server.address()).await.expect("the stand-in listens");
        let mut said = Vec::new();
        let wire: Box<dyn Wire> = match tls {
            None => Box::new(stream),
            Some(config) => {
                stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await.expect("it reads");
                let answer = stream.read_u8().await.expect("it answers");
                said.push(json!({"ssl_request": char::from(answer).to_string()}));
                let name = ServerName::try_from(HOST).expect("a name");
                Box::new(TlsConnector::from(config).connect(name, stream).await.expect("TLS"))
            }
        };
        let mut session = Self { wire, said, bare: String::new(), patience };
        if let Err(error) = session.talk(login).await {
            session.said.push(match error.kind() {
                io::ErrorKind::TimedOut => json!({"silent_for_s": patience.as_secs_f32()}),
                _ => json!({"closed": true}),
            });
        }
        session.said
    }

    async fn send(&mut self, kind: &[u8], body: &[u8]) -> io::Result<()> {
        let length = u32::try_from(body.len() + 4).map_err(io::Error::other)?;
        self.wire.write_all(&[kind, &length.to_be_bytes(), body].concat()).await?;
        self.wire.flush().await
    }

    async fn talk(&mut self, login: Login<'_>) -> io::Result<()> {
        let mut body = 196_608_u32.to_be_bytes().to_vec();
        let pairs = [("user", login.user), ("database", login.database)];
        for (name, value) in pairs.into_iter().chain(login.parameter) {
            body.extend(format!("{name}\0{value}\0").as_bytes());
        }
        body.push(0);
        self.send(b"", &body).await?;
        let mut asked = false;
        loop {
            let kind = tokio::time::timeout(self.patience, self.wire.read_u8()).await??;
            let mut body = vec![0; (self.wire.read_u32().await? - 4) as usize];
            self.wire.read_exact(&mut body).await?;
            let text = String::from_utf8_lossy(&body).into_owned();
            let parts: Vec<&str> = text.split('\0').filter(|part| !part.is_empty()).collect();
            match kind {
                b'R' => self.authenticate(&body, login).await?,
                b'E' => {
                    let fields = parts.iter().map(|part| part.split_at(1));
                    let told = fields.filter(|(name, _)| "SVCMDH".contains(name));
                    let told: BTreeMap<_, _> = told.collect();
                    self.said.push(json!({"E": told}));
                    if asked {
                        return Ok(());
                    }
                }
                b'S' => {
                    let kept = ["server_version", "in_hot_standby", "is_superuser"];
                    if kept.contains(&parts[0]) || parts[0] == "default_transaction_read_only" {
                        self.said.push(json!({"S": {parts[0]: parts[1]}}));
                    }
                }
                b'D' => self.said.push(json!({"D": String::from_utf8_lossy(&body[6..])})),
                b'Z' => {
                    self.said.push(json!({"Z": text}));
                    self.send(b"Q", format!("{}\0", login.query).as_bytes()).await?;
                    asked = true;
                }
                b'C' => {
                    self.said.push(json!({"C": parts[0]}));
                    return Ok(());
                }
                _ => {}
            }
        }
    }

    async fn authenticate(&mut self, body: &[u8], login: Login<'_>) -> io::Result<()> {
        let (number, data) = body.split_at(4);
        let text = String::from_utf8_lossy(data).into_owned();
        match number[3] {
            0 => self.said.push(json!({"R": "Ok"})),
            3 => {
                self.said.push(json!({"R": "CleartextPassword"}));
                self.send(b"p", format!("{}\0", login.password).as_bytes()).await?;
            }
            5 => {
                self.said.push(json!({"R": "MD5Password"}));
                let inner = hex(&Md5::digest(format!("{}{}", login.password, login.user)));
                let outer = hex(&Md5::digest([inner.as_bytes(), data].concat()));
                self.send(b"p", format!("md5{outer}\0").as_bytes()).await?;
            }
            10 => {
                let mechanisms: Vec<_> = text.split('\0').filter(|name| !name.is_empty()).collect();
                self.said.push(json!({"R": "SASL", "mechanisms": mechanisms}));
                self.bare = "n=,r=fyko+d2lbbFgONRv9qkxdawL".into();
                let first = format!("n,,{}", self.bare);
                let length = u32::try_from(first.len()).map_err(io::Error::other)?;
                let head = [b"SCRAM-SHA-256\0".as_slice(), &length.to_be_bytes()].concat();
                self.send(b"p", &[head.as_slice(), first.as_bytes()].concat()).await?;
            }
            11 => {
                self.said.push(json!({"R": "SASLContinue"}));
                let proof = proof(login.password, &self.bare, &text)?;
                self.send(b"p", proof.as_bytes()).await?;
            }
            12 => self.said.push(json!({"R": "SASLFinal"})),
            other => self.said.push(json!({"R": other})),
        }
        Ok(())
    }
}

/// The client's last message (RFC 5802 §3).
pub(super) fn proof(password: &str, bare: &str, challenge: &str) -> io::Result<String> {
    let part = |name: &str| {
        challenge.split(',').find_map(|part| part.strip_prefix(name)).unwrap_or_default()
    };
    let salt = BASE64_STANDARD.decode(part("s=")).map_err(io::Error::other)?;
    let rounds: usize = part("i=").parse().map_err(io::Error::other)?;
    let xor = |left: [u8; 32], right: [u8; 32]| -> [u8; 32] {
        std::array::from_fn(|index| left[index] ^ right[index])
    };
    let mut last = hmac(password.as_bytes(), &[salt.as_slice(), &[0, 0, 0, 1]].concat())?;
    let mut salted = last;
    for _ in 1..rounds {
        last = hmac(password.as_bytes(), &last)?;
        salted = xor(salted, last);
    }
    let key = hmac(&salted, b"Client Key")?;
    let last = format!("c=biws,r={}", part("r="));
    let signature = hmac(&sha256(&key), format!("{bare},{challenge},{last}").as_bytes())?;
    Ok(format!("{last},p={}", BASE64_STANDARD.encode(xor(key, signature))))
}

/// TLS of both ends: the server's, and a client's without and with a certificate.
pub(super) struct Channel {
    pub(super) encryption: Encryption,
    pub(super) required: Encryption,
    pub(super) client: Arc<ClientConfig>,
    pub(super) certified: Arc<ClientConfig>,
}

pub(super) fn channel() -> io::Result<Channel> {
    let ground = Ground::new()?;
    let identity = ground.pki.leaf(&Leaf { sans: &[HOST], ..Leaf::GOOD })?;
    let config =
        ground.pki.tls_with(&identity, ClientCertificate::Optional, rustls::ALL_VERSIONS)?;
    let own = ground.pki.leaf(&Leaf { client: true, ..Leaf::GOOD })?;
    let client = |own: Option<&Identity>| -> io::Result<Arc<ClientConfig>> {
        let mut roots = RootCertStore::empty();
        roots.add(ground.pki.ca_der().clone()).map_err(io::Error::other)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots);
        Ok(Arc::new(match own {
            None => builder.with_no_client_auth(),
            Some(own) => {
                let key = PrivateKeyDer::from_pem_slice(own.key_pem.as_bytes());
                let key = key.map_err(io::Error::other)?;
                builder.with_client_auth_cert(own.chain.clone(), key).map_err(io::Error::other)?
            }
        }))
    };
    let leaf = identity.chain[0].clone();
    Ok(Channel {
        encryption: Encryption::Offered(Arc::clone(&config), leaf.clone()),
        required: Encryption::Required(config, leaf),
        client: client(None)?,
        certified: client(Some(&own))?,
    })
}
