//! Another program, started so that it cannot outlive the deadline.
//!
//! It runs in a process group of its own, so that a Ctrl-C at the terminal reaches the tool and not the child, and it
//! dies whole: the group first, then whatever left the group but still carries the marker that every descendant
//! inherits in its environment.

mod capture;
mod family;
mod fold;
mod said;
mod word;

use crate::{Deadline, Ended};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use std::{fmt, thread};

pub use capture::Sink;
pub use fold::{Streams, fold_lines};
pub use said::{Answer, Finished};
pub use word::quoted;

/// How often an unfinished child is looked at, at first; doubled up to [`SLOWEST_LOOK`].
const FIRST_LOOK: Duration = Duration::from_micros(200);
/// How often a long-running child is looked at.
const SLOWEST_LOOK: Duration = Duration::from_millis(10);
/// How much of each stream is kept where nothing else is said, in bytes: enough for any report, little enough for a child that
/// never stops talking.
const KEPT: usize = 1024 * 1024;
/// The longest answer, in bytes: a thousand containers, or a hundred thousand files in a list.
pub const LONGEST_ANSWER: usize = 16 * 1024 * 1024;

/// What may be said about a child beside its command.
#[derive(Default)]
pub struct Options {
    /// What it reads from its standard input; nothing where there is none.
    pub input: Option<Vec<u8>>,
    /// Sees each line of its standard error as it comes, for a log or a terminal.
    pub stderr_lines: Option<Sink>,
    /// Sees each line of its standard output as it comes.
    pub stdout_lines: Option<Sink>,
    /// Where both of its streams go instead: a daemon that it leaves behind may keep them, and a pipe of ours would break under
    /// that one. Then nothing is captured.
    pub output: Option<File>,
    /// How much of its standard output is kept, in bytes; a mebibyte where nothing is said.
    pub kept: Option<usize>,
    /// It is to be told of a signal and given the time to finish, not killed: it is a step of a deploy itself. It then
    /// stays in this process's group and reads this process's standard input.
    pub gently: bool,
}

/// A child that did not end by itself, or never began.
#[derive(Debug)]
pub enum ChildError {
    /// There is no such program.
    NotFound {
        /// The program's name as it was called.
        program: String,
    },
    /// The program is there but could not be started.
    Start {
        /// The program's name as it was called.
        program: String,
        /// What the kernel said.
        error: io::Error,
    },
    /// The deadline passed; the child and all it started are dead.
    TimedOut {
        /// The program's name as it was called.
        program: String,
        /// The last lines that it said.
        tail: String,
    },
    /// A signal asked the tool to end; the child and all it started are dead.
    Interrupted {
        /// The signal's number.
        signal: i32,
    },
    /// Its answer is not known to the end, or not from the beginning: what is left of it is no answer.
    Cut {
        /// The program's name as it was called.
        program: String,
        /// How much of it would have been kept, in bytes; nothing where it might be of any length.
        longest: Option<usize>,
    },
}

impl fmt::Display for ChildError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { program } => write!(formatter, "there is no program {program}"),
            Self::Start { program, error } => write!(formatter, "cannot start {program}: {error}"),
            Self::TimedOut { program, .. } => {
                write!(formatter, "{program} was killed at its time limit")
            }
            Self::Interrupted { signal } => write!(formatter, "ended by signal {signal}"),
            Self::Cut { program, longest } => {
                write!(formatter, "the answer of {program} is not whole: ")?;
                if let Some(longest) = longest {
                    write!(
                        formatter,
                        "it is longer than {} MiB, or ",
                        longest / (1024 * 1024)
                    )?;
                }
                formatter.write_str("its end did not come")
            }
        }
    }
}

impl std::error::Error for ChildError {}

/// Runs `command` for what it answers on its standard output: all of it, or it is an error.
pub fn ask(command: Command, options: Options, deadline: &Deadline) -> Result<Answer, ChildError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let longest = options.kept.unwrap_or(LONGEST_ANSWER);
    let options = Options {
        kept: Some(longest),
        ..options
    };
    let cut = || ChildError::Cut {
        program,
        longest: Some(longest),
    };
    run(command, options, deadline)?.answer().ok_or_else(cut)
}

