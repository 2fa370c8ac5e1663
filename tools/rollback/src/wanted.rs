//! What somebody, or something, asks of a rollback.

use crate::plan::Link;
use crate::survey::Survey;

/// A rollback that somebody, or something, wants.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Why.
    pub(crate) reason: String,
    /// Whether no person decided it: then there is one a deploy.
    pub(crate) automatic: bool,
    /// Whether it speaks against the release: a runbook or a tool that was killed is no verdict on what it deployed.
    pub(crate) blames: bool,
    /// What the steps before it say of the link.
    pub(crate) link: Link,
}

impl Wanted {
    /// The same, with the releases that were passed over for it in its reason: whoever reads the history asks why it went so far.
    pub(crate) fn knowing(&self, seen: &Survey) -> Self {
        let mut wanted = self.clone();
        if let Some(passed) = seen.phrase().filter(|_| seen.to.is_some()) {
            wanted.reason = format!("{}; {passed}", wanted.reason);
        }
        wanted
    }
}
