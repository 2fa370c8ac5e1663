//! One git command in the tree.

use crate::{Error, Tree};
use deadline::Deadline;
use deadline::child::{Finished, Options, run};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Variables by which a caller that is itself run by git would lead us into its repository.
pub const OF_A_CALLER: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
];
/// How many of its last lines an error quotes.
const QUOTED: usize = 10;
/// From this length on what a child has written may be cut.
const LONGEST: usize = 1024 * 1024;

/// git in `directory`, with nothing around it that leads it astray: nobody is asked, no hook is run, and nothing stays
/// behind that tidies up in the background.
pub(crate) fn command(directory: &Path) -> Command {
    let mut command = command_of("git", directory);
    command
        .args([
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.hooksPath=/dev/null",
        ])
        .args(["-c", "gc.auto=0", "-c", "maintenance.auto=false"]);
    command
}

/// A program that runs git, with the same around it.
pub(crate) fn command_of(program: &str, directory: &Path) -> Command {
    let mut command = Command::new(program);
    for variable in OF_A_CALLER {
        command.env_remove(variable);
    }
    command
        .current_dir(directory)
        .env("LC_ALL", "C")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_OPTIONAL_LOCKS", "0");
    if std::env::var_os("GIT_SSH_COMMAND").is_none() && std::env::var_os("GIT_SSH").is_none() {
        command.env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes");
    }
    command
}

impl Tree {
    /// A git command in this tree.
    pub(crate) fn git<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, arguments: I) -> Command {
        let mut command = command(self.root());
        command.args(arguments);
        command
    }

    /// What git says to these arguments, which must succeed.
    pub(crate) fn say<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(
        &self,
        arguments: I,
        deadline: &Deadline,
    ) -> Result<Vec<u8>, Error> {
        say(self.git(arguments), deadline)
    }

    /// The first line of what it says; nothing where it fails.
    pub(crate) fn line<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(
        &self,
        arguments: I,
        deadline: &Deadline,
    ) -> Result<Option<String>, Error> {
        let finished = run(self.git(arguments), Options::default(), deadline)?;
        let line = finished.stdout_text().trim().to_owned();
        Ok((finished.status.success() && !line.is_empty()).then_some(line))
    }
}

/// Runs it and insists on success; all that it wrote.
pub(crate) fn say(command: Command, deadline: &Deadline) -> Result<Vec<u8>, Error> {
    let verb = verb(&command);
    let finished = run(command, Options::default(), deadline)?;
    if !finished.status.success() {
        return Err(failed(&verb, &finished));
    }
    // Of what a child writes the end alone is kept, and a list without its beginning is none.
    if finished.stdout.len() >= LONGEST {
        let message = format!("git {verb} lists more files than can be looked at");
        return Err(Error::impossible("git-failed", message).hint("git status --short --ignored"));
    }
    Ok(finished.stdout)
}

/// The failure of a git command.
pub(crate) fn failed(verb: &str, finished: &Finished) -> Error {
    let tail = finished.tail(QUOTED);
    let error = Error::impossible(
        "git-failed",
        format!(
            "git {verb} failed ({}): {}",
            finished.status,
            tail.replace('\n', "; ")
        ),
    );
    if tail.contains("dubious ownership") {
        return error.hint("run this as the working tree's owner");
    }
    error
}

/// Which git command it is.
pub(crate) fn verb(command: &Command) -> String {
    let mut words = command.get_args();
    while let Some(word) = words.next() {
        if word == "-c" {
            words.next();
        } else {
            return word.to_string_lossy().into_owned();
        }
    }
    String::new()
}

/// The paths in output that ends each with a zero byte.
pub(crate) fn paths(output: &[u8]) -> Vec<PathBuf> {
    output
        .split(|byte| *byte == 0)
        .filter(|path| !path.is_empty())
        .map(|path| PathBuf::from(OsStr::from_bytes(path)))
        .collect()
}
