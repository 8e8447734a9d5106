//! The oracle: every scenario of the lab is classified as it promises. One loop over data.
//!
//! Scenarios run beside each other on threads of their own; each has its own servers, its own
//! certificates and its own run.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use connprobe::lab::ground::Ground;
use connprobe::lab::scenario::{self, Scenario, Served};
use connprobe::model::report::{ConnectionReport, Report, Vantage};
use connprobe::model::{FaultCode, Key, Source, Step, Verdict, WarningCode};
use connprobe::net::Names;
use connprobe::net::dns::{Hosts, ResolvConf, Resolver, Switch};
use connprobe::net::names::Override;
use connprobe::net::watch::{Bytes, Watch};
use connprobe::profile::{self, Profile, Site};
use connprobe::runner::{self, Header, Limits, Options, Plan};

/// Scenarios at once: most of them wait.
const THREADS: usize = 12;

/// Warnings that a scenario gives if it says so, and else not.
const PROMISED: &[WarningCode] = &[
    WarningCode::TlsExpiresSoon,
    WarningCode::TlsNotVerified,
    WarningCode::ServiceDegraded,
    WarningCode::ProbeLeftovers,
];

fn files(served: &Served) -> (Profile, Site) {
    let nothing = |_: &str| None;
    let text = format!(
        "schema: connprobe/profile/v1\nname: lab\ntitle: Lab\nendpoints:\n  here: {{title: Here}}\n  \
         there: {{title: There}}\nconnections:\n  - {{id: 1, source: here, destination: there, \
         protocol: TCP, port: {}, probe: {}, proof: {}}}\n",
        served.port, served.probe, served.proof
    );
    let source = Source { name: "profile".to_owned(), text };
    let profile = profile::profile(Arc::new(source), &nothing).expect("the profile is right");
    // A control of our own: the built-in one is an address that leaves this host.
    let text = format!(
        "schema: connprobe/site/v1\nprofile: lab\nendpoints:\n  there: {}\ncontrols: {{here: \
         {{negative: [{{host: 127.0.0.1, port: 9}}]}}}}\n",
        served.site
    );
    let source = Source { name: "site".to_owned(), text };
    let site = profile::site(Arc::new(source), &nothing, &profile).expect("the site is right");
    (profile, site)
}

async fn run(served: &Served, edit: impl FnOnce(&mut Plan)) -> Result<Report, String> {
    let (profile, site) = files(served);
    let resolve = served.addresses.iter().map(|address| Override {
        host: served.host.clone(),
        port: None,
        address: address.ip(),
        to_port: None,
    });
    let options = Options { all_sources: true, resolve: resolve.collect(), ..Options::default() };
    let mut plan = Plan::bind(&profile, &site, &options)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    edit(&mut plan);
    let plan = Arc::new(plan);
    let resolver = match (&served.resolv_conf, &served.hosts_file) {
        (Some(conf), Some(hosts)) => Resolver {
            conf: ResolvConf::read(conf).expect("the scenario wrote it"),
            hosts: Hosts::read(hosts).expect("the scenario wrote it"),
            switch: Switch::default(),
        },
        _ => Resolver::default(),
    };
    let names = Arc::new(Names::new(resolver, plan.resolve.clone()));
    let limits = Limits { deadline: None, files: 1_024 };
    let finished =
        runner::execute(Arc::clone(&plan), names, limits, std::future::pending(), |_| {}).await;
    let header = Header {
        run: "lab".into(),
        vantage: Vantage::default(),
        site: None,
        started_at: "2026-01-01T00:00:00Z".to_owned(),
        today: "2026-01-01".to_owned(),
        all_sources: true,
    };
    Ok(runner::report(plan, &profile, finished, header))
}

/// What is wrong with a scenario's verdict; `None` where it is as promised.
fn disagreement(scenario: &Scenario, row: &ConnectionReport) -> Option<String> {
    let seen = row.fault.as_ref().map(|fault| fault.code);
    if seen != scenario.expect {
        let detail = row.fault.as_ref().map(ToString::to_string).unwrap_or_default();
        return Some(format!(
            "expected {:?}, saw {:?} ({}, {}) {detail}",
            scenario.expect.map(FaultCode::as_str),
            seen.map(FaultCode::as_str),
            row.verdict,
            row.proof.reached,
        ));
    }
    if scenario.expect.is_none() && row.verdict != Verdict::Pass {
        let reason = row.reason.clone().unwrap_or_default();
        return Some(format!("healthy, and yet {}: {reason}", row.verdict));
    }
    for code in PROMISED {
        let warned = row.warnings.iter().any(|warned| warned.code == *code);
        if warned != scenario.warns.contains(code) {
            return Some(format!("warned of {code}: {warned}"));
        }
    }
    for (key, code) in [
        (Key::CLibrary, WarningCode::DnsResolverDiffers),
        (Key::Limit, WarningCode::DnsAddressesSampled),
    ] {
        // A limit that was passed is a fault of some rows.
        let promised = scenario.evidence.iter().any(|(shown, _)| *shown == key)
            && (key == Key::CLibrary || scenario.expect.is_none());
        let warned = row.warnings.iter().find(|warned| warned.code == code);
        if warned.is_some() != promised {
            return Some(format!("warned of {code}: {:?}", warned.map(|warned| &warned.detail)));
        }
    }
    let evidence = row.fault.as_ref().map(|fault| &fault.evidence);
    scenario.evidence.iter().find_map(|(key, text)| {
        let steps = row.attempts.iter().flat_map(|attempt| &attempt.steps);
        let mut places = evidence.into_iter().chain(steps.map(|step| &step.evidence));
        let holds = places.any(|evidence| {
            evidence.get(*key).is_some_and(|value| value.to_string().contains(text))
        });
        (!holds).then(|| format!("no evidence `{}` that contains `{text}`", key.as_str()))
    })
}

