//! git, run by a tool: nothing around it leads it elsewhere, nobody is asked for anything, and no hook is run.
//!
//! A deploy may be a hook of git's own, or started by `git -c …`: the variables that such a git hands on are taken away. Settings
//! that somebody gives in `GIT_CONFIG_COUNT` are kept; a pipeline logs in by them.

use deadline::Deadline;
use deadline::child::{ChildError, Finished, Options, ask};
use std::fmt;
use std::path::Path;
use std::process::Command;

/// Variables by which a caller that is itself run by git would lead us into its repository, or have us use its settings:
/// those of `git rev-parse --local-env-vars`, and those of what is pushed.
pub const OF_A_CALLER: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];
/// How many of its last lines an error quotes.
const QUOTED: usize = 10;

/// git in `directory`: nobody is asked, nothing is run that the repository or the user names (hooks, a monitor), and nothing
/// stays behind that tidies up in the background.
pub fn command(directory: &Path) -> Command {
    let mut command = around("git");
    // A directory that is not there is git's to name: without this it would look as if there were no git.
    command.arg("-C").arg(directory);
    for setting in [
        "core.fsmonitor=false",
        "core.hooksPath=/dev/null",
        "gc.auto=0",
        "maintenance.auto=false",
    ] {
        command.args(["-c", setting]);
    }
    command
}

/// A program that runs git, with the same around it but for the settings.
pub fn command_of(program: &str, directory: &Path) -> Command {
    let mut command = around(program);
    command.current_dir(directory);
    command
}

fn around(program: &str) -> Command {
    let mut command = Command::new(program);
    for variable in OF_A_CALLER {
        command.env_remove(variable);
    }
    command
        .env("LC_ALL", "C")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_OPTIONAL_LOCKS", "0");
    if std::env::var_os("GIT_SSH_COMMAND").is_none() && std::env::var_os("GIT_SSH").is_none() {
        command.env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes");
    }
    command
}

/// Runs it and insists on success; all that it wrote.
pub fn say(command: Command, deadline: &Deadline) -> Result<Vec<u8>, Error> {
    let verb = verb(&command);
    let finished = ask(command, Options::default(), deadline).map_err(|error| match error {
        ChildError::Cut { .. } => Error::TooLong { verb: verb.clone() },
        other => Error::NotRun(other),
    })?;
    if !finished.status.success() {
        return Err(Error::failed(&verb, &finished));
    }
    Ok(finished.into_stdout())
}

/// Which git command it is.
fn verb(command: &Command) -> String {
    let mut words = command.get_args();
    while let Some(word) = words.next() {
        if word == "-c" || word == "-C" {
            words.next();
        } else {
            return word.to_string_lossy().into_owned();
        }
    }
    String::new()
}

/// Why git has not said it.
#[derive(Debug)]
pub enum Error {
    /// It did not end by itself, or never began.
    NotRun(ChildError),
    /// It says that it cannot.
    Failed {
        /// Which git command: `fetch`.
        verb: String,
        /// How it ended.
        status: String,
        /// Its last lines.
        tail: String,
    },
    /// It says more than is kept.
    TooLong {
        /// Which git command.
        verb: String,
    },
}

impl Error {
    /// Of a git command that has ended in failure.
    pub fn failed(verb: &str, finished: &Finished) -> Self {
        Self::Failed {
            verb: verb.to_owned(),
            status: finished.status.to_string(),
            tail: finished.tail(QUOTED),
        }
    }

    /// Whether git will not touch the repository because it is somebody else's.
    pub fn is_of_another_owner(&self) -> bool {
        matches!(self, Self::Failed { tail, .. } if tail.contains("dubious ownership"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRun(error) => error.fmt(formatter),
            Self::Failed { verb, status, tail } => {
                let tail = tail.replace('\n', "; ");
                write!(formatter, "git {verb} failed ({status}): {tail}")
            }
            Self::TooLong { verb } => {
                write!(formatter, "git {verb} says more than can be looked at")
            }
        }
    }
}

impl std::error::Error for Error {}
