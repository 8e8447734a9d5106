//! HTTP answers that are right and rare: redirects in all their forms, fields over several lines, bodies
//! that stay away. A user agent has to understand each of them.

use std::io;

use serde_json::{Value, json};

use crate::lab::ground::{Ground, HOST};
use crate::lab::http::routes::{Route, serve_routes};
use crate::lab::http::{Answer, End, Reply, serve};
use crate::lab::pki::Leaf;
use crate::lab::scenario::{Scenario, Served, Start};
use crate::model::{FaultCode as F, Key};

const fn good(name: &'static str, about: &'static str, start: Start) -> Scenario {
    Scenario::good(name, "http", about, start)
}

const fn bad(name: &'static str, code: F, about: &'static str, start: Start) -> Scenario {
    Scenario::bad(name, "http", code, about, start)
}

pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    good("http-redirect-relative", "a Location without a path's beginning", |_| {
        Box::pin(leads("../new?a=1#part".to_owned(), json!({})))
    }),
    good("http-redirect-long", "a Location of 2,000 bytes", |_| {
        Box::pin(leads(format!("/new?state={}", "x".repeat(2_000)), json!({})))
    }),
    good("http-redirect-host", "the row's own Host field within the host", |_| {
        Box::pin(leads("/new".to_owned(), json!({"host": "shop.lab.example"})))
    }),
    good("http-redirect-303", "what was posted is looked up elsewhere", |_| Box::pin(posted())),
    Scenario::good(
        "https-redirect-name",
        "https",
        "another host is verified by its own name",
        |ground| Box::pin(another_name(ground)),
    ),
    good("http-redirect-to-tls", "from clear text to TLS", |ground| Box::pin(into_tls(ground))),
    Scenario::bad(
        "https-redirect-to-clear",
        "https",
        F::ProtocolRedirect,
        "from TLS to clear text, where all that is stated would be found",
        |ground| Box::pin(into_the_clear(ground)),
    )
    .showing(&[(Key::Location, "http://"), (Key::Expected, "https")]),
    bad("http-redirect-port", F::ProtocolRedirect, "a port that no host has", |_| {
        Box::pin(leads("http://peer.lab.example:99999/new".to_owned(), json!({})))
    })
    .showing(&[(Key::Location, "99999")]),
    bad("http-304", F::ProtocolUnexpectedStatus, "304 with a Location", |_| {
        let answer = Answer::new(304).header("Location", "/new");
        Box::pin(says(answer.reply(), json!({"redirects": "follow"})))
    })
    .near(F::ProtocolRedirect),
    good("http-head-gzip", "HEAD, of a body that would be compressed", |_| {
        let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 99\r\n\r\n";
        Box::pin(says(Reply::raw(head, End::Keep), json!({"method": "HEAD"})))
    }),
    good("http-folded", "a field over two lines", |_| {
        let head = "HTTP/1.1 200 OK\r\nX-Kind: one\r\n two\r\nContent-Length: 0\r\n\r\n";
        Box::pin(says(Reply::raw(head, End::Keep), json!({})))
    }),
    good("http-two-fields", "the second of two fields of one name, and a long one", |_| {
        let long = format!("{}end", "x".repeat(400));
        let answer = Answer::new(200).header("Via", "1.1 a").header("Via", "1.1 b");
        let expected = json!({"response_headers": {"Via": "^1.1 b$", "X-Long": "end$"}});
        Box::pin(says(answer.header("X-Long", &long).reply(), expected))
    }),
    good("http-names-a-firewall", "the service's own page, which speaks of a firewall", |_| {
        let page = Answer::html(200, "Health").body("<html>status: up; FortiGuard feed: ok</html>");
        Box::pin(says(page.reply(), json!({"body": {"contains": "status: up"}})))
    }),
    good("http-json-forms", "1.0 for 1, after a byte order mark", |_| {
        let answer = Answer::of(200, "application/json", "\u{feff}{\"count\": 1.0}");
        Box::pin(says(answer.reply(), json!({"json": {"/count": 1}})))
    }),
];

