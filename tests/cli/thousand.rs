//! A thousand random secrets, sent back by the peer in every encoding: none is in any output.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::bench::{Bench, Ran, program};
use crate::peers::{Peer, answer};

/// Rows of one run, and runs.
const ROWS: usize = 125;
const RUNS: u64 = 8;

/// A generator that gives the same numbers each time (xorshift64*).
struct Dice(u64);

impl Dice {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % below
    }

    /// 6 to 64 bytes that a field of HTTP may hold, so that all of them travel.
    fn secret(&mut self) -> Vec<u8> {
        let length = 6 + self.next(59);
        (0..length).map(|_| u8::try_from(33 + self.next(94)).expect("it is ASCII")).collect()
    }
}

/// What a secret looks like in each encoding; written here a second time, apart from the redactor.
fn forms(secret: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(secret).into_owned();
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let percent = |byte: &u8| match byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
        true => char::from(*byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    let percent: String = secret.iter().map(percent).collect();
    let json = serde_json::to_string(&text).expect("it is JSON");
    let mut forms =
        vec![hex.to_uppercase(), hex, percent, json[1..json.len() - 1].to_owned(), text];
    for offset in 0..3 {
        let padded = [&b"xy"[..offset], secret].concat();
        let letters = STANDARD.encode(&padded);
        forms.push(letters[(offset * 8).div_ceil(6)..padded.len() * 8 / 6].to_owned());
    }
    forms
}

#[test]
fn a_thousand_secrets_are_in_no_output() {
    let mut dice = Dice(0x00C0_FFEE);
    for run in 0..RUNS {
        let secrets: Vec<Vec<u8>> = (0..ROWS).map(|_| dice.secret()).collect();
        let known = secrets.clone();
        let status = if run % 2 == 0 { "200 OK" } else { "401 Unauthorized" };
        // Sends back each form of the secret of the row that asks.
        let peer = Peer::http(move |head| {
            let row = head.split("/row/").nth(1).and_then(|rest| rest.split(' ').next());
            let secret = row.and_then(|row| known.get(row.parse::<usize>().ok()?));
            let said = secret.map(|secret| forms(secret).join(" ")).unwrap_or_default();
            answer(status, &format!("Server: {said}\r\nX-Echo: {said}\r\n"), &said)
        });
        let (mut rows, mut site) = (Vec::new(), "connections:\n".to_owned());
        for row in 0..ROWS {
            rows.push(format!(
                "id: {row}, source: here, destination: there, protocol: HTTP, port: {}, probe: \
                 {{http: {{path: /row/{row}, status: [200], body: {{contains: fine-and-well}}}}}}, \
                 proof: authenticated",
                peer.port()
            ));
            let kind = match row % 2 {
                0 => "token: {file: ",
                _ => "username: ucsx, password: {file: ",
            };
            let _ = writeln!(site, "  {row}: {{allow_cleartext: true, auth: {{{kind}s{row}}}}}}}");
        }
        let bench = Bench::new(&rows, &site);
        for (row, secret) in secrets.iter().enumerate() {
            bench.file(&format!("s{row}"), [secret.as_slice(), b"\n"].concat());
        }
        let mut outputs = Vec::new();
        let ran = bench.run(&[
            "--report",
            "json=r.json",
            "--report",
            "junit=r.xml",
            "--report",
            "text=r.txt",
        ]);
        assert_eq!(ran.code, Some(1), "{}", ran.err);
        outputs.extend([ran.out, ran.err]);
        outputs.extend(["r.json", "r.xml", "r.txt"].map(|name| bench.text(name)));
        let dry = bench.run(&["--dry-run"]);
        let lint = ["lint", "--profile", "profile.yaml", "--site", "site.yaml"];
        let url = format!("http://ucsx@127.0.0.1:{}/row/1", peer.port());
        let aloud = ["try", "-v", &url, "--password-file", "s1", "--allow-cleartext"];
        outputs.extend([dry.out, dry.err]);
        for command in [&lint[..], &["explain", "--report", "r.json"], &aloud] {
            let ran = Ran::of(program(&bench.path("")).args(command));
            outputs.extend([ran.out, ran.err]);
        }
        let heard = peer.heard().concat();
        for secret in &secrets {
            let sent = STANDARD.encode([b"ucsx:", secret.as_slice()].concat());
            let text = String::from_utf8_lossy(secret).into_owned();
            assert!(heard.contains(&text) || heard.contains(&sent), "every secret was sent");
            for form in forms(secret) {
                let seen = outputs.iter().find(|output| output.contains(&form));
                assert!(seen.is_none(), "{form} of {text}");
            }
        }
    }
}
