//! A whole deploy: the lease is held by being the runbook's parent, and settled whatever the runbook leaves.

use crate::args::{Args, RunArgs};
use crate::bring_back::bring_back;
use crate::limits::Limits;
use crate::notify::notify;
use crate::runbook::{self, Limit};
use crate::{by_hand, detach, recover, serves};
use application::{Application, Begun, PROBATION, Recovered, Request, Serves, who};
use deadline::Deadline;
use host::Proc;
use serde::Serialize;
use serde_json::Value;
use state::lease::{Claim, Holder, Patience, claim};
use state::{Outcome, Phase, State, Status};
use std::time::{Duration, Instant, SystemTime};
use step::{Context, Failure, Report};

/// The exit code that says that nobody serves.
const DOWN: u8 = 69;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    deploy_id: String,
    changed: bool,
    outcome: Option<String>,
    why: Option<String>,
    release: Option<String>,
    command: String,
    command_exit: u8,
    over_limit: bool,
    took_over: Option<Holder>,
    recovered: Option<String>,
    log: String,
}

/// Runs a runbook as a deploy, here or in the background.
pub(crate) fn run(
    application: &Application,
    args: &Args,
    run: &RunArgs,
    context: &Context,
) -> Result<Report, Failure> {
    // What begins in the background has been looked at by whoever has put it there.
    if run.detached_as.is_none() {
        step::check_settings::<crate::Tool>(context)?;
    }
    let limits = Limits::of(&run.limits, context)?;
    if run.detach && run.detached_as.is_none() {
        return detach::detach(application, args.service.service.as_deref(), context);
    }
    let deadline = context.deadline(recover::PATIENCE);
    let recovered = settle_the_dead(application, args, run, &deadline)?;
    let begun = begin(application, run, limits, &deadline)?;
    let id = begun.id.clone();
    context.note(format!("deploy {id} has begun"));
    if let Some(holder) = begun.took_over.as_ref().or(recovered.as_ref()) {
        context.note(format!(
            "it takes over from {}: {}",
            holder.deploy_id, holder.why
        ));
    }
    let mut limit = Limit {
        after: run.limit,
        passed: false,
        started: Instant::now(),
    };
    let command = runbook::command(&run.command, &id, context);
    let detached = run.detached_as.is_some();
    let status = runbook::attend(command, application, &id, detached, || {
        if limit.passes_now() {
            tell_over_limit(application, &id, run.limit, context);
        }
    });
    // Whatever ended the runbook, also a signal that this process got: what it left is settled first.
    let code = status.map(runbook::exit_code);
    let ended_well = code.as_ref().is_ok_and(|code| *code == 0);
    let mut brought_back = None;
    let stopped = !ended_well && is_past_the_stop(application, &id)?;
    if !ended_well && is_mid_switch(application, &id)? {
        let why = match &code {
            Ok(code) => format!("the runbook ended with {code} and left its deploy open"),
            Err(failure) => failure.message().to_owned(),
        };
        brought_back = bring_back(application, args, &id, &why, context);
    }
    let left = settle_own(application, args, &id, ended_well, context);
    let nobody = stopped.then(|| serves::nobody(application, args)).flatten();
    // That nobody serves outweighs how the runbook ended, and what could not be done about it.
    if let Some(why) = &nobody {
        context.note(format!("nobody serves: {why}"));
        brought_back = Some(DOWN);
        if let Err(failure) = left {
            let message = format!("nobody serves: {why}; {}", failure.message());
            return Err(Failure::down("down", message).hint("rollback"));
        }
    }
    let left = left?;
    if !ended_well {
        // Where the service's own start has led back, it left that to the runbook, which may have died.
        let deadline = Deadline::after(recover::PATIENCE).uninterruptible();
        let serves = if nobody.is_some() {
            Serves::No
        } else {
            Serves::AsBefore
        };
        application.make_ready(serves, &deadline)?;
    }
    let code = match brought_back {
        Some(DOWN) => DOWN,
        _ => code?,
    };
    let told = application.told(&id)?;
    let state = application.load()?;
    if let Some(pause) = state.pause_at(SystemTime::now()) {
        context.note(format!("deploys are paused: {}", pause.why));
    }
    if let Some(drained) = application::still_drained(&state) {
        context.note(drained);
    }
    let report = Run {
        changed: told
            .as_ref()
            .is_some_and(|told| told.phase >= Some(Phase::Restart)),
        outcome: told.as_ref().and_then(|told| told.outcome.clone()),
        why: told.as_ref().and_then(|told| told.why.clone()),
        release: told.and_then(|told| told.release),
        command: run
            .command
            .join(" ".as_ref())
            .to_string_lossy()
            .into_owned(),
        command_exit: code,
        over_limit: limit.passed,
        took_over: begun.took_over.or(recovered),
        recovered: left.as_ref().map(|left| left.id.clone()),
        log: application.log_of(&id).into(),
        deploy_id: id,
    };
    let told = serde_json::to_string(&report).unwrap_or_default();
    notify(&told, &report.deploy_id, context);
    let hint = match nobody {
        Some(_) => "rollback".to_owned(),
        None => hint(application, &report, context),
    };
    verdict(&report, left.as_ref(), hint)
}

/// What mends it: as the last step says, where that is what failed; else the log has more.
fn hint(application: &Application, report: &Run, context: &Context) -> String {
    let history = application.store.history().unwrap_or_default();
    let is_step = |line: &&Value| line["event"] == "step" && line["deployId"] == *report.deploy_id;
    let last = history.iter().rev().find(is_step);
    let hint = last.and_then(|step| step["report"]["error"]["hint"].as_str());
    let log = format!("less {}", report.log);
    match hint {
        Some(hint) if report.command_exit != 0 && hint != log => {
            context.note(format!("the log of it: {log}"));
            hint.to_owned()
        }
        _ => log,
    }
}

