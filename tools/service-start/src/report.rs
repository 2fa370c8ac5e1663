//! What a start came to, for whoever reads it.

use crate::images::Change;
use serde::Serialize;
use service::Proof;

/// What a start came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StartReport {
    /// Whether it was started; not where it ran already, out of the live release.
    pub changed: bool,
    /// The release that runs.
    pub release: Option<String>,
    /// The new main process; after a failure the one that there is, if any.
    pub pid: Option<u32>,
    /// The supervisor's name for the new run.
    pub invocation: Option<String>,
    /// Milliseconds from the request until it was ready.
    pub start_ms: Option<u64>,
    /// The supervisor's restart counter right after the start; restarts since the switch count from there.
    pub restarts_at_switch: Option<u64>,
    /// Whether the new process is the one that answers, and what that rests on.
    pub proof: Option<Proof>,
    /// The images that it ran and runs, where it is made of containers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<Change>,
    /// Whether a dead-man's switch was armed and has been disarmed.
    pub disarmed: bool,
    /// After a failure: the last lines that the service wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_tail: Option<Vec<String>>,
}
