//! Proxies, and what this host itself lacks.

use std::io;
use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::lab::ground::Ground;
use crate::lab::http::{Answer, serve};
use crate::lab::proxy::ForwardProxy;
use crate::lab::raw::{self, Manner, banner};
use crate::lab::scenario::{Scenario, Served, Start};
use crate::lab::server::Server;
use crate::model::{FaultCode as F, Key};

const fn bad(name: &'static str, code: F, about: &'static str, start: Start) -> Scenario {
    Scenario::bad(name, "http", code, about, start)
}

pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    Scenario::good("proxy-unused", "http", "a target without a proxy", |_| {
        Box::pin(async {
            Ok(passing(serve(None, |_| Answer::new(200).body("fine").reply()).await?))
        })
    }),
    bad("proxy-refused", F::ProxyUnreachable, "nothing listens where the proxy is", |_| {
        Box::pin(async { Ok(through(Server::refusing()?)) })
    })
    .near(F::TcpRefused)
    .showing(&[(Key::Cause, "tcp.refused")]),
    Scenario::good("proxy-connect", "http", "a tunnel by CONNECT", |ground| {
        Box::pin(tunnelled(ground, "http", ForwardProxy::to, None))
    }),
    Scenario::good("proxy-connect-login", "http", "CONNECT with the password", |ground| {
        let guarded = |to| ForwardProxy::to(to).guarded();
        Box::pin(tunnelled(ground, "http", guarded, Some("proxy-password")))
    }),
    Scenario::good("proxy-socks5", "http", "a tunnel by SOCKS5", |ground| {
        Box::pin(tunnelled(ground, "socks5", ForwardProxy::to, None))
    }),
    Scenario::good("proxy-socks5-login", "http", "SOCKS5 with the password", |ground| {
        let guarded = |to| ForwardProxy::to(to).guarded();
        Box::pin(tunnelled(ground, "socks5", guarded, Some("proxy-password")))
    }),
    bad("proxy-407", F::ProxyAuthRequired, "the proxy wants credentials", |ground| {
        Box::pin(tunnelled(ground, "http", |to| ForwardProxy::to(to).guarded(), None))
    })
    .near(F::AuthRequired)
    .showing(&[(Key::Status, "407")]),
    bad("proxy-407-wrong", F::ProxyAuthRequired, "the proxy knows another password", |ground| {
        let guarded = |to| ForwardProxy::to(to).guarded();
        Box::pin(tunnelled(ground, "http", guarded, Some("another-password")))
    }),
    bad("proxy-socks5-asks", F::ProxyAuthRequired, "SOCKS5 wants credentials", |ground| {
        Box::pin(tunnelled(ground, "socks5", |to| ForwardProxy::to(to).guarded(), None))
    }),
    bad("proxy-socks5-wrong", F::ProxyAuthRequired, "SOCKS5, another password", |ground| {
        let guarded = |to| ForwardProxy::to(to).guarded();
        Box::pin(tunnelled(ground, "socks5", guarded, Some("another-password")))
    }),
    bad("proxy-403", F::ProxyDenied, "the proxy forbids the target", |ground| {
        Box::pin(tunnelled(ground, "http", |to| ForwardProxy::to(to).forbidding(), None))
    })
    .showing(&[(Key::Status, "403")]),
    bad("proxy-socks5-forbids", F::ProxyDenied, "SOCKS5's rules forbid it", |ground| {
        Box::pin(tunnelled(ground, "socks5", |to| ForwardProxy::to(to).forbidding(), None))
    }),
    bad("proxy-503", F::ProxyTargetUnreachable, "the proxy can't reach the target", |ground| {
        Box::pin(tunnelled(ground, "http", |_| ForwardProxy::dead(), None))
    })
    .near(F::ProxyUnreachable)
    .showing(&[(Key::Status, "503")]),
    bad("proxy-socks5-dead", F::ProxyTargetUnreachable, "SOCKS5, nobody there", |ground| {
        Box::pin(tunnelled(ground, "socks5", |_| ForwardProxy::dead(), None))
    }),
    Scenario::good("proxy-100", "http", "an interim answer, and lines that end in LF", |_| {
        Box::pin(async {
            let tunnel = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\nVia: x\n\n".to_vec();
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec();
            Ok(through(raw::serve(Manner::Dialogue(vec![tunnel, answer])).await?))
        })
    }),
    bad("proxy-stalled", F::ProxyMalformed, "half an answer of the proxy, and no more", |_| {
        Box::pin(async {
            let half = b"HTTP/1.1 200 Connection established\r\nVia".to_vec();
            Ok(through(raw::serve(Manner::AnswersAndHolds(half)).await?).impatient())
        })
    })
    .near(F::ProxyTargetUnreachable),
    bad(
        "proxy-socks-silent",
        F::ProxyUnreachable,
        "nothing is said where SOCKS5 should be",
        |_| {
            Box::pin(async {
                let server = raw::serve(Manner::Silent).await?;
                let proxy = format!("socks5://{}", server.address());
                Ok(through(server).with("proxy", proxy.into()).impatient())
            })
        },
    )
    .near(F::ProxyTargetUnreachable)
    .showing(&[(Key::Cause, "peer.silent")]),
    bad("proxy-reset", F::ProxyMalformed, "the proxy accepts and resets", |_| {
        Box::pin(async { Ok(through(raw::serve(Manner::Resets).await?)) })
    })
    .near(F::ProxyUnreachable)
    .showing(&[(Key::Cause, "peer.reset")]),
    bad("proxy-ssh", F::ProxyMalformed, "SSH where the proxy should be", |_| {
        Box::pin(answering(banner::SSH))
    }),
    // Looks like the proxy's 407, and is the target's own 401 through a tunnel that stands.
    bad("proxy-target-401", F::AuthRequired, "the target wants credentials, not the proxy", |_| {
        Box::pin(async {
            let basic = "Basic realm=\"in\"";
            let answer = Answer::new(401).header("WWW-Authenticate", basic).reply();
            Ok(asked(serve(None, move |_| answer.clone()).await?))
        })
    })
    .near(F::ProxyAuthRequired),
    bad("local-no-secret", F::LocalSecretUnreadable, "the secret's file is missing", |_| {
        Box::pin(async {
            let auth = json!({"username": "me", "password": {"file": "/nonexistent/secret"}});
            let served = asked(serve(None, |_| Answer::new(401).reply()).await?);
            Ok(served.with("auth", auth).in_clear())
        })
    }),
];

