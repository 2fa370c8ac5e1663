//! `service-stop`: stopped, and the port really free.
//!
//! Before: the service runs, or does not. After: nothing of it runs, what ran is written in the deploy state, and nobody
//! listens on its port, on whatever address. With a dead-man's switch something outside the deploy starts it again if
//! nobody has in time, and that also holds after a failure.

mod args;
mod codes;
mod dead_man;
pub mod port;
mod record;
mod stop;

pub use args::Args;
pub use dead_man::start_again_command;
pub use stop::{DeadManRequest, StopReport, StopRequest, stop};

use application::{Application, STALE_AFTER, answers, fail};
use deadline::Deadline;
use serde::Serialize;
use service::Service;
use std::time::Duration;
use step::{Context, Failure, Report};

/// What may come on top of the service's own time: the lock, the supervisor's answers, and a port that is slow to be free.
const BEYOND: Duration = Duration::from_secs(60);

/// The tool.
#[derive(Debug)]
pub struct Tool;

/// What `--dry-run` says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Foreseen {
    changed: bool,
    pid: Option<u32>,
    dry_run: bool,
}

impl step::Tool for Tool {
    const NAME: &'static str = "service-stop";
    const ABOUT: &'static str = "Stop the service, until its port is really free";
    type Args = Args;
    const FIELDS: &'static [&'static str] = &[
        "changed",
        "pid",
        "baseline.memoryBytes",
        "baseline.cpuPercent",
        "stopMs",
        "portFreeMs",
        "killed",
        "cut.N.pid",
        "cut.N.command",
        "deadMan.by.timer",
        "deadMan.by.process",
        "deadMan.afterMs",
        "deadMan.note",
        "startedAgain",
        "dryRun",
    ];
    const CODES: &'static [step::Codes] = &[codes::OWN, application::fail::CODES];

    fn run(args: Args, context: &Context) -> Result<Report, Failure> {
        let application = Application::of(&args.layout)?;
        let service = application.service(&args.service)?.ok_or_else(|| {
            Failure::usage(format!(
                "no service was named, by --app NAME or --service {}",
                service::Name::KINDS
            ))
            .hint("service-stop --help")
        })?;
        let deadline = context.deadline(args.timeout.saturating_add(BEYOND));
        if args.dry_run {
            return foresee(&service, context, &deadline);
        }
        let request = StopRequest {
            port: args.service.port,
            timeout: args.timeout,
            dead_man: args.dead_man.map(|after| DeadManRequest {
                after,
                again: start_again_command(&application, &service, args.service.start.as_deref()),
            }),
        };
        answers(Some(&service), &deadline)?;
        let lease = application.enter(context, Self::NAME, STALE_AFTER, &deadline)?;
        let report = stop(&lease, &service, &request, &deadline)?;
        tell(&report, &service, args.service.port, context);
        // The service is stopped: giving the lease back is no reason to say otherwise in a hurry.
        lease.leave(None, &Deadline::after(BEYOND).uninterruptible())?;
        Ok(Report::of(&report))
    }
}

/// What a stop would come to, by looking alone.
fn foresee(service: &Service, context: &Context, deadline: &Deadline) -> Result<Report, Failure> {
    let failed = |error: service::Error| fail::service(&error);
    let status = service.status(deadline).map_err(failed)?;
    let changed = !status.active.is_over();
    let verb = if changed {
        "would be stopped; it is"
    } else {
        "is"
    };
    context.note(format!("{} {verb} {}", service.name(), status.phrase()));
    Ok(Report::of(&Foreseen {
        changed,
        pid: status.main_pid,
        dry_run: true,
    }))
}

/// The facts, a line each.
fn tell(report: &StopReport, service: &Service, port: Option<u16>, context: &Context) {
    if let Some(dead_man) = &report.dead_man {
        let seconds = dead_man.after.as_secs_f64();
        context.note(format!(
            "{} is started again in {seconds} s unless somebody has by then",
            service.name()
        ));
        if let Some(why) = &dead_man.note {
            context.note(format!("by a process, not a timer of systemd: {why}"));
        }
    }
    for cut in &report.cut {
        context.note(format!("killed process {} ({})", cut.pid, cut.command));
    }
    let name = service.name();
    match (report.changed, report.stop_ms) {
        (true, Some(took)) => context.note(format!("{name} is stopped, after {took} ms")),
        _ => context.note(format!("{name} was stopped already")),
    }
    if let (Some(port), Some(took)) = (port, report.port_free_ms) {
        context.note(format!("port {port} is free, after {took} ms more"));
    }
}
