//! The crash loop, seen from inside the unit's start and from outside.

use crate::args::Args;
use crate::plan::{self, Link};
use application::{Application, PROBATION, Serves, fail, lower, record, who};
use deadline::Deadline;
use host::Proc;
use serde_json::json;
use service::{Active, Service};
use state::{Begin, Deploy, Held, Note, Outcome, State, Status, Verdict};
use std::time::{Duration, SystemTime};
use step::Failure;
use worktree::Care;

/// How long a unit's start may be held up by the check: less than what anybody notices, and than any start's time-out.
const IN_START: Duration = Duration::from_secs(5);

/// How long a working tree may take to hold the release before again, where what its build made has to be copied.
const MIRROR: Duration = Duration::from_secs(60);

/// What the check inside a start came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InStart {
    /// Nothing was to be done, or nothing could be; why.
    Left(String),
    /// The link leads back now, and this very start brings the old release up.
    Back {
        from: String,
        to: String,
        why: String,
    },
}

/// The check inside the unit's own start. It takes the state's lock for a moment, and no lease: a runbook that is
/// still at work finds its own gone.
pub(crate) fn in_start(
    application: &Application,
    service: &Service,
    args: &Args,
) -> Result<InStart, Failure> {
    let now = SystemTime::now();
    let deadline = Deadline::after(IN_START).uninterruptible();
    let state = application.load()?;
    if left_by_the_dead(&state, now).is_some() {
        return finish(application, &deadline);
    }
    if !state.on_watch(now) {
        return Ok(InStart::Left("nothing is on watch".into()));
    }
    let restarts = restarts(service, &deadline)?;
    let mut held = application.lock(&deadline)?;
    // Somebody may have ended the watch between the two looks.
    if !held.state.on_watch(now) {
        return Ok(InStart::Left("nothing is on watch".into()));
    }
    application.learn(&mut held.state)?;
    let counted = count(&mut held, restarts)?;
    if counted < args.max_restarts {
        return Ok(InStart::Left(format!(
            "{counted} restarts since the switch"
        )));
    }
    if held.state.rollbacks_tried > 0 {
        return Ok(InStart::Left(
            "one automatic rollback has been tried since the deploy began; it stays at that".into(),
        ));
    }
    let live = application.link()?.release().map(str::to_owned);
    let deploy = held.state.deploy().cloned();
    let tried = deploy
        .as_ref()
        .filter(|_| matches!(held.state.status, Status::Validating(_)));
    let Ok(to) = plan::target(&held.state, tried, live.as_deref(), &Link::Untold, &[]) else {
        return Ok(InStart::Left(
            "there is no validated release to go back to".into(),
        ));
    };
    let Some(from) = live.filter(|live| *live != to) else {
        return Ok(InStart::Left(
            "the release to go back to is live already".into(),
        ));
    };
    let why = format!("{counted} restarts since the switch");
    let attended = deploy
        .is_some_and(|deploy| state::lease::holder(&held.state, &deploy, now).life == "alive");
    switch_back(application, &mut held, &from, &to, &why, restarts)?;
    drop(held);
    // A runbook that lives sees the old release well first.
    if !attended {
        make_ready(application, &deadline);
    }
    Ok(InStart::Back { from, to, why })
}

/// Makes ready what was drained, as far as HAProxy answers at once: nobody stays to see the old release well.
fn make_ready(application: &Application, deadline: &Deadline) {
    application.make_ready(Serves::AsBefore, deadline).ok();
}

/// A rollback that was announced and whose holder is proven dead. Nothing else is on watch then.
fn left_by_the_dead(state: &State, now: SystemTime) -> Option<&Deploy> {
    match &state.status {
        Status::RollingBack(deploy) if state::lease::holder(state, deploy, now).life == "dead" => {
            Some(deploy)
        }
        _ => None,
    }
}

