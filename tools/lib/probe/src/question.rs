//! What is asked, and what would be a good answer.

use std::time::Duration;

use crate::{JsonExpectation, Request, Statuses, Target};

/// How much of a body is read where nothing else is said, in bytes: 1 MiB. What comes after is not waited for.
pub const BODY_LIMIT: usize = 1 << 20;

/// How long one question waits for its answer where nothing else is said.
const PATIENCE: Duration = Duration::from_secs(10);

/// One question, and what would be a good answer to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Who is asked.
    pub target: Target,
    /// What a report calls it besides.
    pub name: Option<String>,
    /// How it is asked, over HTTP.
    pub request: Request,
    /// The HTTP statuses that are well. Empty: those of the target's fragment, else any 2xx.
    pub statuses: Statuses,
    /// What must stand in the body. Any expectation makes a body that is not JSON, or is longer than
    /// the limit, a failure. For HTTP and for what a command prints.
    pub json: Vec<JsonExpectation>,
    /// Texts that must stand in the body.
    pub texts: Vec<String>,
    /// The answer must have a body, and its end must come, however long it is.
    pub stream: bool,
    /// How much of a body is kept, in bytes.
    pub body_limit: usize,
    /// An answer whose body begins later is not well.
    pub max_first_byte: Option<Duration>,
    /// An answer that takes longer is not well.
    pub max_latency: Option<Duration>,
    /// How long this one question waits; 10 s where nothing else is said.
    pub timeout: Duration,
}

impl Question {
    /// A question that expects no more than any good answer.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            name: None,
            request: Request::default(),
            statuses: Statuses::default(),
            json: Vec::new(),
            texts: Vec::new(),
            stream: false,
            body_limit: BODY_LIMIT,
            max_first_byte: None,
            max_latency: None,
            timeout: PATIENCE,
        }
    }

    /// The statuses that are well; empty for any 2xx.
    pub(crate) fn wanted(&self) -> Statuses {
        if self.statuses.is_empty() {
            self.target.statuses()
        } else {
            self.statuses.clone()
        }
    }
}
