//! A TCP server that says given bytes, or does nothing well.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::lab::server::{Peer, Server, reset};

/// What such a server does with a connection.
#[derive(Clone, Debug)]
pub enum Manner {
    /// Says this at once, and then holds the connection open.
    Greets(Vec<u8>),
    /// Waits for the client to speak, says this, and closes.
    Answers(Vec<u8>),
    /// Waits for the client to speak, says this, and sends RST.
    AnswersAndResets(Vec<u8>),
    /// Waits for the client to speak, says this, and holds the connection open.
    AnswersAndHolds(Vec<u8>),
    /// Answers words that begin as it knows them; others it meets with FIN where it `closes`, else with
    /// silence.
    Understands {
        /// Beginnings, and what each is answered.
        words: &'static [(&'static [u8], &'static [u8])],
        /// Whether others end the connection.
        closes: bool,
    },
    /// Waits for the client to speak, says the first of these, and then the second again and again.
    Floods(Vec<u8>, Vec<u8>),
    /// Waits for the client to speak, says this, and then a byte every 20 ms.
    Drips(Vec<u8>),
    /// Waits for the client to speak before each of these, and closes.
    Dialogue(Vec<Vec<u8>>),
    /// Sends back what it gets.
    Echoes,
    /// Accepts and says nothing.
    Silent,
    /// Sends RST right after accepting.
    Resets,
    /// Waits for the client to speak, then sends RST.
    ResetsOnData,
    /// Sends FIN right after accepting.
    Closes,
    /// Waits for the client to speak, then sends FIN.
    ClosesOnData,
}

/// First words of servers that speak first.
pub mod banner {
    /// OpenSSH 9.2.
    pub const SSH: &[u8] = b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n";
    /// Exim.
    pub const SMTP: &[u8] = b"220 mail.lab.example ESMTP Exim 4.96\r\n";
    /// vsftpd.
    pub const FTP: &[u8] = b"220 (vsFTPd 3.0.3)\r\n";
    /// Dovecot.
    pub const IMAP: &[u8] = b"* OK [CAPABILITY IMAP4rev1 STARTTLS] Dovecot ready.\r\n";
    /// `MySQL` 8.0, protocol 10 (the handshake packet up to its auth data).
    pub const MYSQL: &[u8] = b"\x4a\0\0\0\x0a8.0.36\0\x08\0\0\0\x41\x42\x43\x44\x45\x46\x47\x48\0\
        \xff\xff\xff\x02\0\xff\xdf\x15\0\0\0\0\0\0\0\0\0\0\
        \x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\0caching_sha2_password\0";
    /// Redis, to anything that is not its protocol.
    pub const REDIS: &[u8] = b"-ERR unknown command 'GET', with args beginning with: '/' \r\n";
    /// `RabbitMQ`, to anything that is not its protocol.
    pub const AMQP: &[u8] = b"AMQP\0\0\x09\x01";
    /// A server of plain HTTP, to a `ClientHello` (Jetty).
    pub const HTTP: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\
        Content-Length: 50\r\nConnection: close\r\n\r\n\
        <h1>Bad Message 400</h1><pre>reason: Illegal</pre>";
    /// slapd, to an anonymous bind: success (RFC 4511 §4.2.2).
    pub const LDAP: &[u8] = &[0x30, 12, 2, 1, 1, 0x61, 7, 10, 1, 0, 4, 0, 4, 0];
    /// A TLS server, to what is not TLS: alert `unexpected_message`.
    pub const TLS_ALERT: &[u8] = &alert(10);

    /// A fatal TLS alert in a record of its own (RFC 8446 §6).
    pub const fn alert(description: u8) -> [u8; 7] {
        [21, 3, 3, 0, 2, 2, description]
    }
}

/// A relay to `server` that holds up all that a client sends after its first words, for this long: as a peer does
/// that asks somebody else before it judges.
pub async fn hesitating(server: SocketAddr, pause: Duration) -> io::Result<Server> {
    Server::start(move |peer| async move {
        let (mut from, mut to) = peer.stream.into_split();
        let (mut back, mut on) = TcpStream::connect(server).await?.into_split();
        let there = async {
            let mut first = vec![0; 16 * 1024];
            let read = from.read(&mut first).await?;
            on.write_all(&first[..read]).await?;
            from.readable().await?;
            tokio::time::sleep(pause).await;
            tokio::io::copy(&mut from, &mut on).await?;
            on.shutdown().await
        };
        let and_back = async {
            tokio::io::copy(&mut back, &mut to).await?;
            to.shutdown().await
        };
        tokio::try_join!(there, and_back).map(drop)
    })
    .await
}