/// Runs `command` to its end, or kills it with everything it started.
pub fn run(
    mut command: Command,
    options: Options,
    deadline: &Deadline,
) -> Result<Finished, ChildError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let marker = family::Marker::new();
    let stdin = match (&options.input, options.gently) {
        (Some(_), _) => Stdio::piped(),
        (None, true) => Stdio::inherit(),
        (None, false) => Stdio::null(),
    };
    if !options.gently {
        command.process_group(0);
    }
    let streams = || match &options.output {
        Some(file) => file.try_clone().map(Stdio::from),
        None => Ok(Stdio::piped()),
    };
    let not_given = |error| ChildError::Start {
        program: program.clone(),
        error,
    };
    command
        .stdin(stdin)
        .stdout(streams().map_err(not_given)?)
        .stderr(streams().map_err(not_given)?);
    let mut child = spawn(marker.mark(&mut command))?;
    feed(&mut child, options.input);
    let kept = options.kept.unwrap_or(KEPT);
    let stdout = capture::Capture::of(child.stdout.take(), kept, options.stdout_lines);
    let stderr = capture::Capture::of(child.stderr.take(), KEPT, options.stderr_lines);
    let ended = if options.gently {
        Ok(await_gently(&mut child, &marker, || {}))
    } else {
        await_end(&mut child, deadline)
    };
    if ended.is_err() {
        marker.kill_all(&mut child);
    }
    let (stdout, stderr) = (stdout.finish(), stderr.finish());
    match ended {
        Ok(status) => Ok(Finished {
            status,
            stdout,
            stderr,
        }),
        Err(Ended::Passed) => Err(ChildError::TimedOut {
            program,
            tail: said::tail(&stdout.bytes, &stderr.bytes, 20),
        }),
        Err(Ended::Signal(signal)) => Err(ChildError::Interrupted { signal }),
    }
}

/// Writes the input from a thread of its own: a child that answers before it has read all of it must not block us.
fn feed(child: &mut Child, input: Option<Vec<u8>>) {
    if let (Some(mut pipe), Some(input)) = (child.stdin.take(), input) {
        // A child that does not want its input closes the pipe; that is its right.
        thread::spawn(move || pipe.write_all(&input).ok());
    }
}

/// Runs `command`, whose streams the caller has set, for as long as it takes. A signal that asks this process to end is
/// passed on to it and to all it has started. `each_look` is called some times a second meanwhile.
pub fn attend(mut command: Command, each_look: impl FnMut()) -> Result<ExitStatus, ChildError> {
    let marker = family::Marker::new();
    let mut child = spawn(marker.mark(&mut command))?;
    Ok(await_gently(&mut child, &marker, each_look))
}

fn spawn(command: &mut Command) -> Result<Child, ChildError> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ChildError::NotFound { program },
        _ => ChildError::Start { program, error },
    })
}

fn await_gently(
    child: &mut Child,
    marker: &family::Marker,
    mut each_look: impl FnMut(),
) -> ExitStatus {
    let mut patience = Deadline::never();
    let mut pause = FIRST_LOOK;
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return status;
        }
        each_look();
        if let Err(Ended::Signal(signal)) = patience.sleep(pause) {
            patience = patience.uninterruptible();
            marker.tell_all(signal);
        }
        pause = (pause * 2).min(SLOWEST_LOOK);
    }
}

fn await_end(child: &mut Child, deadline: &Deadline) -> Result<ExitStatus, Ended> {
    let mut pause = FIRST_LOOK;
    loop {
        // An error here means that the child is not ours to wait for, which cannot be; treat it as not yet ended.
        if let Ok(Some(status)) = child.try_wait() {
            return Ok(status);
        }
        deadline.sleep(pause)?;
        pause = (pause * 2).min(SLOWEST_LOOK);
    }
}

#[cfg(test)]
mod tests;