fn request() -> Value {
    json!({"http": {"path": "/", "status": [200]}})
}

fn asked(server: Server) -> Served {
    Served::at(server, &request(), "authenticated")
}

fn passing(server: Server) -> Served {
    Served::at(server, &request(), "spoken")
}

/// The server is the proxy of a target that needs not be there.
fn through(server: Server) -> Served {
    let proxy = format!("http://{}", server.address());
    Served::at(server, &request(), "spoken").with("proxy", proxy.into())
}

/// A page of HTTP through a stand-in proxy of that scheme, with or without a password for it.
async fn tunnelled(
    ground: &Ground,
    scheme: &str,
    proxy: fn(SocketAddr) -> ForwardProxy,
    password: Option<&str>,
) -> io::Result<Served> {
    let target = serve(None, |_| Answer::new(200).body("fine").reply()).await?;
    let proxy = proxy(target.address()).serve().await?;
    let url = format!("{scheme}://{}", proxy.address());
    let way = match password {
        None => json!(url),
        Some(password) => {
            let password = ground.secret(&format!("proxy-{scheme}-{password}"), password)?;
            json!({"url": url, "auth": {"username": "probe", "password": password}})
        }
    };
    Ok(passing(target).with("proxy", way).beside(proxy))
}

async fn answering(bytes: &'static [u8]) -> io::Result<Served> {
    Ok(through(raw::serve(Manner::Answers(bytes.into())).await?))
}
