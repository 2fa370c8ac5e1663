//! How a rollback ends, in the record.

use application::{Application, Lease, PROBATION, Serves, fail, lower};
use deadline::Deadline;
use state::{Outcome, Verdict};
use std::time::SystemTime;
use step::{Context, Failure};

/// How a rollback ends.
pub(crate) struct Ending<'a> {
    /// As the history calls it.
    pub(crate) outcome: Outcome,
    /// Why the release before was left.
    pub(crate) why: &'a str,
    /// Whether it speaks against the release that is left.
    pub(crate) blames: bool,
    /// The release that was seen well by it, where a person chose to go there.
    pub(crate) validated: Option<&'a str>,
}

/// Lowers the drain flag, makes ready what was drained where the service serves now, and records how it ended.
pub(crate) fn end(
    application: &Application,
    lease: &Lease<'_>,
    ending: &Ending<'_>,
    deadline: &Deadline,
    context: &Context,
) -> Result<(), Failure> {
    let serves = match ending.outcome {
        Outcome::Failed => Serves::No,
        Outcome::Succeeded | Outcome::RolledBack | Outcome::Aborted => Serves::Yes,
    };
    let undrained = application.undrain(lease.id(), serves, deadline)?;
    let mut held = application.lock(deadline)?;
    let judged = held
        .state
        .deploy()
        .and_then(|deploy| deploy.release.clone());
    let judged = judged.map(|name| (held.state.verdict(&name), name));
    let flag = held
        .state
        .deploy()
        .and_then(|deploy| deploy.pending_file.clone());
    let (outcome, why) = (ending.outcome, Some(ending.why));
    let now = SystemTime::now();
    let ended = held.state.end(lease.id(), outcome, why, now, PROBATION);
    // Ended by the service's own start meanwhile: then that is what the history says.
    let Ok(note) = ended else {
        return Ok(());
    };
    if let Some((verdict, name)) = judged.filter(|_| !ending.blames) {
        held.state.keep_verdict(&name, verdict);
    }
    let validated = ending
        .validated
        .filter(|name| held.state.verdict(name) != Verdict::Good);
    if let Some(name) = validated {
        held.state.keep_verdict(name, Verdict::Good);
    }
    lower(flag.as_deref())?;
    undrained.note_in(&mut held.state);
    held.write(note).map_err(fail::store)?;
    if let Some(name) = validated {
        context.note(format!("{name} is well, and marked good"));
    }
    Ok(())
}
