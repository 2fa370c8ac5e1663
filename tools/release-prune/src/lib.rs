//! `release-prune`: old releases removed, by use and by number.
//!
//! Before: releases in their stored order, with verdicts. After: the newest ones are there, and, counted apart, the newest
//! failed ones; and whatever their age what is live, what a rollback would go to, what is pinned, and what a living
//! process has open. A release is gone from its name at once, never half there.

mod args;
mod codes;
pub mod forecast;
pub mod plan;
mod prune;
mod usage;

pub use args::Args;
pub use usage::{Obstacle, ObstacleKind};

use application::{Application, STALE_AFTER};
use deadline::Deadline;
use releases::plan::Decision;
use serde::Serialize;
use step::{Context, Failure, Report};

/// The tool.
#[derive(Debug)]
pub struct Tool;

/// What pruning came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PruneReport {
    /// The releases that stay, newest first.
    pub kept: Vec<Stays>,
    /// The names of those that went, newest first.
    pub removed: Vec<String>,
    /// The names of what dead processes had left and is gone now.
    pub leftovers: Vec<String>,
    /// What all that took up on the disk, in bytes.
    pub freed_bytes: u64,
    /// Nothing was removed, and this is what would be.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// A release that stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stays {
    /// Its name.
    pub release: String,
    /// Why.
    pub why: String,
}

impl step::Tool for Tool {
    const NAME: &'static str = "release-prune";
    const ABOUT: &'static str = "Remove old releases, never one that is in use or could be needed";
    type Args = Args;
    const FIELDS: &'static [&'static str] = &[
        "kept.N.release",
        "kept.N.why",
        "removed.N",
        "leftovers.N",
        "freedBytes",
        "dryRun",
    ];
    const CODES: &'static [step::Codes] = &[codes::OWN, application::fail::CODES];

    fn run(args: Args, context: &Context) -> Result<Report, Failure> {
        let application = Application::of(&args.layout)?;
        if args.dry_run {
            return foresee(&application, context, args.keep).map(|report| Report::of(&report));
        }
        // Large trees take their time; only a signal ends it, between two of them.
        let deadline = Deadline::never();
        let lease = application.enter(context, Self::NAME, STALE_AFTER, &deadline)?;
        let state = {
            let mut held = lease.lock(&deadline)?;
            application.learn(&mut held.state)?;
            held.state.clone()
        };
        let decisions = prune::decide(&application, context, &state, args.keep)?;
        let report = prune::remove(&application, context, &lease, &decisions, &deadline)?;
        lease.leave(None, &deadline.uninterruptible())?;
        Ok(Report::of(&report))
    }
}

/// What would stay and what would go, by looking alone.
fn foresee(
    application: &Application,
    context: &Context,
    keep: usize,
) -> Result<PruneReport, Failure> {
    let mut state = application.load()?;
    application.learn(&mut state)?;
    let decisions = prune::decide(application, context, &state, keep)?;
    let (kept, gone): (Vec<&Decision>, Vec<&Decision>) =
        decisions.iter().partition(|decision| decision.keep);
    let mut report = PruneReport {
        dry_run: true,
        ..PruneReport::default()
    };
    report.kept = kept
        .into_iter()
        .map(|decision| Stays {
            release: decision.name.clone(),
            why: decision.why.as_str().into(),
        })
        .collect();
    for decision in gone {
        let path = application.layout.releases.join(&decision.name);
        report.freed_bytes += usage::size(path.as_std_path());
        report.removed.push(decision.name.clone());
    }
    for leftover in prune::leftovers(application)? {
        report.freed_bytes += usage::size(&leftover.path);
        let name = leftover.path.file_name().unwrap_or_default();
        report.leftovers.push(name.to_string_lossy().into_owned());
    }
    Ok(report)
}
