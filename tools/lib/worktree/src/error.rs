//! What cannot be done with a working tree, and what mends that.

use deadline::Ended;
use deadline::child::ChildError;
use std::fmt;

/// What kind of answer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The tree is not as it has to be.
    No,
    /// It could not be done.
    Impossible,
    /// Time was up, or a signal came.
    Ended(Ended),
}

/// Why it was not done.
#[derive(Debug)]
pub struct Error {
    /// For scripts: the tools' manual pages list them.
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// The command that mends it.
    pub hint: Option<String>,
    /// What kind of answer it is.
    pub kind: Kind,
}

impl Error {
    /// The tree is not as it has to be.
    pub(crate) fn no(code: &'static str, message: impl fmt::Display) -> Self {
        Self {
            code,
            message: message.to_string(),
            hint: None,
            kind: Kind::No,
        }
    }

    /// It could not be done.
    pub(crate) fn impossible(code: &'static str, message: impl fmt::Display) -> Self {
        Self {
            kind: Kind::Impossible,
            ..Self::no(code, message)
        }
    }

    /// With the command that mends it.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// Makes a function for `map_err`: `action` is what was to be done, as in `cannot read X`.
    pub(crate) fn io<E: Into<std::io::Error>>(
        action: &'static str,
        path: &std::path::Path,
    ) -> impl FnOnce(E) -> Self {
        let path = path.to_owned();
        move |error| {
            let why = durable::without_number(&error.into());
            let path = path.display();
            Self::impossible("io", format!("cannot {action} {path}: {why}"))
        }
    }
}

impl From<Ended> for Error {
    fn from(ended: Ended) -> Self {
        Self {
            kind: Kind::Ended(ended),
            ..Self::no("timed-out", "time was up in the working tree")
        }
    }
}

impl From<durable::Error> for Error {
    fn from(error: durable::Error) -> Self {
        let failure = Self::impossible("io", &error);
        if error.is_full() {
            failure.hint("release-prune")
        } else {
            failure.hint(format!("ls -ld {}", error.path.display()))
        }
    }
}

impl From<ChildError> for Error {
    fn from(error: ChildError) -> Self {
        match error {
            ChildError::TimedOut { .. } => Ended::Passed.into(),
            ChildError::Interrupted { signal } => Ended::Signal(signal).into(),
            cut @ ChildError::Cut { .. } => {
                Self::impossible("git-failed", cut).hint("git status --short --ignored")
            }
            other => Self::impossible("git-failed", other).hint("command -v git"),
        }
    }
}

impl From<git::Error> for Error {
    fn from(error: git::Error) -> Self {
        let failure = Self::impossible("git-failed", &error);
        match error {
            git::Error::NotRun(error) => error.into(),
            git::Error::TooLong { .. } => failure.hint("git status --short --ignored"),
            _ if error.is_of_another_owner() => {
                failure.hint("git config --global --get-all safe.directory")
            }
            git::Error::Failed { .. } => failure,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
