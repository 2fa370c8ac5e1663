//! What was deployed before and found bad is not made again, unless somebody insists.

use application::{Application, protected};
use state::{Release, Verdict};
use step::{Context, Failure};

/// Refuses it where the last release that was the same and has been judged was marked bad. `what` it is begins a sentence; `runbook`
/// is what such releases are deployed by.
pub(crate) fn refuse(
    application: &Application,
    what: &str,
    runbook: &str,
    context: &Context,
    is_same: impl Fn(&Release) -> bool,
) -> Result<(), Failure> {
    let state = application.load()?;
    let judged = |one: &&Release| one.verdict != Verdict::Unknown && is_same(one);
    let last = state
        .releases
        .iter()
        .filter(judged)
        .max_by_key(|one| one.sequence);
    let Some(bad) = last.filter(|one| one.verdict == Verdict::Bad) else {
        return Ok(());
    };
    let name = &bad.name;
    let forced = if protected::is_protected(context)? {
        String::new()
    } else {
        let app = context.app_name();
        let app = app.as_deref().unwrap_or("APP");
        format!(", and {runbook} --force {app} goes past it")
    };
    let message = format!(
        "{what} is what {name} was made of, and that one was marked bad; deploy-state history says why{forced}"
    );
    // To call it good for this would have a rollback lead to it.
    Err(Failure::no("known-bad", message).hint("deploy-state history"))
}

/// The same of a commit, in full.
pub(crate) fn of_commit(
    application: &Application,
    commit: &str,
    runbook: &str,
    context: &Context,
) -> Result<(), Failure> {
    let what = format!("commit {commit}");
    refuse(application, &what, runbook, context, |one| {
        one.commit.as_deref() == Some(commit)
    })
}
