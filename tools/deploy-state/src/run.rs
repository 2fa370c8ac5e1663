//! A whole deploy: the lease is held by being the runbook's parent, and settled whatever the runbook leaves.

use crate::args::{Args, RunArgs};
use crate::bring_back::bring_back;
use crate::limits::Limits;
use crate::runbook::{self, Limit};
use crate::verdict::{DOWN, Ended, Settled};
use crate::{by_hand, detach, recover, serves};
use application::{Application, Begun, PROBATION, Recovered, Request, Serves, who};
use deadline::Deadline;
use host::Proc;
use state::lease::{Claim, Holder, Patience, claim};
use state::{Outcome, State, Status};
use std::time::{Duration, Instant, SystemTime};
use step::{Context, Failure, Report};

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
    let settled = settle(application, args, &id, &code, context);
    if !matches!(code, Ok(0)) {
        // Where the service's own start has led back, it left that to the runbook, which may have died.
        let deadline = Deadline::after(recover::PATIENCE).uninterruptible();
        if let Err(failure) = application.make_ready(settled.serves(), &deadline) {
            context.note(failure.message());
        }
    }
    let ended = Ended {
        id,
        command: run
            .command
            .join(" ".as_ref())
            .to_string_lossy()
            .into_owned(),
        code,
        over_limit: limit.passed,
        took_over: begun.took_over.or(recovered),
        settled,
    };
    ended.report(application, context)
}

/// Settles what the runbook has left, and looks whether anybody serves where it was left past the stop. What cannot be done is kept for
/// the verdict.
fn settle(
    application: &Application,
    args: &Args,
    id: &str,
    code: &Result<u8, Failure>,
    context: &Context,
) -> Settled {
    let ended_well = matches!(code, Ok(0));
    // A state that cannot be read says nothing about the service.
    let state = application.load();
    let status = match &state {
        Ok(state) => state.held_by(id).is_ok().then_some(&state.status),
        Err(_) => Some(&Status::Idle),
    };
    let stopped = status.is_some_and(|status| !matches!(status, Status::Deploying(_)));
    let mut is_down = false;
    if let (false, Some(Status::Validating(_))) = (ended_well, status) {
        let why = match code {
            Ok(code) => format!("the runbook ended with {code} and left its deploy open"),
            Err(failure) => failure.message().to_owned(),
        };
        is_down = bring_back(application, args, id, &why, context) == Some(DOWN);
    }
    let mut looked = None;
    let mut look = || {
        if !stopped {
            return Serves::AsBefore;
        }
        let nobody = looked.insert(serves::nobody(application, args));
        nobody.as_ref().map_or(Serves::AsBefore, |_| Serves::No)
    };
    let left = settle_own(application, args, id, ended_well, &mut look, context);
    // Not where a runbook that ended well has had its release's verdict given by that.
    if looked.is_none() && stopped && (!ended_well || left.is_err()) {
        looked = Some(serves::nobody(application, args));
    }
    let nobody = looked.flatten();
    if let Some(why) = &nobody {
        context.note(format!("nobody serves: {why}"));
    }
    Settled {
        left,
        nobody,
        is_down,
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
    look: impl FnOnce() -> Serves,
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
        by_hand::finish(
            application,
            id,
            Outcome::Succeeded,
            "the runbook ended well".into(),
            PROBATION,
            &deadline,
            context,
        )?;
        return Ok(None);
    }
    let service = application.service(&args.service)?;
    let gone = "the runbook ended";
    match application.recover_seen(id, gone, service.as_ref(), look, &deadline) {
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
