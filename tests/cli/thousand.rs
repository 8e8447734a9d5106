//! A thousand random secrets of any bytes, sent back by the peer in every encoding: none is in any output.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{Shutdown, TcpStream};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use connprobe::model::clean;

use crate::bench::{Bench, program};
use crate::peers::Peer;

/// Rows of one run, and runs.
const ROWS: usize = 125;
const RUNS: usize = 8;

/// How a secret gets to a peer: what its row says, and what the site says of the row. `ROW` is the row's
/// number, `PORT` the peer's port.
struct Way {
    name: &'static str,
    row: &'static str,
    site: &'static str,
}

const HTTP: &str =
    "probe: {http: {path: /row-ROW, status: [200], body: {contains: fine-and-well}}}";
const PEER: &str = "probe: postgres";
const WAYS: &[Way] = &[
    Way { name: "token", row: HTTP, site: "auth: {token: SECRET}" },
    Way { name: "basic", row: HTTP, site: "auth: {username: ucsx, password: SECRET}" },
    Way { name: "api key", row: HTTP, site: "auth: {api_key: SECRET}" },
    Way {
        name: "field",
        row: "probe: {http: {path: /row-ROW, headers: {X-Key: SECRET}, body: {contains: fine-and-well}}}",
        site: "",
    },
    Way {
        name: "client",
        row: "probe: {oauth2: {path: /row-ROW}}",
        site: "auth: {client_id: ucsx, client_secret: SECRET}",
    },
    Way {
        name: "s3",
        row: "probe: {object_store: {kind: s3, bucket: row-ROW}}",
        site: "auth: {access_key: AKIDEXAMPLE, secret_key: SECRET}",
    },
    Way {
        name: "azure",
        row: "probe: {object_store: {kind: azure-blob, bucket: row-ROW}}",
        site: "auth: {account: ucsx, account_key: SECRET}",
    },
    Way {
        name: "proxy",
        row: HTTP,
        site: "host: row-ROW.test, proxy: {url: 'http://127.0.0.1:PORT', auth: {username: ucsx, password: SECRET}}",
    },
    Way {
        name: "scram",
        row: PEER,
        site: "tls: {mode: disable}, auth: {username: scram, password: SECRET, database: row-ROW}",
    },
    Way {
        name: "cleartext",
        row: PEER,
        site: "tls: {mode: disable}, auth: {username: clear, password: SECRET, database: row-ROW}",
    },
];

/// A generator that gives the same numbers each time (xorshift64*).
struct Dice(u64);

impl Dice {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % below
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.next(of.len() as u64)).expect("it is small")]
    }

    /// 6 to 64 bytes: of any kind, of UTF-8 with everything that somebody escapes, or printable ASCII.
    fn secret(&mut self, kind: usize) -> Vec<u8> {
        const ODD: &[&str] = &[
            "\"", "\\", "%", "%41", "&", "&amp;", "<", ">", "'", "/", "+", " ", "\n", "\r", "\t",
            "\u{1}", "\x1b[1m", "ä", "ß", "€", "😀", "\u{202e}", "=", ":", "@", "#", "\\u0041",
            "$", "{", "]]>", "…", "a", "B", "7", "x", "Q",
        ];
        let length = usize::try_from(6 + self.next(59)).expect("it is small");
        let mut secret = Vec::new();
        while secret.len() < length {
            match kind % 3 {
                0 => secret.push(u8::try_from(self.next(256)).expect("a byte")),
                1 => {
                    let more = self.one(ODD).as_bytes();
                    if secret.len() + more.len() > length {
                        secret.push(b'z');
                    } else {
                        secret.extend_from_slice(more);
                    }
                }
                _ => secret.push(u8::try_from(33 + self.next(94)).expect("it is ASCII")),
            }
        }
        secret
    }
}

