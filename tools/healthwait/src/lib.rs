//! Until every target is well, and stays so.
//!
//! Before: something was started, or may be about to answer. After, on success: every target has given the answer that is
//! expected of it, as often in a row as was asked for; the service runs and was not restarted by itself; and it was proven that
//! the process that answers is the new one, where that was asked for. Nothing is changed.

mod args;
mod codes;
mod file;
mod judge;
mod pace;
mod questions;
mod report;
mod request;
mod targets;
mod wait;
mod watch;

pub use args::Args;
pub use judge::{Growth, Limits};
pub use pace::Pace;
pub use report::{HealthReport, ServiceReport, TargetReport};
pub use request::expect;
pub use wait::{WaitRequest, wait};
pub use watch::Watch;

use step::{Context, Failure, Report};

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
        "service.active",
        "service.substate",
        "service.pid",
        "service.invocation",
        "service.restarts",
        "service.restartsSinceSwitch",
        "service.memoryBytes",
        "service.memoryBytesBefore",
        "service.cpuPercent",
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
        let report = wait(&request, &deadline)?;
        for target in &report.targets {
            context.note(target.sentence());
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
