//! What a dead deploy left, finished or undone at somebody's word.

use crate::args::{Args, PatienceArgs};
use application::{Application, Recovered, Serves, Swept, Undrained, busy, still_drained};
use serde_json::json;
use state::lease::{Claim, Patience, claim};
use state::{State, Verdict};
use std::time::{Duration, SystemTime};
use step::{Context, Failure, Report};

/// How long settling may take: a start that is asked for, files that are removed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Settles a dead deploy at once, a doubtful one where that is insisted on, a living one never.
pub(crate) fn recover(
    application: &Application,
    args: &Args,
    patience: &PatienceArgs,
    context: &Context,
) -> Result<Report, Failure> {
    let state = application.load()?;
    let Some(deploy) = state.deploy() else {
        return nothing(application, context);
    };
    let holder = state::lease::holder(&state, deploy, SystemTime::now());
    let stale_after = if holder.life == "dead" {
        Duration::ZERO
    } else {
        patience.stale_after
    };
    let patience = Patience {
        stale_after,
        take_over: patience.take_over,
    };
    match claim(&state, patience, SystemTime::now()) {
        Claim::Free => nothing(application, context),
        Claim::Held(holder) => Err(busy(&holder)),
        Claim::Abandoned(holder) => {
            let service = application.service(&args.service)?;
            let deadline = context.deadline(PATIENCE).uninterruptible();
            let recovered = application.recover(
                &holder.deploy_id,
                "the holder died",
                service.as_ref(),
                &deadline,
            )?;
            context.note(format!(
                "deploy {} is settled as {}: {}",
                recovered.id,
                recovered.settlement.outcome.name(),
                recovered.settlement.why
            ));
            if let Some(undecided) = undecided(&application.load()?) {
                context.note(undecided);
            }
            let Recovered {
                swept, undrained, ..
            } = &recovered;
            report(application, Some(&recovered), swept, undrained, context)
        }
    }
}

/// Where nobody has seen the live release well: what decides about it.
pub(crate) fn undecided(state: &State) -> Option<String> {
    let live = state.live.as_deref()?;
    (state.verdict(live) != Verdict::Good).then(|| {
        format!(
            "{live} was never validated: healthwait && deploy-state mark {live} good, if it is well; rollback, if it is not"
        )
    })
}

/// No deploy is going on; what was half made by single tools is removed all the same, and a server that its deploy's end could not make
/// ready is made so.
fn nothing(application: &Application, context: &Context) -> Result<Report, Failure> {
    let deadline = context.deadline(PATIENCE).uninterruptible();
    let swept = application.sweep(&deadline)?;
    let undrained = application.make_ready(Serves::AsBefore, &deadline)?;
    report(application, None, &swept, &undrained, context)
}

fn report(
    application: &Application,
    recovered: Option<&Recovered>,
    swept: &Swept,
    undrained: &Undrained,
    context: &Context,
) -> Result<Report, Failure> {
    let state = application.load()?;
    let still = still_drained(&state);
    for note in undrained.notes().iter().chain(&still).chain(&swept.left) {
        context.note(note);
    }
    Ok(Report::of(&json!({
        "changed": recovered.is_some() || !swept.removed.is_empty() || undrained.is_change(),
        "recovered": recovered.map(|recovered| recovered.id.clone()),
        "outcome": recovered.map(|recovered| recovered.settlement.outcome.name()),
        "why": recovered.map(|recovered| recovered.settlement.why.clone()),
        "started": recovered.is_some_and(|recovered| recovered.started),
        "removed": swept.removed,
        "ready": undrained.ready,
        "drained": state.drained,
    })))
}
