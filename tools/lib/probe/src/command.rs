//! A command that answers by its exit status.

use std::process::Command;

use deadline::Deadline;
use deadline::child::{self, Answer, ChildError, Options};

use crate::answer::{Failure, Got};

/// Runs the line by `sh` and takes 0 for well. It dies, with all it started, at the deadline.
pub(crate) fn ask(line: &str, limit: usize, deadline: &Deadline) -> Result<Got, Failure> {
    let mut command = Command::new("sh");
    command.args(["-c", line]);
    let options = Options {
        kept: Some(limit),
        ..Options::default()
    };
    let finished = match child::run(command, options, deadline) {
        Ok(finished) => finished,
        Err(ChildError::TimedOut { tail, .. }) if !tail.is_empty() => {
            return Err(Failure::new(format!(
                "it did not end in time; it said: {tail}"
            )));
        }
        Err(ChildError::TimedOut { .. }) => return Err(Failure::new("it did not end in time")),
        Err(error) => return Err(Failure::new(error.to_string())),
    };
    if finished.status.success() {
        let said = finished.answer().map(Answer::into_stdout);
        return Ok(Got::Command { said });
    }
    // "exit status: 3", "signal: 9 (SIGKILL)"
    let how = finished.status.to_string();
    let said = finished.tail(3);
    let message = if said.is_empty() {
        how
    } else {
        format!("{how}: {said}")
    };
    Err(Failure {
        said: said.into_bytes(),
        ..Failure::new(message)
    })
}
