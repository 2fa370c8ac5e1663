//! What is reported, whether it ended well or not.

use probe::{Answer, Question};
use serde::Serialize;
use service::{Active, Status, Verdict};
use std::time::Duration;

/// What was found when the wait ended.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthReport {
    /// Everything was well, often enough in a row.
    pub healthy: bool,
    /// Looks that counted: those at least an interval apart.
    pub attempts: u64,
    /// The last answer of each target, in the order given.
    pub targets: Vec<TargetReport>,
    /// The mean latency of those answers, where any came.
    pub average_latency_ms: Option<u64>,
    /// The service at the last look, where one was named.
    pub service: Option<ServiceReport>,
    /// Whether it is the new process that answers; nothing where nothing was asked for, or no look got that far.
    pub proof: Option<Verdict>,
    /// What the proof rests on, or what is not well.
    pub reasons: Vec<String>,
    /// The service's last lines, where it did not end well.
    pub log_tail: Option<Vec<String>>,
}

/// The last answer of one target.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetReport {
    /// As it was given, without a password.
    pub target: String,
    /// What the file of targets calls it.
    pub name: Option<String>,
    /// Whether it is well.
    pub ok: bool,
    /// The HTTP status, where one came.
    pub status: Option<u16>,
    /// From connecting to the end of the answer; nothing where none came.
    pub latency_ms: Option<u64>,
    /// From connecting to the first byte of an HTTP answer's body; without a body, to the answer.
    pub first_byte_ms: Option<u64>,
    /// One line for a person.
    pub message: String,
}

impl TargetReport {
    pub(crate) fn of(question: &Question, answer: Option<&Answer>) -> Self {
        Self {
            target: question.target.to_string(),
            name: question.name.clone(),
            ok: answer.is_some_and(|answer| answer.ok),
            status: answer.and_then(|answer| answer.status),
            latency_ms: answer.and_then(latency).map(milliseconds),
            first_byte_ms: answer
                .and_then(|answer| answer.first_byte)
                .map(milliseconds),
            message: answer.map_or_else(
                || "it was not asked in time".to_owned(),
                |answer| answer.message.clone(),
            ),
        }
    }
}

impl TargetReport {
    /// What came of it, for people.
    pub(crate) fn sentence(&self) -> String {
        match &self.name {
            Some(name) => format!("{name} ({}): {}", self.target, self.message),
            None => format!("{}: {}", self.target, self.message),
        }
    }
}

/// How long that answer took; nothing where none came.
pub(crate) fn latency(answer: &Answer) -> Option<Duration> {
    (answer.ok || answer.status.is_some()).then_some(answer.latency)
}

pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The service at the last look. What was not looked at is `None`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceReport {
    /// Its state.
    pub active: Active,
    /// Its state in its supervisor's words.
    pub substate: String,
    /// Its main process.
    pub pid: Option<u32>,
    /// Names this run.
    pub invocation: Option<String>,
    /// Its supervisor's counter of automatic restarts.
    pub restarts: Option<u64>,
    /// How many of them came since the switch; without a switch, since the first look.
    pub restarts_since_switch: Option<u64>,
    /// Bytes that are its own.
    pub memory_bytes: Option<u64>,
    /// Bytes at the first look.
    pub memory_bytes_before: Option<u64>,
    /// Percent of one core between the last two looks.
    pub cpu_percent: Option<u64>,
    /// Errors in its log since its start.
    pub log_errors: Option<u64>,
    /// The first few of them.
    pub log_error_examples: Vec<String>,
}

impl ServiceReport {
    pub(crate) fn of(status: &Status) -> Self {
        Self {
            active: status.active,
            substate: status.substate.clone(),
            pid: status.main_pid,
            invocation: status.invocation.clone(),
            restarts: status.restarts,
            restarts_since_switch: None,
            memory_bytes: None,
            memory_bytes_before: None,
            cpu_percent: None,
            log_errors: None,
            log_error_examples: Vec::new(),
        }
    }
}
