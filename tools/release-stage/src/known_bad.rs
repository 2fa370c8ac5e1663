//! What was deployed before and found bad is not made again, unless somebody insists.

use application::Application;
use state::{Release, Verdict};
use step::Failure;

/// Refuses it where the last release that was the same and has been judged was marked bad. `what` it is begins a sentence.
pub(crate) fn refuse(
    application: &Application,
    what: &str,
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
    let message = format!(
        "{what} is what {name} was made of, and that one was marked bad; deploy-state history says why, and --force goes past it"
    );
    Err(Failure::no("known-bad", message).hint(format!("deploy-state mark {name} good")))
}

/// The same of a commit, in full.
pub(crate) fn of_commit(application: &Application, commit: &str) -> Result<(), Failure> {
    refuse(application, &format!("commit {commit}"), |one| {
        one.commit.as_deref() == Some(commit)
    })
}
