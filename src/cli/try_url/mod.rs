//! `connprobe try URL`: one ad-hoc connection, climbed aloud. A profile and a site of one row are made
//! of the URL, and planned and executed as those of files are, so that no verdict can differ.

mod aloud;
mod url;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::{Map, Value, json};

use crate::cli::complain::{self, Wrong};
use crate::cli::inputs;
use crate::cli::run::args::{ChoiceArgs, HowArgs, OutputArgs};
use crate::cli::run::deliver::{deliver, exit_code, told};
use crate::cli::run::{self, Job, prepare};
use crate::cli::try_url::aloud::Aloud;
use crate::cli::try_url::url::Url;
use crate::model::diagnostic::did_you_mean;
use crate::model::{Diagnostic, Proof, Source, VerifyMode};
use crate::probe::{PROTOCOLS, Protocol, TlsUse};
use crate::profile;
use crate::report::json;
use crate::report::style::Style;
use crate::report::target::Target;
use crate::runner::{Options, Plan};

/// Where to connect, and how.
#[derive(Debug, Args)]
pub(super) struct TryArgs {
    /// `SCHEME://[USER@]HOST[:PORT][/PATH]`: tcp, tls, http, https, postgres, elasticsearch, prometheus,
    /// oauth2, cometd, s3, azure-blob, gcs; the path of postgres is the database, that of the last three the bucket
    url: String,
    /// Read the password, token, client secret or secret key from a file
    #[arg(long, value_name = "FILE", conflicts_with = "password_env")]
    password_file: Option<PathBuf>,
    /// Read it from a variable of the environment
    #[arg(long, value_name = "NAME")]
    password_env: Option<String>,
    /// Send credentials without TLS, too
    #[arg(long)]
    allow_cleartext: bool,
    /// How TLS is judged: disable, prefer, require, verify-ca, verify-full
    #[arg(long, value_name = "MODE", value_parser = tls_mode)]
    tls: Option<VerifyMode>,
    /// Trusted authorities (PEM), in place of the system's
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Name to ask for and to verify, in place of the host's
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// Proxy to go through: http://, https:// or socks5://
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
    /// The address that must not connect, against which a plain connect is held
    #[arg(long, value_name = "HOST:PORT")]
    control: Option<String>,
    #[command(flatten)]
    how: HowArgs,
    /// Show the first bytes of each step, without secrets
    #[arg(long, short)]
    verbose: bool,
    /// Print the JSON report of the one row, in place of words
    #[arg(long)]
    json: bool,
}

fn tls_mode(text: &str) -> Result<VerifyMode, String> {
    let words = || VerifyMode::WORDS.iter().map(|(word, _)| *word);
    let known = VerifyMode::WORDS.iter().find(|(word, _)| *word == text);
    known.map(|(_, mode)| *mode).ok_or_else(|| {
        did_you_mean(text, words())
            .unwrap_or_else(|| format!("known are: {}", words().collect::<Vec<_>>().join(", ")))
    })
}

pub(super) fn run(args: &TryArgs) -> anyhow::Result<u8> {
    let url = Url::read(&args.url)?;
    let protocol = protocol(&url)?;
    let profile = profile(args, &url, protocol)?;
    let site = inputs::site_text(site(args, &url, protocol)?, &profile)?;
    let options =
        Options { all_sources: true, ..prepare::bound_options(&ChoiceArgs::default(), &args.how) };
    let mut plan = Plan::bind(&profile, &site, &options).map_err(Wrong)?;
    // The one who types this is the source: there is no other place that it should be run from.
    plan.findings.clear();
    let style = Style { colour: complain::colour(&std::io::stdout()), quiet: true };
    let aloud = Arc::new(Aloud::new(style, args.verbose));
    if !args.json {
        aloud.begin(&url.shown(protocol), protocol);
        for aim in plan.cases.iter_mut().filter_map(|case| case.aim.as_mut()) {
            aim.target.watch = Some(Arc::clone(&aloud) as _);
        }
    }
    let job = Job { profile, site, has_site: false, options };
    let resolver = prepare::resolver(&args.how)?;
    let mut report = run::executed(&job, plan, resolver, &args.how, true)?;
    report.findings.clear();
    if args.json {
        let target = Target { format: json::FORMAT, path: None };
        let output = OutputArgs { reports: vec![target], quiet: true };
        return Ok(deliver(&report, &output));
    }
    Ok(told(&aloud.end(&report), exit_code(&report)))
}

/// The protocol of a scheme.
fn protocol(url: &Url) -> Result<&'static Protocol, Wrong> {
    let schemes = || PROTOCOLS.iter().flat_map(|protocol| protocol.schemes).copied();
    let found = PROTOCOLS.iter().find(|protocol| protocol.schemes.contains(&url.scheme.as_str()));
    found.ok_or_else(|| {
        let near = did_you_mean(&url.scheme, schemes())
            .unwrap_or_else(|| format!("known are: {}", schemes().collect::<Vec<_>>().join(", ")));
        Diagnostic::plain(format!("no scheme `{}`", url.scheme)).help(near).into()
    })
}

