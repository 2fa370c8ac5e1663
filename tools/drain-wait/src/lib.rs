//! `drain-wait`: until no work is in flight.
//!
//! Before: the service runs and works. After: nothing is in flight, or the time is over and the report says how much is
//! left. A flag that asks the service to take no new work is raised first where one is named; the deploy's end or its
//! recovery lowers it, and an expiry time in it sees to the rest. What cannot be counted is an error, never none.

mod args;
mod codes;
mod connections;
mod flag;
mod number;
mod source;
mod wait;

pub use args::Args;
pub use flag::{Flag, clear, raise};
pub use source::{Source, Unread};
pub use wait::{DrainReport, DrainRequest, Failed, wait};

use application::{Application, Lease, STALE_AFTER, lower};
use camino::Utf8PathBuf;
use deadline::Deadline;
use probe::{Question, Target};
use serde::Serialize;
use service::Active;
use std::time::Duration;
use step::{Context, Exit, Failure, Report};

/// How long the supervisor may take to say whether the service runs.
const SUPERVISOR: Duration = Duration::from_secs(10);
/// Far longer than the lock and a few synced writes take.
const LIMIT: Duration = Duration::from_secs(60);

/// The tool.
#[derive(Debug)]
pub struct Tool;

/// The report, with what concerns the flag.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole<'a> {
    #[serde(flatten)]
    drain: &'a DrainReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
}

/// The report of `--clear`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Cleared<'a> {
    changed: bool,
    pending_file: &'a str,
}

impl step::Tool for Tool {
    const NAME: &'static str = "drain-wait";
    const ABOUT: &'static str = "Wait until no work is in flight";
    type Args = Args;
    const FIELDS: &'static [&'static str] = &[
        "drained",
        "atStart",
        "finished",
        "remaining",
        "waitedMs",
        "cut",
        "pendingFile",
        "expiresAt",
        "changed",
        "dryRun",
    ];
    const CODES: &'static [step::Codes] = &[codes::OWN, application::fail::CODES];

    fn run(args: Args, context: &Context) -> Result<Report, Failure> {
        if args.clear {
            return lower_by_hand(&args, context);
        }
        let mut request = DrainRequest {
            sources: sources(&args)?,
            interval: args.interval,
            timeout: args.timeout,
        };
        if args.dry_run {
            request.timeout = Duration::ZERO;
            return look(&request, context);
        }
        let Some((application, path)) = flag_of(&args)? else {
            return finish(drain(&request, &args, context), None, context);
        };
        let deadline = context.deadline(LIMIT);
        let lease = application.enter(context, Self::NAME, STALE_AFTER, &deadline)?;
        let flag = raise(&lease, &path, args.pending_for, &deadline)?;
        context.note(format!("{path} is raised, until {}", flag.expires_at));
        let outcome = drain(&request, &args, context);
        if let Err((failure, _)) = &outcome {
            take_back(failure, &lease, &path)?;
        }
        lease.leave(None, &Deadline::after(LIMIT).uninterruptible())?;
        finish(outcome, Some((path.as_str(), &flag)), context)
    }
}

/// Waits. Where nothing can be counted because the service that would tell does not run, nothing is in flight.
fn drain(request: &DrainRequest, args: &Args, context: &Context) -> Result<DrainReport, Failed> {
    match wait(request, |now| tell(now, context)) {
        Err((failure, report))
            if failure.exit() == Exit::Impossible
                && report.at_start.is_none()
                && !runs(args, context) =>
        {
            context.note("the service does not run: nothing is in flight");
            Ok(DrainReport::nothing())
        }
        outcome => outcome,
    }
}

/// Whether the service runs. One that is not known, or whose supervisor does not answer, may.
fn runs(args: &Args, context: &Context) -> bool {
    let application = args.layout.root.as_ref();
    let application = application.and_then(|_| Application::of(&args.layout).ok());
    let service = application::service_of(application.as_ref(), &args.service);
    let Ok(Some(service)) = service else {
        return true;
    };
    let status = service.status(&context.deadline(SUPERVISOR));
    status.map_or(true, |status| {
        !status.active.is_over() && status.active != Active::Restarting
    })
}

/// A wait that was broken off outside any deploy leaves no flag behind; in a deploy its end lowers it.
fn take_back(failure: &Failure, lease: &Lease<'_>, path: &Utf8PathBuf) -> Result<(), Failure> {
    if lease.is_moment() && failure.exit() != Exit::TimedOut {
        lower(Some(path.as_str()))?;
    }
    Ok(())
}

