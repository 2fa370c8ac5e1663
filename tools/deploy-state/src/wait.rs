//! Following a deploy that another process makes.

use application::{Application, fail};
use serde_json::json;
use state::lease::holder;
use state::{Status, Told};
use std::time::{Duration, SystemTime};
use step::{Context, Failure, Report};

/// How often the state is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Waits until the deploy has ended: 0 where it succeeded, 1 where it did not, 124 where it has not ended in time.
pub(crate) fn wait(
    application: &Application,
    deploy: Option<&str>,
    timeout: Duration,
    context: &Context,
) -> Result<Report, Failure> {
    let deadline = context.deadline(timeout);
    let id = match deploy {
        Some(id) => id.to_owned(),
        None => the_one(application)?,
    };
    loop {
        let state = application.load()?;
        let Some(going) = state.deploy().filter(|deploy| deploy.id == id) else {
            return ended(application, &id);
        };
        let holder = holder(&state, going, SystemTime::now());
        // A validating deploy may still be ended by its application.
        if holder.life == "dead" && !matches!(state.status, Status::Validating(_)) {
            return Err(Failure::no(
                "abandoned",
                format!("deploy {id} goes on no more: {}", holder.why),
            )
            .hint("deploy-state recover")
            .with(&json!({"deployId": id, "holder": holder})));
        }
        if deadline.check().is_err() && deadline::interrupt::raised().is_none() {
            return Err(Failure::timed_out(
                "still-going",
                format!("deploy {id} is in phase {} still", going.phase.name()),
            )
            .with(&json!({"deployId": id, "holder": holder})));
        }
        match deadline.sleep(LOOK) {
            Ok(()) | Err(deadline::Ended::Passed) => {}
            Err(ended) => return Err(ended.into()),
        }
    }
}

/// The deploy that is going on, else the last one. What a tool did in a moment of its own, pruning for one, is none.
fn the_one(application: &Application) -> Result<String, Failure> {
    let state = application.load()?;
    if let Some(deploy) = state.deploy().filter(|deploy| deploy.moment_of.is_none()) {
        return Ok(deploy.id.clone());
    }
    all(application)?
        .into_iter()
        .rfind(|told| told.moment_of.is_none())
        .map(|told| told.deploy_id)
        .ok_or_else(|| Failure::no("no-such-deploy", "there has been no deploy yet"))
}

fn all(application: &Application) -> Result<Vec<Told>, Failure> {
    application.store.told().map_err(fail::store)
}

fn ended(application: &Application, id: &str) -> Result<Report, Failure> {
    let told = all(application)?
        .into_iter()
        .rfind(|told| told.deploy_id == id)
        .ok_or_else(|| {
            Failure::no("no-such-deploy", format!("there is no deploy {id}"))
                .hint("deploy-state history")
        })?;
    let fields = json!({"deployId": id, "deploy": told, "outcome": told.outcome, "why": told.why});
    match told.outcome.as_deref() {
        Some("succeeded") => Ok(Report::of(&fields)),
        outcome => {
            let outcome = outcome.unwrap_or("without a word");
            let why = told.why.as_deref().unwrap_or("no reason was given");
            Err(Failure::no(
                "not-succeeded",
                format!("deploy {id} ended: {outcome}: {why}"),
            )
            .with(&fields))
        }
    }
}
