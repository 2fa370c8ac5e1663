//! What a tool says when it did not do what it was asked.

use crate::exit::Exit;
use crate::report::Report;
use deadline::Ended;
use deadline::child::ChildError;
use serde::Serialize;
use std::fmt::Display;

/// A failure: its exit code, a name that scripts can branch on, a sentence for people, and the command that mends it.
#[derive(Debug)]
pub struct Failure {
    pub(crate) exit: Exit,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    pub(crate) report: Report,
}

impl Failure {
    /// A failure with an exit code of the caller's choice; the named constructors read better.
    pub fn new(exit: Exit, code: &'static str, message: impl Display) -> Self {
        Self {
            exit,
            code,
            message: message.to_string(),
            hint: None,
            report: Report::default(),
        }
    }

    /// The answer is no (1).
    pub fn no(code: &'static str, message: impl Display) -> Self {
        Self::new(Exit::No, code, message)
    }

    /// Bad usage (2).
    pub fn usage(message: impl Display) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    /// Bad usage (2), of a kind that scripts may want to tell apart.
    pub fn usage_coded(code: &'static str, message: impl Display) -> Self {
        Self::new(Exit::Usage, code, message)
    }

    /// It could not be done (3).
    pub fn impossible(code: &'static str, message: impl Display) -> Self {
        Self::new(Exit::Impossible, code, message)
    }

    /// The service is down (69).
    pub fn down(code: &'static str, message: impl Display) -> Self {
        Self::new(Exit::Down, code, message)
    }

    /// Another deploy holds the lease, or this one has lost it (75).
    pub fn busy(code: &'static str, message: impl Display) -> Self {
        Self::new(Exit::Busy, code, message)
    }

    /// Timed out (124).
    pub fn timed_out(code: &'static str, message: impl Display) -> Self {
        Self::new(Exit::TimedOut, code, message)
    }

    /// Names the command that mends it.
    #[must_use]
    pub fn hint(mut self, hint: impl Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// Adds what is known all the same: the tool's own fields, as in a report of success.
    #[must_use]
    pub fn with(mut self, fields: &impl Serialize) -> Self {
        self.report = Report::of(fields);
        self
    }

    /// The exit code it leads to.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// The name that scripts branch on.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The sentence for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The command that mends it, where one is known.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl From<Ended> for Failure {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Passed => Self::timed_out("timed-out", "the time limit has passed"),
            Ended::Signal(number) => Self::new(
                Exit::Signal(number),
                "interrupted",
                format!("ended by signal {number}"),
            ),
        }
    }
}

impl From<ChildError> for Failure {
    fn from(error: ChildError) -> Self {
        match &error {
            ChildError::NotFound { program } => {
                Self::impossible("missing-program", format!("{error} on the PATH"))
                    .hint(format!("command -v {}", crate::quoted(program)))
            }
            ChildError::Start { .. } => Self::impossible("cannot-start", &error),
            ChildError::TimedOut { tail, .. } => {
                let said = if tail.is_empty() {
                    String::new()
                } else {
                    format!("; it last said: {tail}")
                };
                Self::timed_out("timed-out", format!("{error}{said}"))
            }
            ChildError::Interrupted { signal } => Ended::Signal(*signal).into(),
            ChildError::Cut { .. } => Self::impossible("io", &error),
        }
    }
}