/// The flag and the application that it belongs to, where one is to be raised.
fn flag_of(args: &Args) -> Result<Option<(Application, Utf8PathBuf)>, Failure> {
    let Some(path) = &args.pending_file else {
        return Ok(None);
    };
    let application = Application::of(&args.layout)?;
    let path = flag::absolute(&application, path)?;
    Ok(Some((application, path)))
}

fn lower_by_hand(args: &Args, context: &Context) -> Result<Report, Failure> {
    let Some((application, path)) = flag_of(args)? else {
        return Err(Failure::usage("--clear: which flag is not said").hint("--pending-file FILE"));
    };
    if args.dry_run {
        let there = path.as_std_path().symlink_metadata().is_ok();
        return Ok(Report::of(&Cleared {
            changed: there,
            pending_file: path.as_str(),
        }));
    }
    let deadline = context.deadline(LIMIT);
    let tool = <Tool as step::Tool>::NAME;
    let lease = application.enter(context, tool, STALE_AFTER, &deadline)?;
    let changed = clear(&lease, &path, &deadline)?;
    lease.leave(None, &Deadline::after(LIMIT).uninterruptible())?;
    let verb = if changed {
        "is lowered"
    } else {
        "was not raised"
    };
    context.note(format!("{path} {verb}"));
    Ok(Report::of(&Cleared {
        changed,
        pending_file: path.as_str(),
    }))
}

/// The sources that were told, each of which must be understood.
fn sources(args: &Args) -> Result<Vec<Source>, Failure> {
    if args.haproxy.is_some() {
        return Err(Failure::usage_coded(
            "source-not-supported",
            "--haproxy is not supported by this version",
        )
        .hint("--connections PORT counts what still is connected to the service"));
    }
    if let Some(pointer) = args
        .json
        .as_deref()
        .filter(|text| !source::is_pointer(text))
    {
        return Err(
            Failure::usage(format!("--json {pointer}: a pointer begins with a slash"))
                .hint(format!("--json /{}", pointer.replace('.', "/"))),
        );
    }
    let mut sources = Vec::new();
    if let Some(url) = &args.url {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(Failure::usage(format!(
                "--url {url}: expected http://… or https://…"
            )));
        }
        let mut question = Question::new(Target::parse(url).map_err(Failure::usage)?);
        question.request = args.endpoint.request()?;
        sources.push(Source::Url(Box::new(question), args.json.clone()));
    }
    if let Some(file) = &args.file {
        sources.push(Source::File(file.into(), args.json.clone()));
    }
    if let Some(command) = &args.in_flight_command {
        sources.push(Source::Command(command.clone(), args.json.clone()));
    }
    if args.json.is_some() && sources.is_empty() {
        return Err(Failure::usage(
            "--json needs --url, --file or --in-flight-command",
        ));
    }
    sources.extend(args.connections.map(Source::Connections));
    if sources.is_empty() {
        return Err(Failure::usage("nothing says how much is in flight")
            .hint("--url URL, --file FILE, --in-flight-command COMMAND or --connections PORT"));
    }
    Ok(sources)
}

/// One look, which is an answer whatever it sees.
fn look(request: &DrainRequest, context: &Context) -> Result<Report, Failure> {
    let drain = match wait(request, |now| tell(now, context)) {
        Ok(report) => report,
        Err((failure, report)) if failure.exit() == Exit::TimedOut => DrainReport {
            cut: None,
            ..report
        },
        Err((failure, report)) => return Err(failure.with(&report)),
    };
    Ok(Report::of(&Whole {
        drain: &drain,
        pending_file: None,
        expires_at: None,
        dry_run: true,
    }))
}

fn finish(
    outcome: Result<DrainReport, Failed>,
    flag: Option<(&str, &Flag)>,
    context: &Context,
) -> Result<Report, Failure> {
    let whole = |drain: &DrainReport| {
        Report::of(&Whole {
            drain,
            pending_file: flag.map(|(path, _)| path),
            expires_at: flag.map(|(_, flag)| flag.expires_at.as_str()),
            dry_run: false,
        })
    };
    match outcome {
        Ok(drain) => {
            context.note(format!("drained after {} ms", drain.waited_ms));
            Ok(whole(&drain))
        }
        Err((failure, drain)) => Err(failure.with(whole(&drain).fields())),
    }
}

fn tell(in_flight: u64, context: &Context) {
    context.note(format!("{in_flight} in flight"));
}
