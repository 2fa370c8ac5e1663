//! `service-start`: started, ready, and proven new.
//!
//! Before: `current` selects a release, and the service does not run (or runs out of that release already). After: it
//! runs, it serves, and the process that serves is a new one that runs out of the live release; restarts are counted from
//! here, and no dead-man's switch is armed any more. A failure says how it ended and shows the service's last words; what
//! was started is left as it is.

mod args;
mod codes;
mod dead_man;
mod images;
mod release;
mod report;
mod run;
mod start;
mod wait;

pub use args::Args;
pub use dead_man::start_again;
pub use images::Images;
pub use report::StartReport;
pub use start::{StartRequest, start};

use application::{Application, STALE_AFTER, answers, fail};
use deadline::Deadline;
use serde::Serialize;
use service::{Active, Expectation, Service, Verdict};
use std::time::Duration;
use step::{Context, Failure, Report};

/// What may come on top of the service's own time: the lock, and the supervisor's answers.
const BEYOND: Duration = Duration::from_secs(60);

/// The tool.
#[derive(Debug)]
pub struct Tool;

/// What `--dry-run` says, and what the dead-man's switch came to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Short {
    changed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
}

impl step::Tool for Tool {
    const NAME: &'static str = "service-start";
    const ABOUT: &'static str =
        "Start the service, until it is ready and proven to be the new process";
    type Args = Args;
    const FIELDS: &'static [&'static str] = &[
        "changed",
        "release",
        "pid",
        "invocation",
        "startMs",
        "restartsAtSwitch",
        "proof.verdict",
        "proof.reasons.N",
        "images.before.N",
        "images.after.N",
        "disarmed",
        "logTail.N",
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
            .hint("service-start --help")
        })?;
        if (args.pull || args.build) && service.name().kind() != "compose" {
            return Err(fail::service(&service::Error::NoImages));
        }
        let request = StartRequest {
            port: args.service.port,
            health: args.health.questions()?,
            timeout: args.timeout,
            accept_unprovable: args.health.accept_unprovable,
            images: (args.pull || args.build).then_some(Images {
                pull: args.pull,
                build: args.build,
                timeout: args.images_timeout,
            }),
        };
        let images = request.images.map_or(Duration::ZERO, |one| one.timeout);
        let limit = args.timeout.saturating_add(images).saturating_add(BEYOND);
        let deadline = context.deadline(limit);
        if args.dead_man_acts {
            let deadline = context.deadline(limit.saturating_add(dead_man::MIRROR));
            let changed = start_again(&application, &service, &deadline)?;
            tell_notes(&service, context);
            let what = if changed {
                "is started by the dead-man's switch"
            } else {
                "runs"
            };
            context.note(format!("{} {what}", service.name()));
            return Ok(Report::of(&Short {
                changed,
                release: None,
                dry_run: false,
            }));
        }
        if args.dry_run {
            return foresee(&application, &service, context, &deadline);
        }
        answers(Some(&service), &deadline)?;
        let lease = application.enter(context, Self::NAME, STALE_AFTER, &deadline)?;
        let started = start(&application, &lease, &service, &request, &deadline);
        tell_notes(&service, context);
        let report = started?;
        tell(&report, &service, context);
        lease.leave(None, &Deadline::after(BEYOND).uninterruptible())?;
        Ok(Report::of(&report))
    }
}

/// What a start would come to, by looking alone.
fn foresee(
    application: &Application,
    service: &Service,
    context: &Context,
    deadline: &Deadline,
) -> Result<Report, Failure> {
    let live = release::live(application, service)?;
    let status = service
        .status(deadline)
        .map_err(|error| fail::service(&error))?;
    let is_placed = match &live.name {
        Some(name) => application.is_placed(name)?,
        None => true,
    };
    let changed = status.active.is_over() || !is_placed || application.is_of_before(&status)?;
    if status.active == Active::Running && !changed {
        let expectation = Expectation {
            release_dir: Some(live.directory.clone()),
            ..Expectation::default()
        };
        let proof = service.proof(&expectation, deadline);
        let proof = proof.map_err(|error| fail::service(&error))?;
        if proof.verdict == Verdict::Disproven && status.socket_units.is_empty() {
            return Err(start::still_old(service, &proof));
        }
    }
    let name = service.name();
    context.note(if changed {
        format!("{name} would be started out of {}", live.called())
    } else {
        format!("{name} is {}", status.phrase())
    });
    Ok(Report::of(&Short {
        changed,
        release: live.name,
        dry_run: true,
    }))
}

/// What went wrong beside the start.
fn tell_notes(service: &Service, context: &Context) {
    for note in service.notes() {
        context.note(note);
    }
}

/// The facts, a line each.
fn tell(report: &StartReport, service: &Service, context: &Context) {
    let name = service.name();
    let release = report.release.as_deref().unwrap_or_default();
    let pid = report
        .pid
        .map_or_else(String::new, |pid| format!(", process {pid}"));
    context.note(match (report.changed, report.start_ms) {
        (true, Some(took)) => format!("{name} runs {release}{pid}, ready after {took} ms"),
        _ => format!("{name} runs {release} already{pid}"),
    });
    if let Some(proof) = &report.proof {
        let word = match proof.verdict {
            Verdict::Proven => "proven",
            Verdict::Disproven => "disproven",
            Verdict::Unprovable => "unprovable, which was accepted",
        };
        context.note(format!("{word}: {}", proof.reasons.join("; ")));
    }
    if let Some(images) = report.images.as_ref().filter(|images| images.changed()) {
        context.note(format!("its images are now {}", images.after.join(", ")));
    }
    if report.disarmed {
        context.note("the dead-man's switch is disarmed");
    }
}
