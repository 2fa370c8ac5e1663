//! What one check came to.

use serde::Serialize;
use serde_json::Value;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should be.
    Pass,
    /// Not as it should be, and no reason to stop.
    Warn,
    /// A deploy would go wrong.
    Fail,
    /// Not looked at.
    Skip,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// How it ended.
    pub status: Status,
    /// One line for a person.
    pub message: String,
    /// What was found, where it is one thing: percent, bytes, milliseconds, a count, a name.
    pub value: Value,
    /// What it was held against, in the same unit.
    pub limit: Value,
    /// The command that mends it.
    pub hint: Option<String>,
    /// The places in files where something was found, the first ones; not reported where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<Found>,
}

/// Something at a place in a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// `fail`, `warn` or `allowed`.
    pub status: &'static str,
    /// Its path beneath the directory that was looked through.
    pub file: String,
    /// Counted from 1; 0 where it is about the file as a whole.
    pub line: usize,
    /// The rule or the pattern.
    pub rule: String,
    /// What it is about.
    pub what: String,
    /// Why it is allowed.
    pub reason: Option<String>,
}

impl Finding {
    fn new(status: Status, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            value: Value::Null,
            limit: Value::Null,
            hint: None,
            found: Vec::new(),
        }
    }

    pub(crate) fn pass(message: impl Into<String>) -> Self {
        Self::new(Status::Pass, message)
    }

    /// A warning, with what mends it.
    pub(crate) fn warn(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..Self::new(Status::Warn, message)
        }
    }

    /// A failure, with what mends it.
    pub(crate) fn fail(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..Self::new(Status::Fail, message)
        }
    }

    pub(crate) fn skip(message: impl Into<String>) -> Self {
        Self::new(Status::Skip, message)
    }

    /// The places where it was found: the first of them.
    pub(crate) fn at(mut self, found: impl IntoIterator<Item = Found>) -> Self {
        /// More are of no use to anybody who mends them.
        const MOST: usize = 200;
        self.found = found.into_iter().take(MOST).collect();
        self
    }

    /// What was found, and what it was held against.
    pub(crate) fn measured(mut self, value: impl Into<Value>, limit: impl Into<Value>) -> Self {
        self.value = value.into();
        self.limit = limit.into();
        self
    }
}
