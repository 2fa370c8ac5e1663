//! `drain-wait`: until no work is in flight.
//!
//! Before: the service runs and works. After: nothing is in flight, or the time is over and the report says how much is
//! left. A flag that asks the service to take no new work is raised first where one is named; the deploy's end or its
//! recovery lowers it, and an expiry time in it sees to the rest. What cannot be counted is an error, never none.

mod args;
mod balancer;
mod codes;
mod flag;
mod measures;
mod number;
mod source;
mod wait;

pub use args::Args;
pub use balancer::{Drained, drain as drain_server, make_ready};
pub use flag::{Flag, clear, raise};
pub use source::{Source, Unread};
pub use wait::{DrainReport, DrainRequest, Failed, wait};

use application::{Application, STALE_AFTER};
use deadline::Deadline;
use measures::{Measures, Taken};
use probe::{Headers, Question, Target};
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
    #[serde(skip_serializing_if = "Option::is_none")]
    haproxy: Option<&'a Drained>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
}

/// The report of `--clear`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Cleared<'a> {
    changed: bool,
    pending_file: Option<&'a str>,
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
        "haproxy.server",
        "haproxy.was",
        "haproxy.changed",
        "changed",
        "dryRun",
    ];
    const CODES: &'static [step::Codes] = &[codes::OWN, application::fail::CODES];

    fn run(args: Args, context: &Context) -> Result<Report, Failure> {
        if args.clear {
            return lower_by_hand(&args, context);
        }
        let mut request = DrainRequest {
            sources: sources(&args, context)?,
            interval: args.interval,
            timeout: args.timeout,
        };
        if args.dry_run {
            request.timeout = Duration::ZERO;
            return look(&request, context);
        }
        let Some(measures) = Measures::of(&args)? else {
            return finish(drain(&request, &args, context), &Taken::default(), context);
        };
        let deadline = context.deadline(LIMIT);
        let application = &measures.application;
        let lease = application.enter(context, Self::NAME, STALE_AFTER, &deadline)?;
        let taken = measures.take(&lease, args.pending_for, &deadline, context)?;
        let outcome = drain(&request, &args, context);
        if let Err((failure, _)) = &outcome
            && failure.exit() != Exit::TimedOut
        {
            measures.take_back(&taken, &lease, context);
        }
        lease.leave(None, &Deadline::after(LIMIT).uninterruptible())?;
        finish(outcome, &taken, context)
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

fn lower_by_hand(args: &Args, context: &Context) -> Result<Report, Failure> {
    let Some(measures) = Measures::of(args)? else {
        return Err(Failure::usage(
            "--clear: what is to be undone is not said, by --pending-file FILE or --haproxy SOCKET,BACKEND/SERVER",
        )
        .hint("drain-wait --help"));
    };
    let report = |changed| {
        Report::of(&Cleared {
            changed,
            pending_file: measures.flag(),
        })
    };
    if args.dry_run {
        return measures.are_taken(&context.deadline(LIMIT)).map(report);
    }
    let deadline = context.deadline(LIMIT);
    let tool = <Tool as step::Tool>::NAME;
    let application = &measures.application;
    let lease = application.enter(context, tool, STALE_AFTER, &deadline)?;
    let changed = measures.clear(&lease, &deadline, context)?;
    lease.leave(None, &Deadline::after(LIMIT).uninterruptible())?;
    Ok(report(changed))
}

/// The sources that were told, each of which must be understood.
fn sources(args: &Args, context: &Context) -> Result<Vec<Source>, Failure> {
    if let Some(pointer) = &args.json {
        probe::json::pointer(pointer).map_err(|why| {
            Failure::usage(format!("--json: {why}"))
                .hint(format!("drain-wait --json /{}", pointer.replace('.', "/")))
        })?;
    }
    let mut sources = Vec::new();
    if let Some(url) = &args.url {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(Failure::usage(format!(
                "--url {url}: expected http://… or https://…"
            )));
        }
        let question = question(url, args, context)?;
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
    sources.extend(args.haproxy.clone().map(Source::Haproxy));
    if sources.is_empty() {
        return Err(Failure::usage(
            "nothing says how much is in flight: --url URL, --file FILE, --in-flight-command COMMAND, --connections PORT \
             or --haproxy SOCKET,BACKEND/SERVER does",
        )
        .hint("drain-wait --help"));
    }
    Ok(sources)
}

/// What the endpoint is asked. It is the application's own, and is told the headers that are meant for that, unless the application
/// is known to answer elsewhere: then they are no business of whoever answers there.
fn question(url: &str, args: &Args, context: &Context) -> Result<Question, Failure> {
    let mut question = Question::new(Target::parse(url).map_err(Failure::usage)?);
    question.request = args.endpoint.request()?;
    let mut home = Vec::new();
    for url in &args.health_url {
        home.push(Target::parse(url).map_err(Failure::usage)?);
    }
    let target = &question.target;
    let is_home = home.is_empty() || home.iter().any(|home| home.is_same_place(target));
    if !is_home && args.endpoint.health_header_file.is_some() {
        question.request.headers = Headers::default();
        context.note(format!(
            "{target} is not at the health endpoint's scheme, host and port: its headers are not sent there"
        ));
    }
    Ok(question)
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
        haproxy: None,
        dry_run: true,
    }))
}

fn finish(
    outcome: Result<DrainReport, Failed>,
    taken: &Taken,
    context: &Context,
) -> Result<Report, Failure> {
    let whole = |drain: &DrainReport| {
        Report::of(&Whole {
            drain,
            pending_file: taken.flag.as_ref().map(|(path, _)| path.as_str()),
            expires_at: taken
                .flag
                .as_ref()
                .map(|(_, flag)| flag.expires_at.as_str()),
            haproxy: taken.server.as_ref(),
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