fn tried(scenario: &Scenario) -> Option<String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let ground = Ground::new().expect("a private directory");
        let served = (scenario.start)(&ground).await.expect("the scenario starts");
        match run(&served, |_| {}).await {
            Ok(report) if report.unreconciled().is_none() => {
                disagreement(scenario, &report.connections[0])
            }
            Ok(report) => report.unreconciled(),
            Err(why) => Some(why),
        }
    })
}

#[test]
fn every_scenario_is_classified_as_it_promises() {
    let only = std::env::var("CONNPROBE_SCENARIO").ok();
    let scenarios: Vec<&Scenario> = scenario::all()
        .filter(|scenario| only.as_ref().is_none_or(|only| scenario.name.contains(only.as_str())))
        .collect();
    assert!(!scenarios.is_empty(), "no scenario is chosen");
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(scenario) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(why) = tried(scenario) {
                        let told = format!("{}: {why}", scenario.name);
                        wrong.lock().expect("no thread panics here").push(told);
                    }
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().expect("no thread panics here");
    wrong.sort();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), scenarios.len(), wrong.join("\n"));
}

#[test]
fn names_of_scenarios_are_unique() {
    let names: BTreeSet<&str> = scenario::all().map(|scenario| scenario.name).collect();
    assert_eq!(names.len(), scenario::all().count());
}

#[tokio::test]
async fn each_connection_of_a_session_goes_where_the_name_and_port_are_led() {
    let ground = Ground::new().expect("a private directory");
    let scenario = Scenario::named("cometd-good").expect("it is there");
    let mut served = (scenario.start)(&ground).await.expect("the scenario starts");
    let (port, to) = (served.port, served.addresses[0]);
    served.port = 8_099;
    let led = Override {
        host: served.host.clone(),
        port: Some(served.port),
        address: to.ip(),
        to_port: Some(port),
    };
    let report = run(&served, |plan| plan.resolve = vec![led]).await.expect("the plan is right");
    let row = &report.connections[0];
    assert_eq!(row.verdict, Verdict::Pass, "{:?}", row.fault);
}

/// Breaks down in the middle of the probe's own work.
#[derive(Debug)]
struct Broken;

impl Watch for Broken {
    fn landed(&self, _: &str, _: &Step, _: &Bytes) {
        panic!("this test wants a probe that panics");
    }
}

#[tokio::test]
async fn a_probe_that_panics_loses_no_row_and_says_nothing_of_the_network() {
    let ground = Ground::new().expect("a private directory");
    let scenario = Scenario::named("tcp-banner").expect("it is there");
    let served = (scenario.start)(&ground).await.expect("the scenario starts");
    let report = run(&served, |plan| {
        let aims = plan.cases.iter_mut().filter_map(|case| case.aim.as_mut());
        aims.for_each(|aim| aim.target.watch = Some(Arc::new(Broken)));
    });
    let report = report.await.expect("the plan is right");
    assert_eq!(report.unreconciled(), None);
    let row = &report.connections[0];
    assert_eq!(row.verdict, Verdict::Inconclusive);
    let code = row.fault.as_ref().map(|fault| fault.code);
    assert_eq!(code, Some(FaultCode::LocalInternal));
}

#[test]
fn every_fault_of_the_lab_has_a_near_miss_that_is_another() {
    let itself = |scenario: &&Scenario| scenario.near.is_some() && scenario.near == scenario.expect;
    let itself: Vec<&str> = scenario::all().filter(itself).map(|scenario| scenario.name).collect();
    assert!(itself.is_empty(), "near misses of themselves: {itself:?}");
    let made: BTreeSet<&str> =
        scenario::all().filter_map(|scenario| scenario.expect).map(FaultCode::as_str).collect();
    let near: BTreeSet<&str> =
        scenario::all().filter_map(|scenario| scenario.near).map(FaultCode::as_str).collect();
    let missing: Vec<_> = made.difference(&near).collect();
    assert!(missing.is_empty(), "no near miss of {missing:?}");
}
