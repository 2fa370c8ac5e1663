//! Other programs: what they say is shown as it comes, and none of them outlives its time limit.

use deadline::Deadline;
use deadline::child::{self, ChildError, Finished, Options, Sink};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;
use step::{Context, Failure};

/// How many of its last lines a failure quotes.
const QUOTED: usize = 20;
/// How long nothing is said before it is looked whether the program has ended.
const QUIET: Duration = Duration::from_millis(20);

/// Which of the two a command is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stage {
    /// As the verb of a sentence: `install`.
    pub(crate) verb: &'static str,
    /// The code of its failure.
    pub(crate) failed: &'static str,
    /// The code of its end at the time limit.
    pub(crate) timed_out: &'static str,
}

/// Installs dependencies.
pub(crate) const INSTALL: Stage = Stage {
    verb: "install",
    failed: "install-failed",
    timed_out: "install-timed-out",
};
/// Builds.
pub(crate) const BUILD: Stage = Stage {
    verb: "build",
    failed: "build-failed",
    timed_out: "build-timed-out",
};

/// Runs a shell command in `directory`, and insists that it succeeds in time.
pub(crate) fn shell(
    context: &Context,
    stage: Stage,
    line: &str,
    directory: &Path,
    limit: Duration,
) -> Result<(), Failure> {
    context.note(format!("{}: {line}", stage.verb));
    let mut command = Command::new("/bin/sh");
    command.args(["-c", line]).current_dir(directory);
    let deadline = context.deadline(limit);
    match run(context, command, &deadline) {
        Ok(finished) if finished.status.success() => Ok(()),
        Ok(finished) => Err(Failure::no(
            stage.failed,
            format!(
                "the {} failed ({}): {line}{}",
                stage.verb,
                finished.status,
                quoted(&finished.tail(QUOTED))
            ),
        )),
        Err(ChildError::TimedOut { tail, .. }) => Err(Failure::timed_out(
            stage.timed_out,
            format!(
                "the {} was killed after {} s: {line}{}",
                stage.verb,
                limit.as_secs_f64(),
                quoted(&tail)
            ),
        )
        .hint(format!(
            "release-stage --{}-timeout {}s",
            stage.verb,
            limit.as_secs().saturating_mul(2).max(1)
        ))),
        Err(error) => Err(error.into()),
    }
}

/// What a program said last, beneath the sentence about it.
pub(crate) fn quoted(tail: &str) -> String {
    if tail.is_empty() {
        String::new()
    } else {
        format!("\n{tail}")
    }
}

/// Runs a program to its end; each line of its output and its errors is passed on to standard error as it comes.
pub(crate) fn run(
    context: &Context,
    command: Command,
    deadline: &Deadline,
) -> Result<Finished, ChildError> {
    let (tell, told) = mpsc::channel::<String>();
    let options = Options {
        stdout_lines: Some(sink(tell.clone())),
        stderr_lines: Some(sink(tell)),
        ..Options::default()
    };
    thread::scope(|scope| {
        let running = scope.spawn(|| child::run(command, options, deadline));
        loop {
            match told.recv_timeout(QUIET) {
                Ok(line) => context.relay(&line),
                // A daemon that it left behind may keep the other end for ever.
                Err(RecvTimeoutError::Timeout) if !running.is_finished() => {}
                Err(_) => break,
            }
        }
        for line in told.try_iter() {
            context.relay(&line);
        }
        running.join().unwrap_or_else(|_| {
            Err(ChildError::Start {
                program: "sh".into(),
                error: std::io::Error::other("the thread that waited for it died"),
            })
        })
    })
}

fn sink(tell: Sender<String>) -> Sink {
    // Nobody listens any more once the program has ended.
    Box::new(move |line| drop(tell.send(line.to_owned())))
}