/// Finishes such a rollback: this very start brings the old release up.
fn finish(application: &Application, deadline: &Deadline) -> Result<InStart, Failure> {
    let now = SystemTime::now();
    let mut held = application.lock(deadline)?;
    let Some(deploy) = left_by_the_dead(&held.state, now).cloned() else {
        return Ok(InStart::Left("somebody has finished the rollback".into()));
    };
    let live = application.link()?.release().map(str::to_owned);
    let why = "its holder died, rolling back";
    let mut to = live.clone().unwrap_or_default();
    if let Some(intent) = &deploy.intent {
        to.clone_from(&intent.to);
    }
    if !to.is_empty() {
        place(application, &to)?;
    }
    if deploy.intent.is_some() {
        if live.as_ref() != Some(&to) {
            application.switch_link(&to)?;
        }
        record(&mut held, |state| state.switched(&deploy.id))?;
    }
    lower(deploy.pending_file.as_deref())?;
    record(&mut held, |state| {
        state.end(&deploy.id, Outcome::RolledBack, Some(why), now, PROBATION)
    })?;
    let from = deploy.release.unwrap_or_default();
    drop(held);
    make_ready(application, deadline);
    Ok(InStart::Back {
        from,
        to,
        why: why.into(),
    })
}

/// The whole rollback under one hold of the lock: whatever deploy is going on ends with it. `restarts` is what the
/// counter shows: the release that starts now answers for none of them.
fn switch_back(
    application: &Application,
    held: &mut Held<'_>,
    from: &str,
    to: &str,
    why: &str,
    restarts: u64,
) -> Result<(), Failure> {
    let flag = held
        .state
        .deploy()
        .and_then(|deploy| deploy.pending_file.clone());
    lower(flag.as_deref())?;
    let id = match &held.state.status {
        Status::Validating(deploy) => deploy.id.clone(),
        Status::Deploying(deploy) | Status::RollingBack(deploy) => {
            // A deploy that has not touched anything yet, while the release before it crashes.
            let id = deploy.id.clone();
            let why = format!("the live release {from} crashed again and again meanwhile");
            record(held, |state| {
                state.end(
                    &id,
                    Outcome::Aborted,
                    Some(&why),
                    SystemTime::now(),
                    PROBATION,
                )
            })?;
            begin(held, from)?
        }
        Status::Idle => begin(held, from)?,
    };
    record(held, |state| state.roll_back(&id, to, why, true))?;
    place(application, to)?;
    application.switch_link(to)?;
    record(held, |state| state.switched(&id))?;
    record(held, |state| state.started(&id, Some(restarts), None))?;
    record(held, |state| {
        state.end(
            &id,
            Outcome::RolledBack,
            Some(why),
            SystemTime::now(),
            PROBATION,
        )
    })
}

/// Brings a release in place to where it runs. It has to be whole before this very start goes on, so it has a time of its own.
fn place(application: &Application, release: &str) -> Result<(), Failure> {
    let deadline = Deadline::after(MIRROR).uninterruptible();
    let mirrored = application.place(release, Care::Save, &deadline)?;
    for saved in mirrored.saved {
        step::relay(&format!("rollback: {saved}"));
    }
    Ok(())
}

/// A deploy of this tool's own, for a rollback after a deploy that had ended well.
fn begin(held: &mut Held<'_>, from: &str) -> Result<String, Failure> {
    let id = who::new_id().map_err(|error| Failure::impossible("io", error))?;
    let note = held.state.begin(Begin {
        id: id.clone(),
        at: SystemTime::now(),
        by: "the unit's own start".into(),
        owner: Proc::system().identity_of(std::process::id()).ok(),
        moment_of: Some("rollback".into()),
        live: Some(from.into()),
        release: Some(from.into()),
        commit: None,
    });
    held.write(note).map_err(fail::store)?;
    Ok(id)
}

fn restarts(service: &Service, deadline: &Deadline) -> Result<u64, Failure> {
    let status = service
        .status(deadline)
        .map_err(|error| fail::service(&error))?;
    Ok(status.restarts.unwrap_or(0))
}

/// Takes in the counter and keeps it, so that a reset of it confuses nobody.
fn count(held: &mut Held<'_>, restarts: u64) -> Result<u64, Failure> {
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
) -> Result<Loop, Failure> {
    let now = SystemTime::now();
    let state = application.load()?;
    if let Some(deploy) = left_by_the_dead(&state, now) {
        let recovered =
            application.recover(&deploy.id, "the holder died", Some(service), deadline)?;
        return Ok(Loop::No(recovered.settlement.why));
    }
    // What a deploy's end could not make ready, as HAProxy did not answer.
    application.make_ready(Serves::AsBefore, deadline)?;
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
