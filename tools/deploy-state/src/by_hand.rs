//! The single transitions, as a person types them.

use crate::args::{BeginArgs, EndArgs, PatienceArgs};
use crate::limits::Limits;
use application::{Application, Request, Serves, fail, lower, still_drained, who};
use deadline::Deadline;
use host::{Identity, Proc};
use releases::ResolveError;
use serde_json::json;
use state::lease::Patience;
use state::{Mark, Note, Outcome, Phase, Refused, State};
use std::time::{Duration, SystemTime};
use step::{Context, Failure, Report};

/// How long one transition may take: the state's lock is held for milliseconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

impl From<&PatienceArgs> for Patience {
    fn from(args: &PatienceArgs) -> Self {
        Self {
            stale_after: args.stale_after,
            take_over: args.take_over,
        }
    }
}

/// Begins a deploy that is held by hand, or by the process that is named.
pub(crate) fn begin(
    application: &Application,
    args: &BeginArgs,
    context: &Context,
) -> Result<Report, Failure> {
    let limits = Limits::of(&args.limits, context)?;
    // It may yet have to be made; what could never be its name is refused now.
    if let Some(release) = &args.release
        && let Err(error @ ResolveError::BadName { .. }) =
            releases::resolve(&application.layout, release)
    {
        return Err(fail::resolve(&error));
    }
    let deadline = context.deadline(PATIENCE);
    let request = Request {
        id: None,
        by: args.by.clone().unwrap_or_else(who::initiator),
        owner: args.owner_pid.map(identity).transpose()?,
        moment_of: None,
        release: args.release.clone(),
        commit: args.commit.clone(),
        patience: (&args.patience).into(),
        rate: limits.rate,
        pause_after: limits.pause_after,
    };
    let begun = application
        .begin(&request, &deadline)
        .map_err(|failure| limits.told(failure))?;
    context.note(format!("deploy {} has begun", begun.id));
    let deploy = begun.state.deploy();
    Ok(Report::of(&json!({
        "deployId": begun.id,
        "generation": begun.state.generation,
        "previousRelease": deploy.and_then(|deploy| deploy.previous.clone()),
        "previousCommit": deploy.and_then(|deploy| deploy.previous_commit.clone()),
        "tookOver": begun.took_over,
    })))
}

fn identity(pid: u32) -> Result<Identity, Failure> {
    Proc::system().identity_of(pid).map_err(|error| {
        Failure::no(
            "no-such-process",
            format!(
                "--owner-pid {pid}: {error}; it names a process that lives as long as the deploy"
            ),
        )
        .hint(format!("ps -fp {pid}"))
    })
}

/// The deploy that the step belongs to, which has to be named.
pub(crate) fn named<'a>(context: &'a Context, state: &State) -> Result<&'a str, Failure> {
    context.deploy_id().ok_or_else(|| {
        let failure = Failure::usage("no deploy was named, by --id or DEPLOY_ID");
        match state.deploy() {
            Some(deploy) => failure.hint(format!("export DEPLOY_ID={}", deploy.id)),
            None => failure.hint("deploy-state begin"),
        }
    })
}

/// One transition under the lock; nothing is written where there is nothing to note.
fn change<T>(
    application: &Application,
    deadline: &Deadline,
    transition: impl FnOnce(&mut State) -> Result<(Option<Note>, T), Failure>,
) -> Result<(State, T), Failure> {
    let mut held = application.lock(deadline)?;
    let (note, answer) = transition(&mut held.state)?;
    if let Some(note) = note {
        held.write(note).map_err(fail::store)?;
    }
    Ok((held.state.clone(), answer))
}

// As `map_err` wants it.
#[allow(clippy::needless_pass_by_value)]
fn refused(error: Refused) -> Failure {
    fail::refused(&error)
}

/// Enters a phase.
pub(crate) fn phase(
    application: &Application,
    phase: Phase,
    context: &Context,
) -> Result<Report, Failure> {
    let id = named(context, &application.load()?)?;
    let (state, changed) = change(application, &context.deadline(PATIENCE), |state| {
        let note = state.enter(id, phase).map_err(refused)?;
        let changed = note.is_some();
        Ok((note, changed))
    })?;
    Ok(Report::of(&json!({
        "changed": changed, "phase": phase.name(), "generation": state.generation,
    })))
}