/// The profile of one row.
fn profile(args: &TryArgs, url: &Url, protocol: &Protocol) -> Result<profile::Profile, Wrong> {
    // What can be proved without further words; --proof asks for more.
    let stated = match protocol.name {
        "tcp" => Proof::Connected,
        _ => Proof::Spoken,
    };
    let proof = args.how.proof.unwrap_or(match secret(args) {
        Some(_) if stated > Proof::Connected => Proof::Authenticated,
        _ => stated,
    });
    let port = url.port.unwrap_or(protocol.default_port);
    if port == 0 {
        return Err(url::wrong("it names no port"));
    }
    let text = json!({
        "schema": "connprobe/profile/v1",
        "name": "try",
        "title": url.shown(protocol),
        "endpoints": {"here": {"title": "Here"}, "there": {"title": "There", "host": url.host}},
        "connections": [{
            "id": 1, "source": "here", "destination": "there", "protocol": "TCP",
            "port": port,
            "probe": {protocol.name: options(url, protocol)},
            "proof": proof.as_str(),
        }],
    });
    let source = Source { name: "the URL".to_owned(), text: text.to_string() };
    profile::profile(Arc::new(source), &|_| None).map_err(|_| url::wrong("it names no host"))
}

/// The kind of object storage: by the scheme, or by `?kind=`.
fn kind(url: &Url) -> &str {
    url.query("kind").unwrap_or(&url.scheme)
}

/// The options that a path and a query give.
fn options(url: &Url, protocol: &Protocol) -> Value {
    let path = url.path.as_str();
    match protocol.name {
        "http" | "https" if path.is_empty() => json!({"path": "/"}),
        "http" | "https" => json!({"path": path}),
        "prometheus" | "oauth2" | "cometd" if !path.is_empty() => json!({"path": path}),
        "object_store" => {
            let mut options = Map::new();
            options.insert("kind".to_owned(), kind(url).into());
            if let Some(bucket) = url.first_segment() {
                options.insert("bucket".to_owned(), bucket.into());
            }
            if let Some(region) = url.query("region") {
                options.insert("region".to_owned(), region.into());
            }
            options.into()
        }
        _ => json!({}),
    }
}

/// Where the secret is, as a site names it.
fn secret(args: &TryArgs) -> Option<Value> {
    let file = args.password_file.as_deref().map(|path| json!({"file": absolute(path)}));
    file.or_else(|| args.password_env.as_ref().map(|name| json!({"env": name})))
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

/// The site of one endpoint.
fn site(args: &TryArgs, url: &Url, protocol: &Protocol) -> Result<Source, Wrong> {
    let mut there = Map::new();
    let mut tls = Map::new();
    let mode = args.tls.or((protocol.name == "http").then_some(VerifyMode::Disable));
    let mode = mode.filter(|_| protocol.tls != TlsUse::Never);
    if let Some(mode) = mode {
        tls.insert("mode".to_owned(), mode.as_str().into());
    }
    if let Some(file) = &args.ca_file {
        tls.insert("ca_file".to_owned(), absolute(file).into());
    }
    if let Some(name) = &args.server_name {
        tls.insert("server_name".to_owned(), name.as_str().into());
    }
    if !tls.is_empty() {
        there.insert("tls".to_owned(), tls.into());
    }
    if let Some(auth) = auth(args, url, protocol)? {
        there.insert("auth".to_owned(), auth);
    }
    if args.allow_cleartext {
        there.insert("allow_cleartext".to_owned(), true.into());
    }
    if let Some(proxy) = &args.proxy {
        there.insert("proxy".to_owned(), proxy.as_str().into());
    }
    let mut site = json!({
        "schema": "connprobe/site/v1", "profile": "try", "endpoints": {"there": there},
    });
    if let Some(control) = &args.control {
        let parts = control.rsplit_once(':').and_then(|(h, p)| Some((h, p.parse::<u16>().ok()?)));
        let Some((host, port)) = parts else {
            return Err(Diagnostic::plain("--control: write HOST:PORT").into());
        };
        let host = host.trim_matches(['[', ']']);
        site["controls"] = json!({"here": {"negative": [{"host": host, "port": port}]}});
    }
    Ok(Source { name: "the command line".to_owned(), text: site.to_string() })
}

/// Credentials by reference: which kind follows from the protocol.
fn auth(args: &TryArgs, url: &Url, protocol: &Protocol) -> Result<Option<Value>, Wrong> {
    let (user, secret) = (url.user.as_deref(), secret(args));
    let pair = |name: &str, key: &str, secret: Value| {
        let user = user.ok_or_else(|| {
            let detail = format!("{} wants its {name} before the host: NAME@HOST", protocol.name);
            Wrong::from(Diagnostic::plain(detail))
        })?;
        Ok(Some(json!({name: user, key: secret})))
    };
    let database = url.first_segment().filter(|_| protocol.name == "postgres");
    match (protocol.name, secret) {
        ("oauth2", Some(secret)) => pair("client_id", "client_secret", secret),
        ("object_store", Some(secret)) if kind(url) == "azure-blob" => {
            pair("account", "account_key", secret)
        }
        ("object_store", Some(secret)) if kind(url) == "gcs" => Ok(Some(json!({"token": secret}))),
        ("object_store", Some(secret)) => pair("access_key", "secret_key", secret),
        (_, Some(secret)) if user.is_none() => Ok(Some(json!({"token": secret}))),
        (_, secret) => {
            let mut auth = Map::new();
            if let Some(user) = user {
                auth.insert("username".to_owned(), user.into());
            }
            if let Some(secret) = secret {
                auth.insert("password".to_owned(), secret);
            }
            if let Some(database) = database {
                auth.insert("database".to_owned(), database.into());
            }
            Ok((!auth.is_empty()).then_some(auth.into()))
        }
    }
}

/// Whether a text is a URL that can be probed; all that is read of it is read.
#[cfg(any(fuzzing, test))]
pub(crate) fn fuzz(text: &str) -> Result<(), String> {
    let url = Url::read(text).map_err(|wrong| wrong.to_string())?;
    let protocol = protocol(&url).map_err(|wrong| wrong.to_string())?;
    options(&url, protocol);
    url.shown(protocol);
    Ok(())
}