/// Serves in that manner.
pub async fn serve(manner: Manner) -> io::Result<Server> {
    Server::start(move |peer| connection(peer, manner.clone())).await
}

async fn connection(mut peer: Peer, manner: Manner) -> io::Result<()> {
    match manner {
        Manner::Greets(bytes) => {
            peer.stream.write_all(&bytes).await?;
            drain(&mut peer).await
        }
        Manner::Answers(bytes) => {
            heard(&mut peer).await?;
            peer.stream.write_all(&bytes).await?;
            peer.stream.shutdown().await?;
            drain(&mut peer).await
        }
        Manner::AnswersAndResets(bytes) => {
            heard(&mut peer).await?;
            peer.stream.write_all(&bytes).await?;
            reset(&peer.stream);
            Ok(())
        }
        Manner::AnswersAndHolds(bytes) => {
            heard(&mut peer).await?;
            peer.stream.write_all(&bytes).await?;
            drain(&mut peer).await
        }
        Manner::Understands { words, closes } => {
            let mut asked = vec![0; 16 * 1024];
            loop {
                let read = peer.stream.read(&mut asked).await?;
                let knows = |(beginning, _): &&(&[u8], &[u8])| asked[..read].starts_with(beginning);
                match words.iter().find(knows) {
                    Some((_, answer)) if read > 0 => peer.stream.write_all(answer).await?,
                    _ => break,
                }
            }
            if closes {
                peer.stream.shutdown().await?;
            }
            drain(&mut peer).await
        }
        Manner::Dialogue(lines) => {
            for line in lines {
                heard(&mut peer).await?;
                peer.stream.write_all(&line).await?;
            }
            peer.stream.shutdown().await?;
            drain(&mut peer).await
        }
        Manner::Floods(first, then) => {
            heard(&mut peer).await?;
            peer.stream.write_all(&first).await?;
            // Ends with an error once the client has gone.
            loop {
                peer.stream.write_all(&then).await?;
            }
        }
        Manner::Drips(first) => {
            heard(&mut peer).await?;
            peer.stream.write_all(&first).await?;
            loop {
                peer.stream.write_all(b"x").await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Manner::Echoes => {
            let (mut from, mut to) = peer.stream.split();
            tokio::io::copy(&mut from, &mut to).await.map(drop)
        }
        Manner::Silent => drain(&mut peer).await,
        Manner::Resets => {
            reset(&peer.stream);
            Ok(())
        }
        Manner::ResetsOnData => {
            heard(&mut peer).await?;
            reset(&peer.stream);
            Ok(())
        }
        Manner::Closes => {
            peer.stream.shutdown().await?;
            drain(&mut peer).await
        }
        Manner::ClosesOnData => {
            heard(&mut peer).await?;
            peer.stream.shutdown().await?;
            drain(&mut peer).await
        }
    }
}

/// Waits for the first bytes.
async fn heard(peer: &mut Peer) -> io::Result<()> {
    let mut bytes = vec![0; 16 * 1024];
    if peer.stream.read(&mut bytes).await? > 0 {
        peer.seen.request();
    }
    Ok(())
}

/// Reads until the client goes: unread bytes would turn our FIN into RST.
async fn drain(peer: &mut Peer) -> io::Result<()> {
    tokio::io::copy(&mut peer.stream, &mut tokio::io::sink()).await.map(drop)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    async fn said(manner: Manner, ask: &[u8]) -> io::Result<Vec<u8>> {
        let server = serve(manner).await?;
        let mut client = TcpStream::connect(server.address()).await?;
        client.write_all(ask).await?;
        let mut said = vec![0; 64];
        let read = client.read(&mut said).await?;
        said.truncate(read);
        Ok(said)
    }

    #[tokio::test]
    async fn each_manner_is_what_it_says() {
        assert_eq!(said(Manner::Greets(banner::SSH.into()), b"").await.unwrap(), banner::SSH);
        assert_eq!(said(Manner::Answers(b"no".into()), b"x").await.unwrap(), b"no");
        assert_eq!(said(Manner::Echoes, b"same").await.unwrap(), b"same");
        assert_eq!(said(Manner::Closes, b"").await.unwrap(), b"");
        assert_eq!(said(Manner::ClosesOnData, b"x").await.unwrap(), b"");
        let error = said(Manner::ResetsOnData, b"x").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }
}
