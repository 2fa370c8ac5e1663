//! Where the work in flight is counted.

use crate::number;
use deadline::child::{self, Options};
use deadline::{Deadline, Ended};
use haproxy::Server;
use host::Proc;
use probe::Question;
use std::fmt;
use std::io::Read;
use std::path::PathBuf;
use std::process::Command;

/// Far more than any count takes.
const LARGEST_FILE: u64 = 1024 * 1024;

/// One place that knows how much is in flight. A pointer says where in its JSON.
#[derive(Debug, Clone)]
pub enum Source {
    /// An HTTP endpoint.
    Url(Box<Question>, Option<String>),
    /// A file.
    File(PathBuf, Option<String>),
    /// A shell command, by what it prints.
    Command(String, Option<String>),
    /// The established connections to a local TCP port.
    Connections(u16),
    /// The sessions of a server behind HAProxy.
    Haproxy(Server),
}

/// Why a source did not say how much is in flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// It cannot be read now.
    Because(String),
    /// A signal came.
    Signal(i32),
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(question, _) => question.target.fmt(formatter),
            Self::File(path, _) => path.display().fmt(formatter),
            Self::Command(command, _) => command.fmt(formatter),
            Self::Haproxy(server) => write!(formatter, "sessions of {} at HAProxy", server.name()),
            Self::Connections(port) => write!(formatter, "connections to port {port}"),
        }
    }
}

impl Source {
    /// How much is in flight now.
    pub fn count(&self, deadline: &Deadline) -> Result<u64, Unread> {
        if let Err(Ended::Signal(signal)) = deadline.check() {
            return Err(Unread::Signal(signal));
        }
        let because = |why: String| Unread::Because(format!("{self}: {why}"));
        match self {
            Self::Url(question, pointer) => {
                let answer = probe::ask(question, deadline);
                if !answer.ok {
                    return Err(because(answer.message));
                }
                let body = String::from_utf8_lossy(&answer.body);
                number::read(&body, pointer.as_deref()).map_err(because)
            }
            Self::File(path, pointer) => {
                let mut text = String::new();
                std::fs::File::open(path)
                    .and_then(|file| file.take(LARGEST_FILE).read_to_string(&mut text))
                    .map_err(|error| because(error.to_string()))?;
                number::read(&text, pointer.as_deref()).map_err(because)
            }
            Self::Command(line, pointer) => {
                let mut command = Command::new("/bin/sh");
                command.args(["-c", line]);
                let finished = child::ask(command, Options::default(), deadline).map_err(
                    |error| match error {
                        child::ChildError::Interrupted { signal } => Unread::Signal(signal),
                        error => because(error.to_string()),
                    },
                )?;
                if !finished.status.success() {
                    return Err(because(format!("{} {}", finished.status, finished.tail(1))));
                }
                number::read(&finished.stdout_text(), pointer.as_deref()).map_err(because)
            }
            Self::Haproxy(server) => server.in_flight(deadline).map_err(|error| match error {
                haproxy::Error::Interrupted { signal } => Unread::Signal(signal),
                error => because(error.to_string()),
            }),
            Self::Connections(port) => Proc::system()
                .connections(*port)
                .map_err(|error| because(error.to_string())),
        }
    }
}

/// How much is in flight at all of them together.
pub(crate) fn count(sources: &[Source], deadline: &Deadline) -> Result<u64, Unread> {
    sources.iter().map(|source| source.count(deadline)).sum()
}