/// Ends a deploy. One that has ended so already is no failure: the application may have said so itself.
pub(crate) fn end(
    application: &Application,
    args: &EndArgs,
    context: &Context,
) -> Result<Report, Failure> {
    let outcome: Outcome = args.outcome.into();
    let id = named(context, &application.load()?)?.to_owned();
    let deadline = context.deadline(PATIENCE).uninterruptible();
    let ended = finish(
        application,
        &id,
        outcome,
        Why {
            text: args.why.as_deref(),
            nothing_new: args.nothing_new,
        },
        args.probation.probation,
        &deadline,
        context,
    );
    let (state, changed) = match ended {
        Ok(state) => (state, true),
        Err(failure) if failure.code() == "lease-lost" => {
            match application.told(&id)?.and_then(|told| told.outcome) {
                Some(before) if before == outcome.name() => (application.load()?, false),
                Some(before) => {
                    return Err(Failure::busy(
                        "lease-lost",
                        format!("deploy {id} has ended already: {before}"),
                    ));
                }
                None => return Err(failure),
            }
        }
        Err(failure) => return Err(failure),
    };
    context.note(format!("deploy {id} has ended: {}", outcome.name()));
    if let Some(drained) = still_drained(&state) {
        context.note(drained);
    }
    Ok(Report::of(&json!({
        "changed": changed, "outcome": outcome.name(), "why": args.why, "generation": state.generation,
    })))
}

/// Why a deploy ends.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Why<'a> {
    /// In words, for the history.
    pub(crate) text: Option<&'a str>,
    /// Whether that is because what was wanted served already.
    pub(crate) nothing_new: bool,
}

impl<'a> From<&'a str> for Why<'a> {
    fn from(text: &'a str) -> Self {
        Self {
            text: Some(text),
            nothing_new: false,
        }
    }
}

/// Lowers the drain flag, makes ready what was drained, and ends the deploy `id`.
pub(crate) fn finish(
    application: &Application,
    id: &str,
    outcome: Outcome,
    why: Why<'_>,
    probation: Duration,
    deadline: &Deadline,
    context: &Context,
) -> Result<State, Failure> {
    let serves = match outcome {
        Outcome::Succeeded | Outcome::RolledBack => Serves::Yes,
        Outcome::Failed | Outcome::Aborted => Serves::AsBefore,
    };
    let undrained = application.undrain(id, serves, deadline)?;
    for note in undrained.notes() {
        context.note(note);
    }
    // Nothing went live of it, but an application whose builds always fail is one that keeps failing.
    let build_failed =
        outcome == Outcome::Aborted && application.told(id)?.is_some_and(|told| told.build_failed);
    let (state, ()) = change(application, deadline, |state| {
        if build_failed {
            let counted = state.build_failed(id, SystemTime::now());
            counted.map_err(refused)?;
        }
        let flag = state.held_by(id).map_err(refused)?.pending_file.clone();
        lower(flag.as_deref())?;
        undrained.note_in(state);
        let note = state
            .end(id, outcome, why.text, SystemTime::now(), probation)
            .map_err(refused)?;
        let note = if why.nothing_new {
            note.with("nothingNew", true)
        } else {
            note
        };
        Ok((Some(note), ()))
    })?;
    Ok(state)
}

/// Asks for no deploys.
pub(crate) fn pause(
    application: &Application,
    why: &str,
    until: Option<&str>,
    context: &Context,
) -> Result<Report, Failure> {
    let (state, ()) = change(application, &context.deadline(PATIENCE), |state| {
        Ok((Some(state.pause(why, until, SystemTime::now())), ()))
    })?;
    context.note(format!("paused: {why}"));
    Ok(Report::of(&json!({
        "changed": true, "paused": state.paused, "generation": state.generation,
    })))
}

/// Ends a pause.
pub(crate) fn resume(application: &Application, context: &Context) -> Result<Report, Failure> {
    let (state, changed) = change(application, &context.deadline(PATIENCE), |state| {
        let note = state.resume();
        let changed = note.is_some();
        Ok((note, changed))
    })?;
    Ok(Report::of(&json!({
        "changed": changed, "paused": null, "generation": state.generation,
    })))
}

/// Gives a release a verdict or a pin.
pub(crate) fn mark(
    application: &Application,
    release: &str,
    mark: Mark,
    context: &Context,
) -> Result<Report, Failure> {
    match releases::resolve(&application.layout, release) {
        // One that is gone from the disk may still stand in the state, which has the word then.
        Ok(_) | Err(ResolveError::Absent(_)) => {}
        Err(error) => return Err(fail::resolve(&error)),
    }
    let (state, ()) = change(application, &context.deadline(PATIENCE), |state| {
        application.learn(state)?;
        let note = state.mark(release, mark).map_err(refused)?;
        Ok((Some(note), ()))
    })?;
    context.note(format!("{release} is {}", mark.name()));
    Ok(Report::of(&json!({
        "changed": true, "release": release, "mark": mark.name(), "generation": state.generation,
    })))
}
