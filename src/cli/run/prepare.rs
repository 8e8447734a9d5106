//! Before anything is sent: files are read, the plan is bound, and whatever is wrong is told at once.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use crate::cli::complain::Wrong;
use crate::cli::inputs::{self, Inputs};
use crate::cli::options;
use crate::cli::run::Job;
use crate::cli::run::args::{ChoiceArgs, HowArgs, RunArgs};
use crate::model::Diagnostic;
use crate::net::dns::{Hosts, ResolvConf, Resolver, Switch};
use crate::report::target::Target;
use crate::runner::{Options, Plan, Sampling};

/// A run that may begin.
pub(super) struct Prepared {
    pub(super) job: Job,
    pub(super) plan: Plan,
    pub(super) resolver: Resolver,
}

/// Reads every file and binds the plan. Errors: whatever is wrong with any of them, all at once, and
/// what is run, where that could be read.
pub(super) fn prepare(args: &RunArgs) -> Result<Prepared, (Wrong, Option<Box<Job>>)> {
    let mut errors = ill_aimed(&args.output.reports);
    let Inputs { profile, site, errors: unread } =
        inputs::profile_and_site(&args.profile, args.site.as_deref());
    let as_read = unread.is_empty();
    errors.extend(unread);
    let job = profile.map(|profile| Job {
        profile,
        site,
        has_site: args.site.is_some(),
        options: Options {
            source: options::source(args.source.as_deref(), args.all_sources),
            all_sources: args.all_sources,
            ..bound_options(&args.choice, &args.how)
        },
    });
    let plan = job.as_ref().map(|job| Plan::bind(&job.profile, &job.site, &job.options));
    let plan = plan.and_then(|plan| plan.map_err(|more| errors.extend(more)).ok());
    let resolver = resolver(&args.how).map_err(|Wrong(more)| errors.extend(more)).ok();
    match (job, plan, resolver) {
        (Some(job), Some(plan), Some(resolver)) if errors.is_empty() => {
            Ok(Prepared { job, plan, resolver })
        }
        (job, ..) => Err((Wrong(errors), job.filter(|_| as_read).map(Box::new))),
    }
}

/// The options of a plan that both `run` and `demo` have.
pub(in crate::cli) fn bound_options(choice: &ChoiceArgs, how: &HowArgs) -> Options {
    Options {
        only: choice.only.clone(),
        skip: choice.skip.clone(),
        proof: how.proof,
        timeout: how.timeout,
        retries: how.retries,
        bind: how.bind.clone().unwrap_or_default(),
        tracer: (!how.no_trace).then(Arc::default),
        resolve: how.resolve.clone(),
        sampling: Sampling { settle: how.settle.unwrap_or_default(), samples: how.samples.max(1) },
        ..Options::default()
    }
}

/// Reports that would overwrite each other.
fn ill_aimed(reports: &[Target]) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    if reports.iter().filter(|report| report.path.is_none()).count() > 1 {
        let problem = Diagnostic::plain("only one report can go to standard output");
        errors.push(problem.help("give the others a file"));
    }
    let mut seen = HashSet::new();
    for path in reports.iter().filter_map(|report| report.path.as_deref()) {
        // A device takes as much as it is given.
        if !seen.insert(path) && !path.starts_with("/dev") {
            let message = format!("two reports would go to `{}`", path.display());
            errors.push(Diagnostic::plain(message).help("give each a file of its own"));
        }
    }
    errors
}

/// The resolver that files name.
pub(in crate::cli) fn resolver(how: &HowArgs) -> Result<Resolver, Wrong> {
    let (path, read) = match &how.resolv_conf {
        Some(path) => (path.as_path(), ResolvConf::read(path)),
        None => (Path::new(ResolvConf::SYSTEM), ResolvConf::system()),
    };
    let told =
        |path: &Path, error| Diagnostic::plain(format!("can't read `{}`: {error}", path.display()));
    let conf = read.map_err(|error| told(path, error));
    let hosts = match &how.hosts_file {
        Some(path) => Hosts::read(path).map_err(|error| told(path, error)),
        None => Ok(Hosts::system()),
    };
    // Other files are of another machine, which this one's switch says nothing of.
    let switch = match how.resolv_conf {
        Some(_) => Switch::default(),
        None => Switch::read(Path::new(Switch::SYSTEM)),
    };
    match (conf, hosts) {
        (Ok(conf), Ok(hosts)) => Ok(Resolver { conf, hosts, switch }),
        (conf, hosts) => Err(Wrong(conf.err().into_iter().chain(hosts.err()).collect())),
    }
}
