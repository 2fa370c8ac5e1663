//! Asking git about a working tree.

use crate::finding::Finding;
use camino::Utf8Path;
use deadline::Deadline;
use deadline::child::ChildError;

/// What git says to these arguments, as text.
pub(super) fn git(
    tree: &Utf8Path,
    arguments: &[&str],
    deadline: &Deadline,
) -> Result<String, Finding> {
    let mut command = git::command(tree.as_std_path());
    command.args(arguments);
    match git::say(command, deadline) {
        Ok(said) => Ok(String::from_utf8_lossy(&said).into_owned()),
        Err(git::Error::NotRun(ChildError::NotFound { .. })) => Err(Finding::fail(
            "there is no program git: install it, or put it on the PATH",
            "command -v git",
        )),
        Err(error) => Err(Finding::fail(
            error.to_string(),
            format!("git -C {} status", step::quoted(tree.as_str())),
        )),
    }
}
