//! What is asked, and what would be a good answer.

use std::time::Duration;

use crate::{JsonExpectation, Target};

/// How much of a body is read, in bytes: 1 MiB. What comes after is not waited for.
pub const BODY_LIMIT: usize = 1 << 20;

/// How long one question waits for its answer where nothing else is said.
const PATIENCE: Duration = Duration::from_secs(10);

/// One question, and what would be a good answer to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Who is asked.
    pub target: Target,
    /// The HTTP statuses that are well. Empty: those of the target's fragment, else any 2xx.
    pub statuses: Vec<u16>,
    /// What must stand in the body. Any expectation makes a body that is not JSON, or is longer than
    /// [`BODY_LIMIT`], a failure. For HTTP and for what a command prints.
    pub json: Vec<JsonExpectation>,
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
            statuses: Vec::new(),
            json: Vec::new(),
            max_latency: None,
            timeout: PATIENCE,
        }
    }
}
