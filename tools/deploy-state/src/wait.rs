//! Following a deploy that another process makes.

use application::{Application, fail};
use serde_json::{Value, json};
use state::lease::holder;
use state::{Status, Told};
use std::time::{Duration, SystemTime};
use step::{Context, Failure, Report};

/// How often the state is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Waits until the deploy has ended: 0 where it succeeded or had nothing to do, 1 where it did not, 124 where it has not ended in time.
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
            // A deploy's own step waits for nothing but the application's word.
            let message = if context.deploy_id() == Some(&*id) {
                let limit = timeout.as_secs_f64();
                format!("the application did not say within {limit}s that it is well")
            } else {
                format!("deploy {id} is in phase {} still", going.phase.name())
            };
            return Err(Failure::timed_out("still-going", message)
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
        Some(_) if had_nothing_to_do(application, id)? => Ok(Report::of(&fields)),
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

/// Whether its end says that what was wanted served already.
fn had_nothing_to_do(application: &Application, id: &str) -> Result<bool, Failure> {
    let history = application.store.history().map_err(fail::store)?;
    let is_end = |line: &&Value| line["event"] == "ended" && line["deployId"] == id;
    let end = history.iter().rfind(is_end);
    Ok(end.is_some_and(|end| end["nothingNew"] == true))
}
