//! Why HAProxy did not do, or did not say, what it was asked for, in words.

use crate::Server;
use deadline::Ended;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why HAProxy did not do, or did not say, what it was asked for.
#[derive(Debug)]
pub enum Error {
    /// Nobody answers on the socket.
    Unreachable {
        /// The socket.
        socket: PathBuf,
        /// What the kernel said.
        error: io::Error,
    },
    /// Somebody takes connections on the socket and does not answer in time. He may do yet what he was asked for.
    Silent {
        /// The socket.
        socket: PathBuf,
        /// What was asked for.
        asked: String,
    },
    /// A signal came.
    Interrupted {
        /// Its number.
        signal: i32,
    },
    /// The socket's level does not allow it.
    Denied {
        /// The socket.
        socket: PathBuf,
    },
    /// There is no such backend, or no such server in it.
    NoSuchServer {
        /// The server.
        server: Server,
        /// What HAProxy said.
        said: String,
    },
    /// It said something else.
    Said {
        /// The socket.
        socket: PathBuf,
        /// What was asked for.
        asked: String,
        /// The answer.
        said: String,
    },
}

impl Error {
    /// The error's name in a report.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } | Self::Silent { .. } => "haproxy-unreachable",
            Self::Interrupted { .. } => "interrupted",
            Self::Denied { .. } => "no-permission",
            Self::NoSuchServer { .. } => "no-such-server",
            Self::Said { .. } => "haproxy-refused",
        }
    }

    /// Whether it was told and said no. Otherwise it may have done what it was asked for, or do so yet.
    pub fn was_refused(&self) -> bool {
        match self {
            Self::Denied { .. } | Self::NoSuchServer { .. } | Self::Said { .. } => true,
            Self::Unreachable { .. } | Self::Silent { .. } | Self::Interrupted { .. } => false,
        }
    }

    /// The command that shows what is wrong; nothing where nothing is.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unreachable { socket, .. } => format!("ls -l {}", socket.display()),
            Self::Silent { socket, .. } => command("show info", socket),
            Self::Denied { socket } => command("show cli level", socket),
            Self::NoSuchServer { server, .. } => command("show servers state", &server.socket),
            Self::Said { socket, asked, .. } => command(asked, socket),
            Self::Interrupted { .. } => return None,
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { socket, error } => write!(
                formatter,
                "nobody answers on {}, which is to be HAProxy's `stats socket`: {error}",
                socket.display()
            ),
            Self::Silent { socket, asked } => write!(
                formatter,
                "HAProxy took {asked:?} on {} and gave no answer in time",
                socket.display()
            ),
            Self::Interrupted { signal } => Ended::Signal(*signal).fmt(formatter),
            Self::Denied { socket } => write!(
                formatter,
                "HAProxy takes no orders on {}: that `stats socket` is without `level admin`",
                socket.display()
            ),
            Self::NoSuchServer { server, said } => {
                write!(formatter, "HAProxy knows no {}: {said}", server.name())
            }
            Self::Said { asked, said, .. } => write!(
                formatter,
                "HAProxy's answer to {asked:?} is not understood: {said:?}"
            ),
        }
    }
}

impl std::error::Error for Error {}

/// What a person types to ask that.
pub(crate) fn command(line: &str, socket: &Path) -> String {
    format!("echo '{line}' | socat stdio {}", socket.display())
}
