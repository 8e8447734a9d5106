//! The peer of the benches: another process that accepts, and shakes hands over TLS.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Builder;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// The process, and where it listens.
pub(crate) struct Sink {
    child: Child,
    /// Accepts and says nothing.
    pub(crate) tcp: SocketAddr,
    /// Accepts and shakes hands.
    pub(crate) tls: SocketAddr,
    /// Its authority.
    pub(crate) ca: CertificateDer<'static>,
}

impl Sink {
    /// Starts this program again as the peer, and waits until it says where it listens.
    pub(crate) fn start() -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut child = Command::new(program)
            .arg("sink")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the peer starts");
        let mut said = String::new();
        let out = child.stdout.take().expect("its output is ours");
        BufReader::new(out).read_line(&mut said).expect("it says where it listens");
        let words: Vec<&str> = said.split_whitespace().collect();
        let ca = words[2];
        let bytes = (0..ca.len()).step_by(2).map(|at| u8::from_str_radix(&ca[at..at + 2], 16));
        let ca = CertificateDer::from(bytes.collect::<Result<Vec<u8>, _>>().expect("hex"));
        std::fs::write(ca_file(), pem(&ca)).expect("the authority is written");
        Self { child, tcp: words[0].parse().expect("tcp"), tls: words[1].parse().expect("tls"), ca }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(ca_file());
    }
}

/// Where the authority stands for the probe.
pub(crate) fn ca_file() -> PathBuf {
    std::env::temp_dir().join(format!("connprobe-bench-{}.pem", std::process::id()))
}

fn pem(der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

/// Listens until its standard input ends, as it does with whoever started it.
pub(crate) fn serve() {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    let runtime = Builder::new_current_thread().enable_all().build().expect("runtime");
    runtime.block_on(async {
        let (tcp, tls) = (listen(), listen());
        let (ca, leaf, key) = certificates().expect("certificates");
        let hex: String = ca.iter().map(|byte| format!("{byte:02x}")).collect();
        let at = |listener: &TcpListener| listener.local_addr().expect("address");
        let mut out = std::io::stdout().lock();
        writeln!(out, "{} {} {hex}", at(&tcp), at(&tls)).expect("said");
        out.flush().expect("said");
        let config =
            ServerConfig::builder().with_no_client_auth().with_single_cert(vec![leaf], key.into());
        let acceptor = TlsAcceptor::from(Arc::new(config.expect("a server")));
        let shaking = async {
            while let Ok((stream, _)) = tls.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
                });
            }
        };
        let accepting = async { while tcp.accept().await.is_ok() {} };
        tokio::join!(accepting, shaking);
    });
}

type Certificates = (CertificateDer<'static>, CertificateDer<'static>, PrivatePkcs8KeyDer<'static>);

/// An authority, and a certificate of it for the loopback address.
fn certificates() -> Result<Certificates, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = params.self_signed(&key)?;
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate()?;
    let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()])?.signed_by(&key, &issuer)?;
    Ok((ca.der().clone(), leaf.der().clone(), key.serialize_der().into()))
}

fn listen() -> TcpListener {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
    socket.listen(4_096).expect("a listener")
}

/// A client that trusts the peer and remembers no session, as the probe doesn't either.
pub(crate) fn client(ca: &CertificateDer<'static>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(ca.clone()).expect("an authority");
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    Arc::new(config)
}

/// One bare handshake.
pub(crate) async fn shake(config: Arc<ClientConfig>, address: SocketAddr) {
    let stream = TcpStream::connect(address).await.expect("connected");
    let name = ServerName::from(address.ip());
    TlsConnector::from(config).connect(name, stream).await.expect("shaken");
}