/// Whether the runbook has left its deploy where the service may have been stopped.
fn is_past_the_stop(application: &Application, id: &str) -> Result<bool, Failure> {
    let state = application.load()?;
    let is_past = matches!(state.status, Status::Validating(_) | Status::RollingBack(_));
    Ok(is_past && state.held_by(id).is_ok())
}

/// Whether the runbook has left its deploy where the service may be stopped, or a release live that nobody has validated.
fn is_mid_switch(application: &Application, id: &str) -> Result<bool, Failure> {
    let state = application.load()?;
    let is_ours = state.held_by(id).is_ok();
    Ok(is_ours && matches!(state.status, Status::Validating(_)))
}

/// The runbook's exit code is the verdict, unless it claims a success in the middle of a switch.
fn verdict(report: &Run, left: Option<&Recovered>, hint: String) -> Result<Report, Failure> {
    let id = &report.deploy_id;
    match (report.command_exit, left) {
        (0, None) => Ok(Report::of(report)),
        (0, Some(left)) if !left.settlement.start => Ok(Report::of(report)),
        (0, Some(left)) => Err(Failure::no(
            "not-ended",
            format!(
                "{} ended well but did not end its deploy {id} (deploy-state end succeeded, as its last step), which is settled as {}",
                report.command,
                left.settlement.outcome.name()
            ),
        )
        .hint(format!("less {}", report.log))
        .with(report)),
        (code, _) => {
            let outcome = report.outcome.as_deref().unwrap_or("unknown");
            let why = report.why.as_deref().unwrap_or("no reason was given");
            Err(Failure::new(
                step::Exit::PassedOn(code),
                "command-failed",
                format!("deploy {id} ended: {outcome}: {why}"),
            )
            .hint(hint)
            .with(report))
        }
    }
}

/// A deploy whose holder is proven dead is settled at once, also one that its application might still call well.
fn settle_the_dead(
    application: &Application,
    args: &Args,
    run: &RunArgs,
    deadline: &Deadline,
) -> Result<Option<Holder>, Failure> {
    let state: State = application.load()?;
    let Some(deploy) = state.deploy() else {
        return Ok(None);
    };
    let holder = state::lease::holder(&state, deploy, SystemTime::now());
    let mut patience = Patience::from(&run.patience);
    if holder.life == "dead" {
        patience.stale_after = Duration::ZERO;
    }
    match claim(&state, patience, SystemTime::now()) {
        Claim::Free => Ok(None),
        Claim::Held(holder) => Err(application::busy(&holder)),
        Claim::Abandoned(holder) => {
            let service = application.service(&args.service)?;
            let recovered = application.recover(
                &holder.deploy_id,
                "the holder died",
                service.as_ref(),
                deadline,
            );
            match recovered {
                // Two that found it dead at the same moment: the other one has settled it.
                Err(failure) if failure.code() == "lease-lost" => Ok(None),
                other => other.map(|_| Some(holder)),
            }
        }
    }
}

fn begin(
    application: &Application,
    run: &RunArgs,
    limits: Limits,
    deadline: &Deadline,
) -> Result<Begun, Failure> {
    let owner = Proc::system()
        .identity_of(std::process::id())
        .map_err(|error| Failure::impossible("io", format!("/proc/self: {error}")))?;
    let request = Request {
        id: run.detached_as.clone(),
        by: run.by.clone().unwrap_or_else(who::initiator),
        owner: Some(owner),
        moment_of: None,
        release: None,
        commit: None,
        patience: (&run.patience).into(),
        rate: limits.rate,
        pause_after: limits.pause_after,
    };
    application
        .begin(&request, deadline)
        .map_err(|failure| limits.told(failure))
}

/// Settles this very deploy where neither its runbook nor a rollback has ended it. A runbook that ended well after its release went live
/// has given its verdict by that: a pipe of tools has no other way to say so.
fn settle_own(
    application: &Application,
    args: &Args,
    id: &str,
    ended_well: bool,
    context: &Context,
) -> Result<Option<Recovered>, Failure> {
    let state = application.load()?;
    let Ok(deploy) = state.held_by(id) else {
        return Ok(None);
    };
    let deadline = Deadline::after(recover::PATIENCE).uninterruptible();
    let is_live =
        deploy.release.is_some() && deploy.release.as_deref() == application.link()?.release();
    if ended_well && is_live && matches!(state.status, Status::Validating(_)) {
        let why = Some("the runbook ended well");
        by_hand::finish(
            application,
            id,
            Outcome::Succeeded,
            why,
            PROBATION,
            &deadline,
            context,
        )?;
        return Ok(None);
    }
    let service = application.service(&args.service)?;
    match application.recover(id, "the runbook ended", service.as_ref(), &deadline) {
        Ok(recovered) => Ok(Some(recovered)),
        Err(failure) if failure.code() == "lease-lost" => Ok(None),
        Err(failure) => Err(failure),
    }
}

fn tell_over_limit(application: &Application, id: &str, limit: Duration, context: &Context) {
    context.note(format!(
        "deploy {id} takes longer than {} s",
        limit.as_secs()
    ));
    // An advice: where it cannot be recorded, the deploy goes on all the same.
    let deadline = Deadline::after(Duration::from_secs(5));
    if let Ok(mut held) = application.lock(&deadline)
        && let Ok(note) = held.state.over_limit(id, limit)
    {
        held.write(note).ok();
    }
}
