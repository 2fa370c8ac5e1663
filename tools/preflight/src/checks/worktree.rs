//! Asking git about a working tree.

use crate::finding::Finding;
use camino::Utf8Path;
use deadline::Deadline;
use deadline::child::{ChildError, Options, run};
use std::process::Command;

/// What git says to these arguments, as text.
pub(super) fn git(
    tree: &Utf8Path,
    arguments: &[&str],
    deadline: &Deadline,
) -> Result<String, Finding> {
    let mut command = Command::new("git");
    command
        .args(["-C", tree.as_str()])
        // A look must not run what the tree's own settings name.
        .args(["-c", "core.fsmonitor=false"])
        .args(arguments)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C");
    // Set inside git's own hooks: they would make it look elsewhere.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(variable);
    }
    match run(command, Options::default(), deadline) {
        Ok(finished) if finished.status.success() => Ok(finished.stdout_text()),
        Ok(finished) => Err(Finding::fail(
            finished.tail(3).replace('\n', " "),
            format!("git -C {tree} status"),
        )),
        Err(ChildError::NotFound { .. }) => Err(Finding::fail(
            "there is no program git",
            "command -v git; install it, or put it on the PATH",
        )),
        Err(error) => Err(Finding::fail(
            error.to_string(),
            format!("git -C {tree} status"),
        )),
    }
}
