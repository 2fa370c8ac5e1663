//! The application's own word that it is well.

use crate::args::Args;
use crate::by_hand::{self, PATIENCE};
use application::{Application, runs};
use deadline::Deadline;
use serde_json::json;
use service::{Active, Service, Status as Run};
use state::{Outcome, State, Status, Switch};
use std::time::Duration;
use step::{Context, Failure, Report};

/// An application may speak before its supervisor has written down that it runs: it says its word once, so that is waited for.
const WRITTEN_DOWN: Duration = Duration::from_secs(1);
/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(20);

/// The application says that it is well. Whoever began the deploy may be the very process that was restarted. Its word counts
/// once the new release has been started, ready or not.
pub(crate) fn healthy(
    application: &Application,
    args: &Args,
    probation: Duration,
    context: &Context,
) -> Result<Report, Failure> {
    let state = application.load()?;
    // Only the release that has been switched to can say that it is well; the one before may not have ended yet.
    let Some(id) = switched(&state) else {
        return Ok(Report::of(&json!({
            "changed": false, "generation": state.generation,
        })));
    };
    if let Some(service) = application.service(&args.service)?
        && !is_started(application, &service, state.switch.as_ref(), context)
    {
        let why = format!(
            "{} has not been started since deploy {id} switched to its release",
            service.name()
        );
        context.note(format!("deploy {id} goes on: {why}"));
        return Ok(Report::of(&json!({
            "changed": false, "why": why, "generation": state.generation,
        })));
    }
    let deadline = context.deadline(PATIENCE).uninterruptible();
    let ended = by_hand::finish(
        application,
        &id,
        Outcome::Succeeded,
        "the application says that it is well".into(),
        probation,
        &deadline,
        context,
    );
    let changed = match ended {
        Ok(_) => true,
        // Somebody else has ended it between the two looks; that is as good.
        Err(failure) if failure.code() == "lease-lost" => false,
        Err(failure) => return Err(failure),
    };
    let state = application.load()?;
    Ok(Report::of(&json!({
        "deployId": id, "changed": changed, "outcome": changed.then_some("succeeded"),
        "generation": state.generation,
    })))
}

/// The validating deploy whose release is live.
fn switched(state: &State) -> Option<String> {
    let deploy = state.deploy()?;
    let validating = matches!(state.status, Status::Validating(_));
    let switched = deploy.intent.is_none() && deploy.release == state.live;
    (validating && switched && state.live.is_some()).then(|| deploy.id.clone())
}

/// Whether another run than that before the switch is there. A supervisor that cannot be asked, from within a sandbox for one,
/// costs no application its word.
fn is_started(
    application: &Application,
    service: &Service,
    before: Option<&Switch>,
    context: &Context,
) -> bool {
    let deadline = context.deadline(PATIENCE);
    let patience = Deadline::after(WRITTEN_DOWN);
    loop {
        let Ok(status) = service.status(&deadline) else {
            return true;
        };
        let is_up = matches!(status.active, Active::Running | Active::Starting);
        let is_old = before.is_some_and(|before| is_same(&status, before))
            || application.is_of_before(&status).unwrap_or(false);
        if is_up && !is_old {
            return true;
        }
        if patience.sleep(INTERVAL).is_err() {
            return false;
        }
    }
}

/// Whether what runs is the very process that ran before the switch.
fn is_same(status: &Run, before: &Switch) -> bool {
    let now = runs::seen(status);
    now.pid.is_some() && (now.pid, now.start_time) == (before.pid, before.start_time)
}