/// What a secret looks like in each encoding; written here a second time, apart from the redactor.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let each = |show: &dyn Fn(u8) -> String| -> Vec<u8> {
        secret.iter().flat_map(|byte| show(*byte).into_bytes()).collect()
    };
    let percent = |but: &'static [u8]| {
        each(&move |byte| match byte.is_ascii_alphanumeric() || but.contains(&byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
    };
    let strict = percent(b"-._~");
    let mut forms = vec![
        secret.to_vec(),
        each(&|byte| format!("{byte:02x}")),
        each(&|byte| format!("{byte:02X}")),
        each(&|byte| format!("%{byte:02x}")),
        each(&|byte| format!("\\x{byte:02x}")),
        // Read as Latin-1, and then escaped as JSON may.
        each(&|byte| format!("\\u{:04x}", u32::from(byte))),
        percent(b"-._~!*'()"),
        percent(b"-._~!*'()/:@?&=+$,#"),
        String::from_utf8_lossy(&strict).replace("%20", "+").into_bytes(),
        strict,
        STANDARD.encode([b"ucsx:", secret].concat()).into_bytes(),
        clean::bytes(secret, 80).into_bytes(),
    ];
    if let Ok(text) = std::str::from_utf8(secret) {
        let json = serde_json::to_string(text).expect("it is JSON");
        let json = json[1..json.len() - 1].to_owned();
        forms.push(json.replace('/', "\\/").into_bytes());
        forms.push(json.into_bytes());
        let units = text.encode_utf16().map(|unit| format!("\\u{unit:04X}"));
        forms.push(units.collect::<String>().into_bytes());
        let html = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        forms.push(html.replace('"', "&quot;").replace('\'', "&#39;").into_bytes());
    }
    for offset in 0..3 {
        let padded = [&b"xy"[..offset], secret].concat();
        for letters in [STANDARD.encode(&padded), URL_SAFE.encode(&padded)] {
            forms.push(letters[(offset * 8).div_ceil(6)..padded.len() * 8 / 6].into());
        }
    }
    forms
}

/// The number behind `row-` in what a client says.
fn row(said: &[u8]) -> Option<usize> {
    let said = String::from_utf8_lossy(said);
    let digits = said.split("row-").nth(1)?;
    digits[..digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len())].parse().ok()
}

/// How the peer of a run answers those who speak HTTP.
fn http_answer(run: usize, secret: &[u8]) -> Vec<u8> {
    let echo = forms(secret);
    let body = echo.join(&b" "[..]);
    let in_field = |form: &&Vec<u8>| form.iter().all(|byte| *byte >= b' ' && *byte != 0x7f);
    let field = echo.iter().filter(in_field).cloned().collect::<Vec<_>>().join(&b" "[..]);
    let (status, body) = match run % 4 {
        0 => ("200 OK", [b"fine-and-well ", body.as_slice()].concat()),
        1 => ("200 OK", body),
        2 => ("401 Unauthorized", body),
        // No HTTP at all: what came first is evidence.
        _ => return body,
    };
    let mut said = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\nContent-Type: text/html\r\n",
        body.len()
    );
    let _ = write!(said, "WWW-Authenticate: Basic realm=x\r\nServer: ");
    [
        said.as_bytes(),
        &field,
        b"\r\nVia: 1.1 ",
        &field,
        b"\r\nLocation: /",
        &field,
        b"\r\n\r\n",
        &body,
    ]
    .concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("it is short").to_be_bytes();
    [&[kind][..], &length, body].concat()
}

const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// Sends back each form of the secret of the row that asks.
fn serve(mut stream: TcpStream, run: usize, secrets: &[Vec<u8>], heard: &dyn Fn(&[u8])) {
    let mut said = Vec::new();
    let mut buffer = [0; 4_096];
    let is_postgres = |said: &[u8]| said.get(4..8) == Some(&[0, 3, 0, 0]);
    while let Ok(size @ 1..) = stream.read(&mut buffer) {
        said.extend_from_slice(&buffer[..size]);
        if said == SSL_REQUEST {
            let _ = stream.write_all(b"N");
            said.clear();
        }
        if is_postgres(&said) || said.windows(4).any(|end| end == b"\r\n\r\n") {
            break;
        }
    }
    let Some(secret) = row(&said).and_then(|row| secrets.get(row)) else { return };
    if is_postgres(&said) {
        let mut echo = forms(secret).join(&b" "[..]);
        echo.retain(|byte| *byte != 0);
        let notice = [b"SERROR\0C28P01\0M", echo.as_slice(), b"\0\0"].concat();
        let method: &[u8] = match said.windows(5).any(|word| word == b"clear") {
            true => &[0, 0, 0, 3],
            false => b"\0\0\0\x0aSCRAM-SHA-256\0\0",
        };
        let asks = [message(b'N', &notice), message(b'R', method)].concat();
        let _ = stream.write_all(&asks);
        if let Ok(size @ 1..) = stream.read(&mut buffer) {
            said.extend_from_slice(&buffer[..size]);
            let _ = stream.write_all(&message(b'E', &notice));
        }
    } else {
        let _ = stream.write_all(&http_answer(run, secret));
    }
    heard(&said);
    let _ = stream.shutdown(Shutdown::Write);
    while let Ok(1..) = stream.read(&mut buffer) {}
}

/// What the files of a row hold: an Azure key is Base64 itself.
fn kept(way: &Way, secret: Vec<u8>) -> Vec<u8> {
    if way.name == "azure" { STANDARD.encode(secret).into_bytes() } else { secret }
}