/// A row that asks for `/a/health` and accepts 200, with more options.
fn row(more: &Value) -> Value {
    let mut options = json!({"path": "/a/health", "status": [200]});
    if let (Some(options), Some(more)) = (options.as_object_mut(), more.as_object()) {
        options.extend(more.clone());
    }
    json!({"http": options})
}

async fn says(reply: Reply, more: Value) -> io::Result<Served> {
    Ok(Served::at(serve(None, move |_| reply.clone()).await?, &row(&more), "identified"))
}

/// A redirect to `/new`, which asks for the whole query and for the row's Host field, if it has one.
async fn leads(location: String, mut more: Value) -> io::Result<Served> {
    more["redirects"] = "follow".into();
    let (host, query) = (more["host"].as_str().map(str::to_owned), location.clone());
    let server = serve(None, move |request| {
        let named = host.as_ref().is_none_or(|host| request.header("host") == Some(host));
        match request.path.as_str() {
            "/a/health" => Answer::new(302).header("Location", &location).reply(),
            "/new" if named && query.contains(&request.query) => Answer::new(200).reply(),
            _ => Answer::new(404).reply(),
        }
    })
    .await?;
    Ok(Served::at(server, &row(&more), "identified"))
}

async fn posted() -> io::Result<Served> {
    let moved = Answer::new(303).header("Location", "/new");
    let routes = vec![Route::post("/a/health", moved), Route::json("/new", &json!({}))];
    let row = row(&json!({"method": "POST", "redirects": "follow"}));
    Ok(Served::at(serve_routes(None, routes).await?, &row, "identified"))
}

/// The site gives the first host another name for TLS; the redirect leads to the host's own.
async fn another_name(ground: &Ground) -> io::Result<Served> {
    let own = ground.tls_of(&Leaf { sans: &["localhost"], ..Leaf::GOOD })?;
    let second = serve_routes(Some(own), vec![Route::json("/", &json!({}))]).await?;
    let location = format!("https://localhost:{}/", second.address().port());
    let first = ground.tls_of(&Leaf { sans: &["front.lab.example"], ..Leaf::GOOD })?;
    let first = serve_routes(Some(first), vec![Route::redirect("/", 302, &location)]).await?;
    let probe = json!({"https": {"status": [200], "redirects": "follow"}});
    let trust = json!({"ca_file": ground.ca_file(), "server_name": "front.lab.example"});
    let served = Served::at(first, &probe, "identified").with("tls", trust).and(second);
    served.named_by(ground, Vec::new(), "", &format!("127.0.0.1 localhost {HOST}\n"))
}

/// A server at each end, on the lab's own name: `first` asks for TLS there, `last` where it leads.
async fn leading(ground: &Ground, first: bool, last: bool) -> io::Result<Served> {
    let tls = |wanted: bool| wanted.then(|| ground.tls()).transpose();
    let end = serve_routes(tls(last)?, vec![Route::json("/", &json!({"status": "up"}))]).await?;
    let scheme = if last { "https" } else { "http" };
    let location = format!("{scheme}://{HOST}:{}/", end.address().port());
    let start = serve_routes(tls(first)?, vec![Route::redirect("/", 302, &location)]).await?;
    let asked = if first { "https" } else { "http" };
    let probe = json!({asked: {"json": {"/status": "up"}, "redirects": "follow"}});
    let served = Served::at(start, &probe, "identified");
    Ok(served.with("tls", json!({"ca_file": ground.ca_file()})).and(end))
}

async fn into_tls(ground: &Ground) -> io::Result<Served> {
    leading(ground, false, true).await
}

/// As an application behind a gateway that ends TLS builds its URLs.
async fn into_the_clear(ground: &Ground) -> io::Result<Served> {
    leading(ground, true, false).await
}
