//! What a service is made of: fetched or built before its start, and told before and after.

use serde::Serialize;
use service::Status;
use std::time::Duration;

/// What is to be done about the images before the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Images {
    /// Fetch those that a registry has.
    pub pull: bool,
    /// Build those that are built here.
    pub build: bool,
    /// How long both may take together.
    pub timeout: Duration,
}

/// The images before the start and after it, each as `SERVICE=sha256:…`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Those that ran.
    pub before: Vec<String>,
    /// Those that run.
    pub after: Vec<String>,
}

impl Change {
    /// What runs, or ran last, before anything is done; nothing for what is not made of images.
    pub(crate) fn from(status: &Status) -> Option<Self> {
        let before = told(status);
        (!before.is_empty()).then(|| Self {
            before,
            after: Vec::new(),
        })
    }

    /// Takes in what runs now.
    pub(crate) fn to(change: &mut Option<Self>, status: &Status) {
        let after = told(status);
        if !after.is_empty() {
            change.get_or_insert_default().after = after;
        }
    }

    /// Whether something else runs now.
    pub(crate) fn changed(&self) -> bool {
        self.before != self.after
    }
}

fn told(status: &Status) -> Vec<String> {
    status.images.iter().map(ToString::to_string).collect()
}