fn said(command: &mut Command) -> String {
    let output = command.output().expect("the program runs");
    assert!(output.status.code().is_some(), "{output:?}");
    String::from_utf8([output.stdout, output.stderr].concat()).expect("outputs are UTF-8")
}

/// All that a run puts out, by name, and what is tried aloud of it.
fn outputs(bench: &Bench, port: u16) -> Vec<(String, String)> {
    let reports = ["json=r.json", "junit=r.xml", "text=r.txt"];
    let mut run = bench.command(&["--timeout", "5s"]);
    run.args(reports.iter().flat_map(|report| ["--report", report]));
    let mut all = vec![
        ("run".to_owned(), said(&mut run)),
        ("dry run".to_owned(), said(&mut bench.command(&["--dry-run"]))),
    ];
    for name in ["r.json", "r.xml", "r.txt"] {
        all.push((name.to_owned(), bench.text(name)));
    }
    let mut tried = |args: &[&str]| {
        all.push((args.join(" "), said(program(&bench.path("")).args(args))));
    };
    tried(&["lint", "--profile", "profile.yaml", "--site", "site.yaml"]);
    tried(&["explain", "--report", "r.json"]);
    for row in 0..WAYS.len() {
        let (path, secret) = (format!("127.0.0.1:{port}/row-{row}"), format!("s{row}"));
        for scheme in ["http", "oauth2", "s3", "postgres"] {
            let url = format!("{scheme}://ucsx@{path}");
            tried(&["try", "-v", &url, "--password-file", &secret, "--allow-cleartext"]);
        }
    }
    all
}

#[test]
fn a_thousand_secrets_of_any_bytes_are_in_no_output() {
    let mut dice = Dice(0x00C0_FFEE);
    let mut sent: BTreeMap<&str, usize> = BTreeMap::new();
    for run in 0..RUNS {
        let way = |row: usize| &WAYS[row % WAYS.len()];
        let secrets: Vec<Vec<u8>> =
            (0..ROWS).map(|row| kept(way(row), dice.secret(row / WAYS.len() + run))).collect();
        let known = secrets.clone();
        let peer = Peer::start(move |stream, heard| {
            let note = |said: &[u8]| {
                let said = String::from_utf8_lossy(said).into_owned();
                heard.lock().expect("no peer panics").push(said);
            };
            serve(stream, run, &known, &note);
        });
        let port = peer.port();
        let filled = |text: &str, row: usize| {
            let secret = format!("{{file: s{row}, exact: true}}");
            let text = text.replace("SECRET", &secret).replace("ROW", &row.to_string());
            text.replace("PORT", &port.to_string())
        };
        let mut site = "connections:\n".to_owned();
        let rows: Vec<String> = (0..ROWS)
            .map(|row| {
                let says = filled(way(row).site, row);
                let _ = writeln!(
                    site,
                    "  {row}: {{allow_cleartext: {}, {says}}}",
                    way(row).name != "cleartext"
                );
                let probe = filled(way(row).row, row);
                format!(
                    "id: {row}, source: here, destination: there, protocol: HTTP, port: {port}, \
                     {probe}, proof: authenticated"
                )
            })
            .collect();
        let bench = Bench::new(&rows, &site);
        for (row, secret) in secrets.iter().enumerate() {
            bench.file(&format!("s{row}"), secret);
        }
        let outputs = outputs(&bench, port);
        let report = bench.text("r.json");
        assert!(!report.contains("local.internal"), "a row fell over: {report}");
        for (row, secret) in secrets.iter().enumerate() {
            // Outputs are UTF-8, so that what is none stands in none of them.
            let forms = forms(secret).into_iter().filter_map(|form| String::from_utf8(form).ok());
            for form in forms.filter(|form| form.len() >= 6) {
                let seen = outputs.iter().find(|(_, output)| output.contains(&form));
                let (name, output) = seen.map_or(("", ""), |(name, output)| (name, output));
                let at = output.find(&form).unwrap_or_default();
                let around = output.get(at.saturating_sub(200)..at + form.len());
                assert!(seen.is_none(), "{} {form:?} is in {name}: {around:?}", way(row).name);
            }
        }
        for said in peer.heard() {
            if let Some(row) = row(said.as_bytes()).filter(|row| *row < ROWS) {
                *sent.entry(way(row).name).or_default() += 1;
            }
        }
    }
    // Each way was gone, so that the test proves something: refused are only secrets that can't travel so.
    assert!(
        WAYS.iter().all(|way| sent.get(way.name).is_some_and(|count| *count >= 30)),
        "{sent:?}"
    );
}
