//! Back to the last validated release: stop, switch, start, verified well.
//!
//! Before: any state. After: the release before serves and is proven to, and the release that was left is known bad; or
//! nothing was changed; or, with exit 69, nobody serves, and somebody has to come.

mod announce;
mod args;
mod back;
mod codes;
mod ending;
mod in_start;
mod plan;
mod survey;
mod verify;
mod wanted;
mod watch;

use application::Application;
pub use args::Args;
use in_start::InStart;
use plan::{Asked, Link};
use serde_json::json;
use std::ffi::OsString;
use step::{Context, Failure, Report};
use wanted::Wanted;
use watch::Loop;

/// rollback.
pub struct Tool;

impl step::Tool for Tool {
    const NAME: &'static str = "rollback";
    const ABOUT: &'static str =
        "Back to the last validated release: stop, switch, start, verified well";
    type Args = Args;
    const FIELDS: &'static [&'static str] = &[
        "rolledBack",
        "changed",
        "from",
        "to",
        "reason",
        "stop.*",
        "start.*",
        "health.*",
        "drained.N",
        "tookMs",
    ];
    const CODES: &'static [step::Codes] = &[codes::OWN, application::fail::CODES];

    fn acts_on_failure(args: &Args) -> bool {
        args.on_failure
    }

    fn outlives_signals(args: &Args) -> bool {
        args.on_failure
    }

    fn excuse(words: &[OsString], failure: Failure) -> Result<Report, Failure> {
        // An application's file that is gone, or that somebody has edited wrongly, keeps no service down either.
        if words.iter().any(|word| word == "--in-start") {
            let why = format!("the check was not made: {}", failure.message());
            step::relay(&format!("rollback: {why}"));
            return Ok(nothing_done(&why));
        }
        Err(failure)
    }

    fn run(args: Args, context: &Context) -> Result<Report, Failure> {
        if args.in_start {
            return Ok(in_start(&args, context));
        }
        let application = Application::of(&args.layout)?;
        is_of_kind(&application, args.kind.as_deref())?;
        if args.on_failure {
            return on_failure(&application, &args, context);
        }
        if args.if_crash_loop {
            return if_crash_loop(&application, &args, context);
        }
        let reason = args.why.clone().unwrap_or_else(|| "by hand".into());
        let wanted = Wanted {
            reason,
            automatic: false,
            blames: true,
            link: Link::Untold,
        };
        back::roll_back(&application, &args, &wanted, context).map(|done| Report::of(&done))
    }
}

/// Whether the application is deployed in the way that the caller takes it for.
fn is_of_kind(application: &Application, told: Option<&str>) -> Result<(), Failure> {
    let Some(told) = told else {
        return Ok(());
    };
    let kind = application.load()?.kind;
    if kind == told {
        return Ok(());
    }
    Err(Failure::no(
        "other-kind",
        format!(
            "the application is of the kind {kind}, not {told}; without --kind the state says it"
        ),
    )
    .hint("rollback"))
}

/// Whatever goes wrong here is said and never keeps the unit from starting: a service that is down because its check
/// could not read a file is worse than any release.
fn in_start(args: &Args, context: &Context) -> Report {
    let checked = Application::of(&args.layout).and_then(|application| {
        is_of_kind(&application, args.kind.as_deref())?;
        let service = back::needed(&application, args)?;
        in_start::in_start(&application, &service, args)
    });
    match checked {
        Ok(InStart::Back { from, to, why }) => {
            context.note(format!("{from} -> {to}: {why}"));
            Report::of(&json!({
                "rolledBack": true, "changed": true, "from": from, "to": to, "reason": why,
            }))
        }
        Ok(InStart::Left(why)) => nothing_done(&why),
        Err(failure) => {
            let why = format!("the check was not made: {}", failure.message());
            context.note(&why);
            nothing_done(&why)
        }
    }
}

fn nothing_done(why: &str) -> Report {
    Report::of(&json!({
        "rolledBack": false, "changed": false, "from": null, "to": null, "reason": why,
    }))
}

/// The last step of a pipe, and of a runbook that failed: acts on a failed report.
fn on_failure(
    application: &Application,
    args: &Args,
    context: &Context,
) -> Result<Report, Failure> {
    let Some(upstream) = context.upstream() else {
        return Err(
            Failure::usage(
                "--on-failure reads the report of the step before, as in healthwait - | rollback --on-failure -",
            )
            .hint("rollback --help"),
        );
    };
    if upstream.ok() {
        return Ok(Report::of(&json!({
            "rolledBack": false, "changed": false, "reason": "the step before is well",
        })));
    }
    let state = application.load()?;
    let status = match context.deploy_id().map(|id| state.held_by(id)) {
        Some(Err(_)) => {
            return after_another(application, args, context);
        }
        Some(Ok(_)) => Some(&state.status),
        None => None,
    };
    match plan::asked(&upstream.value, status) {
        Asked::PassOn => Ok(Report::passed_on(upstream.text.clone(), upstream.exit())),
        Asked::Act(reason) => {
            let wanted = Wanted {
                reason,
                automatic: true,
                blames: plan::blames(&upstream.value),
                link: plan::link(&upstream.value),
            };
            match back::roll_back(application, args, &wanted, context) {
                // Between the look at the state and its lock, the service's own start has led back.
                Err(failure) if failure.code() == "lease-lost" => {
                    after_another(application, args, context)
                }
                done => Err(not_deployed(&done?)),
            }
        }
    }
}

/// The deploy has been ended by another: brought back, or found well by the application itself.
fn after_another(
    application: &Application,
    args: &Args,
    context: &Context,
) -> Result<Report, Failure> {
    match back::after_another(application, args, context)? {
        Some(done) => Err(not_deployed(&done)),
        None => Ok(Report::of(&json!({
            "rolledBack": false, "changed": false, "reason": "the deploy has ended well already",
        }))),
    }
}

/// The old release serves, and the new one does not: that is a no.
fn not_deployed(done: &back::Done) -> Failure {
    let message = format!("{} serves again; left because: {}", done.to, done.reason);
    Failure::no("rolled-back", message).with(done)
}

/// Asked by `OnFailure=` or a timer.
fn if_crash_loop(
    application: &Application,
    args: &Args,
    context: &Context,
) -> Result<Report, Failure> {
    let service = back::needed(application, args)?;
    let deadline = context.deadline(args.timeout);
    match watch::crash_loop(application, &service, args, &deadline, context)? {
        Loop::No(why) => Ok(Report::of(&json!({
            "rolledBack": false, "changed": false, "reason": why,
        }))),
        Loop::Yes(why) => {
            let wanted = Wanted {
                reason: why,
                automatic: true,
                blames: true,
                link: Link::Untold,
            };
            back::roll_back(application, args, &wanted, context).map(|done| Report::of(&done))
        }
    }
}
