//! Until every target is well, and stays so.
//!
//! Before: something was started, or may be about to answer. After, on success: every target has given the answer that is
//! expected of it, as often in a row as was asked for; the service runs and was not restarted by itself; and it was proven that
//! the process that answers is the new one, where that was asked for. Nothing is changed.

mod args;
mod baseline;
mod codes;
mod file;
mod judge;
mod measures;
mod pace;
mod questions;
mod rate;
mod report;
mod request;
mod soak;
mod targets;
mod wait;
mod watch;

pub use args::Args;
pub use baseline::Before;
pub use judge::{Growth, Limits};
pub use pace::Pace;
pub use rate::{Rates, Share};
pub use report::{ExtensionReport, HealthReport, ServiceReport, TargetReport, WatchReport};
pub use request::expect;
pub use soak::{Progress, Soak};
pub use wait::{WaitRequest, wait, wait_and_watch};
pub use watch::Watch;

use std::time::Duration;
use step::{Context, Failure, Report};

/// How often a person who is looking on is told how a watch stands.
const GLANCE: Duration = Duration::from_millis(500);
/// How often a log is.
const MINUTE: Duration = Duration::from_secs(60);

/// The step.
pub struct Tool;

impl step::Tool for Tool {
    const NAME: &'static str = "healthwait";
    const ABOUT: &'static str = "Wait until every target is well, and stays so";
    type Args = Args;
    const FIELDS: &'static [&'static str] = &[
        "healthy",
        "attempts",
        "targets.N.target",
        "targets.N.name",
        "targets.N.ok",
        "targets.N.status",
        "targets.N.latencyMs",
        "targets.N.firstByteMs",
        "targets.N.message",
        "averageLatencyMs",
        "watch.plannedMs",
        "watch.watchedMs",
        "watch.answers",
        "watch.failures",
        "watch.errorRate",
        "watch.worstErrorRate",
        "watch.extended",
        "watch.extension.afterMs",
        "watch.extension.answers",
        "watch.extension.failures",
        "watch.extension.errorRate",
        "watch.why",
        "watch.lastFailure",
        "service.active",
        "service.substate",
        "service.pid",
        "service.invocation",
        "service.restarts",
        "service.restartsSinceSwitch",
        "service.memoryBytes",
        "service.memoryBytesBefore",
        "service.memoryBytesMost",
        "service.memoryGrowthPercent",
        "service.cpuPercent",
        "service.cpuGrowthPercent",
        "service.baseline.memoryBytes",
        "service.baseline.cpuPercent",
        "service.baseline.from",
        "service.logErrors",
        "service.logErrorExamples.N",
        "proof",
        "reasons.N",
        "logTail.N",
    ];
    const CODES: &'static [step::Codes] = &[codes::OWN, application::fail::CODES];

    fn run(args: Args, context: &Context) -> Result<Report, Failure> {
        let deadline = context.deadline(args.timeout);
        let request = request::of(&args, context)?;
        let mut tell = telling(context);
        let soak = request::rates(&args).map(|rates| Soak {
            rates,
            tell: &mut tell,
        });
        let report = wait_and_watch(&request, soak, &deadline)?;
        for target in &report.targets {
            context.note(target.sentence());
        }
        if let Some(watch) = &report.watch {
            let seconds = watch.watched_ms / 1000;
            context.note(format!("watched for {seconds} s: {}", watch.why));
        }
        if report.proof == Some(service::Verdict::Proven) {
            context.note(format!("proven: {}", report.reasons.join("; ")));
        }
        if let Some(doubt) = request::doubt(&args, &request, &report) {
            context.note(format!("warning: what runs is not what is live: {doubt}"));
        }
        Ok(Report::of(&report))
    }
}

/// How a watch stands: in place on a terminal, else a line a minute.
fn telling(context: &Context) -> impl FnMut(Progress) + '_ {
    let mut told = Duration::ZERO;
    move |progress: Progress| {
        let since = progress.watched.saturating_sub(told);
        let on_terminal = context.is_watched();
        let pause = if on_terminal { GLANCE } else { MINUTE };
        if since < pause {
            return;
        }
        told = progress.watched;
        let Progress {
            answers, failures, ..
        } = progress;
        let seconds = progress.watched.as_secs();
        let remaining = progress.remaining.as_secs();
        let on = if progress.extended {
            ", extended because of the error rate"
        } else {
            ""
        };
        let line = format!(
            "watched for {seconds} s, {remaining} s to go{on}: {answers} answers, {failures} failed"
        );
        if on_terminal {
            context.progress(line);
        } else {
            context.note(line);
        }
    }
}
