//! Whether a service is in a crash loop: what is counted, and the look from outside.

use crate::args::Args;
use application::{Application, Serves, fail};
use deadline::Deadline;
use serde_json::json;
use service::{Active, Service};
use state::{Deploy, Held, Note, State, Status, Verdict};
use std::time::SystemTime;
use step::{Context, Failure};

/// A rollback that was announced and whose holder is proven dead. Nothing else is on watch then.
pub(crate) fn left_by_the_dead(state: &State, now: SystemTime) -> Option<&Deploy> {
    match &state.status {
        Status::RollingBack(deploy) if state::lease::holder(state, deploy, now).life == "dead" => {
            Some(deploy)
        }
        _ => None,
    }
}

pub(crate) fn restarts(service: &Service, deadline: &Deadline) -> Result<u64, Failure> {
    let status = service
        .status(deadline)
        .map_err(|error| fail::service(&error))?;
    Ok(status.restarts.unwrap_or(0))
}

/// Takes in the counter and keeps it, so that a reset of it confuses nobody.
pub(crate) fn count(held: &mut Held<'_>, restarts: u64) -> Result<u64, Failure> {
    let mut switch = held.state.switch.clone().unwrap_or_default();
    switch.observe(restarts);
    let counted = switch.counted;
    if held.state.switch.as_ref() != Some(&switch) {
        held.state.switch = Some(switch);
        let id = held.state.deploy().map(|deploy| deploy.id.clone());
        let details = json!({"restarts": restarts, "counted": counted});
        held.write(Note::new("restarted", id.as_deref(), details))
            .map_err(fail::store)?;
    }
    Ok(counted)
}

/// What the check from outside came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Loop {
    /// No crash loop, or none that is this check's business; why.
    No(String),
    /// The service crashes again and again since the switch; how that was seen.
    Yes(String),
}

/// Whether the service is in a crash loop since the switch, asked by `OnFailure=` or a timer.
pub(crate) fn crash_loop(
    application: &Application,
    service: &Service,
    args: &Args,
    deadline: &Deadline,
    context: &Context,
) -> Result<Loop, Failure> {
    let now = SystemTime::now();
    let state = application.load()?;
    if let Some(deploy) = left_by_the_dead(&state, now) {
        let recovered =
            application.recover(&deploy.id, "the holder died", Some(service), deadline)?;
        return Ok(Loop::No(recovered.settlement.why));
    }
    // What a deploy's end could not make ready, as HAProxy did not answer. A crash loop is looked at all the same.
    if let Err(failure) = application.make_ready(Serves::AsBefore, deadline) {
        context.note(failure.message());
    }
    // Nothing is locked, and no supervisor asked, where there is nothing to look after.
    if !state.on_watch(now) {
        return Ok(Loop::No("nothing is on watch".into()));
    }
    let status = service
        .status(deadline)
        .map_err(|error| fail::service(&error))?;
    let mut held = application.lock(deadline)?;
    if !held.state.on_watch(now) {
        return Ok(Loop::No("nothing is on watch".into()));
    }
    if let Some(deploy) = held.state.deploy() {
        let holder = state::lease::holder(&held.state, deploy, now);
        if holder.life == "alive" {
            return Ok(Loop::No(format!("{holder}, and decides itself")));
        }
    }
    let live = application.link()?.release().map(str::to_owned);
    if live
        .as_deref()
        .is_some_and(|live| held.state.verdict(live) == Verdict::Bad)
    {
        return Ok(Loop::No("the live release is known bad already".into()));
    }
    let counted = match status.restarts {
        Some(restarts) => count(&mut held, restarts)?,
        None => 0,
    };
    // The supervisor's own limit may come before ours: then it has given up, and there is no further restart to count.
    let given_up = status.start_limit_hit || status.active == Active::Failed;
    if held.state.rollbacks_tried > 0 {
        return Ok(Loop::No(
            "one automatic rollback has been tried already".into(),
        ));
    }
    Ok(if status.start_limit_hit {
        Loop::Yes(format!(
            "{}, {counted} restarts since the switch",
            status.phrase()
        ))
    } else if counted >= args.max_restarts {
        Loop::Yes(format!("{counted} restarts since the switch"))
    } else if given_up && counted > 0 {
        Loop::Yes(format!(
            "{}, {counted} restarts since the switch",
            status.phrase()
        ))
    } else {
        Loop::No(format!(
            "{}, {counted} restarts since the switch",
            status.phrase()
        ))
    })
}
