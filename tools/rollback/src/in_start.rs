//! The crash loop, seen from inside the unit's start: the link leads back, and the start goes on.

use crate::args::Args;
use crate::plan::{self, Link};
use crate::watch::{count, left_by_the_dead, restarts};
use application::{Application, PROBATION, Placed, Serves, fail, lower, record, who};
use deadline::Deadline;
use host::Proc;
use service::Service;
use state::{Begin, Held, Outcome, Status};
use std::time::{Duration, SystemTime};
use step::Failure;
use worktree::Care;

/// How long a unit's start may be held up by all of it, where a working tree has to hold a release again first: half of the 90 s
/// after which systemd ends a start, so that the application has the other half.
const BUDGET: Duration = Duration::from_secs(45);

/// How long each look takes at most, at the state, the supervisor and HAProxy: less than what anybody notices.
const LOOK: Duration = Duration::from_secs(5);

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

/// The check inside the unit's own start, and whatever it comes to, one commit in place: what a mirror was killed in does not
/// start.
pub(crate) fn in_start(
    application: &Application,
    service: &Service,
    args: &Args,
) -> Result<InStart, Failure> {
    let budget = Deadline::after(BUDGET).uninterruptible();
    let checked = check(application, service, args, &budget);
    let half = match application.complete_live(&budget) {
        Ok(placed) => {
            placed.tell();
            None
        }
        Err(failure) => Some(format!(
            "what starts now may be half of the live release: {}",
            failure.message()
        )),
    };
    if let Some(half) = &half {
        step::relay(&format!("rollback: {half}"));
    }
    match (checked, half) {
        (Ok(InStart::Left(why)), Some(half)) => Ok(InStart::Left(format!("{why}; {half}"))),
        (Err(failure), Some(half)) => {
            let why = format!("the check was not made: {}", failure.message());
            step::relay(&format!("rollback: {why}"));
            Ok(InStart::Left(format!("{why}; {half}")))
        }
        (checked, _) => checked,
    }
}

/// The check itself. It takes the state's lock for a moment, and no lease: a runbook that is
/// still at work finds its own gone.
fn check(
    application: &Application,
    service: &Service,
    args: &Args,
    budget: &Deadline,
) -> Result<InStart, Failure> {
    let now = SystemTime::now();
    let deadline = budget.or_after(LOOK);
    let state = application.load()?;
    if left_by_the_dead(&state, now).is_some() {
        return finish(application, budget);
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
    let back = switch_back(application, held, &from, &to, &why, restarts, budget)?;
    // A runbook that lives sees the old release well first.
    if !attended && matches!(back, InStart::Back { .. }) {
        make_ready(application);
    }
    Ok(back)
}

/// Finishes such a rollback: this very start brings the old release up.
fn finish(application: &Application, budget: &Deadline) -> Result<InStart, Failure> {
    let now = SystemTime::now();
    let live = || Ok::<_, Failure>(application.link()?.release().map(str::to_owned));
    let held = application.lock(&budget.or_after(LOOK))?;
    let Some(deploy) = left_by_the_dead(&held.state, now).cloned() else {
        return Ok(by_another());
    };
    let why = "its holder died, rolling back";
    let to = match &deploy.intent {
        Some(intent) => intent.to.clone(),
        None => live()?.unwrap_or_default(),
    };
    let (mut held, placed) = match to.as_str() {
        "" => (held, Placed::default()),
        to => place(application, held, to, budget)?,
    };
    if left_by_the_dead(&held.state, now) != Some(&deploy) {
        return Ok(by_another());
    }
    placed.tell();
    if deploy.intent.is_some() {
        if live()?.as_ref() != Some(&to) {
            application.switch_link(&to)?;
        }
        record(&mut held, |state| state.switched(&deploy.id))?;
    }
    lower(deploy.pending_file.as_deref())?;
    record(&mut held, |state| {
        state.end(&deploy.id, Outcome::RolledBack, Some(why), now, PROBATION)
    })?;
    drop((held, placed));
    make_ready(application);
    Ok(InStart::Back {
        from: deploy.release.unwrap_or_default(),
        to,
        why: why.into(),
    })
}

/// The state's lock was let go of, and who had it meanwhile has done what was to be done.
fn by_another() -> InStart {
    InStart::Left("somebody has finished the rollback".into())
}

/// The whole rollback: whatever deploy is going on ends with it. `restarts` is what the counter shows: the release that starts
/// now answers for none of them.
fn switch_back(
    application: &Application,
    mut held: Held<'_>,
    from: &str,
    to: &str,
    why: &str,
    restarts: u64,
    budget: &Deadline,
) -> Result<InStart, Failure> {
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
            record(&mut held, |state| {
                state.end(
                    &id,
                    Outcome::Aborted,
                    Some(&why),
                    SystemTime::now(),
                    PROBATION,
                )
            })?;
            begin(&mut held, from)?
        }
        Status::Idle => begin(&mut held, from)?,
    };
    record(&mut held, |state| state.roll_back(&id, to, why, true))?;
    let announced = held.state.status.clone();
    let (mut held, placed) = place(application, held, to, budget)?;
    // A runbook that is still at work may have found the rollback announced, and have made it itself.
    if held.state.status != announced {
        return Ok(by_another());
    }
    placed.tell();
    application.switch_link(to)?;
    record(&mut held, |state| state.switched(&id))?;
    record(&mut held, |state| state.started(&id, Some(restarts), None))?;
    record(&mut held, |state| {
        state.end(
            &id,
            Outcome::RolledBack,
            Some(why),
            SystemTime::now(),
            PROBATION,
        )
    })?;
    Ok(InStart::Back {
        from: from.into(),
        to: to.into(),
        why: why.into(),
    })
}

/// Brings a release in place to where it runs, with the state's lock let go of meanwhile; both within the budget.
fn place<'a>(
    application: &'a Application,
    held: Held<'a>,
    release: &str,
    budget: &Deadline,
) -> Result<(Held<'a>, Placed), Failure> {
    if application.in_place(release)?.is_none() {
        return Ok((held, Placed::default()));
    }
    drop(held);
    let placed = application.place(release, Care::Save, budget)?;
    Ok((application.lock(budget)?, placed))
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

/// Makes ready what was drained, as far as HAProxy answers at once: nobody stays to see the old release well.
fn make_ready(application: &Application) {
    let deadline = Deadline::after(LOOK).uninterruptible();
    application.make_ready(Serves::AsBefore, &deadline).ok();
}
