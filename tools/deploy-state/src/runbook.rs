//! A runbook as a child: what it gets from its parent, and how its end is told.

use crate::log;
use application::Application;
use deadline::child::{self, ChildError};
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;
use step::{Context, Failure};

/// How a command ended, as a shell tells it.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(3);
    u8::try_from(code).unwrap_or(u8::MAX)
}

/// The command with the deploy's name in its environment, and all that the application's file says: a runbook
/// decides by it, and the steps in it read the same file again.
pub(crate) fn command(words: &[OsString], id: &str, context: &Context) -> Command {
    let mut words = words.iter();
    // clap takes no command without a first word.
    let mut command = Command::new(words.next().map_or("false".as_ref(), OsString::as_os_str));
    command
        .args(words)
        .env("DEPLOY_ID", id)
        .env(step::RUNBOOK, id);
    if let Some(app) = context.app() {
        command.env("DEPLOY_APP", &app.path);
        for entry in &app.entries {
            if !step::is_set(&entry.key) {
                command.env(&entry.key, &entry.value);
            }
        }
    }
    command
}

/// Runs the runbook to its end. Its standard output is the log: the one report is its parent's.
pub(crate) fn attend(
    mut command: Command,
    application: &Application,
    id: &str,
    detached: bool,
    each_look: impl FnMut(),
) -> Result<ExitStatus, Failure> {
    let log = open_log(application, id)?;
    let stderr = if detached {
        Stdio::from(
            log.try_clone()
                .map_err(|error| unwritable(application, id, &error))?,
        )
    } else {
        Stdio::inherit()
    };
    command.stdout(log).stderr(stderr);
    child::attend(command, each_look).map_err(|error| match &error {
        ChildError::NotFound { program } => Failure::impossible(
            "missing-program",
            format!("{error}; a runbook that lies here is called by its path, as ./{program}"),
        )
        .hint(format!("command -v {}", step::quoted(program))),
        _ => error.into(),
    })
}

/// The deploy's log, which has to be writable: a deploy that nobody can read up on is not begun.
fn open_log(application: &Application, id: &str) -> Result<File, Failure> {
    log::open(application, id).map_err(|error| unwritable(application, id, &error))
}

fn unwritable(application: &Application, id: &str, error: &io::Error) -> Failure {
    let path = application.log_of(id);
    Failure::impossible("io", format!("cannot write {path}: {error}"))
        .hint(format!("ls -ld {}", application.layout.root))
}

/// A deploy's advised time, reported once when it has passed.
pub(crate) struct Limit {
    pub(crate) after: Duration,
    pub(crate) passed: bool,
    pub(crate) started: std::time::Instant,
}

impl Limit {
    /// Whether the limit passes with this look.
    pub(crate) fn passes_now(&mut self) -> bool {
        let passes = !self.passed && self.started.elapsed() >= self.after;
        self.passed |= passes;
        passes
    }
}
