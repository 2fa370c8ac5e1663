//! What is reported, whether it ended well or not.

use crate::baseline::Before;
use crate::measures::Measures;
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
    /// The watch after everything was well, where it came to one.
    pub watch: Option<WatchReport>,
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

/// The watch after everything was well.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WatchReport {
    /// Milliseconds that it was to take.
    pub planned_ms: u64,
    /// Milliseconds that it took.
    pub watched_ms: u64,
    /// Answers of all targets.
    pub answers: u64,
    /// Those that were not well.
    pub failures: u64,
    /// These in percent of all.
    pub error_rate: f64,
    /// The highest percentage among the last answers at any time.
    pub worst_error_rate: f64,
    /// Whether it went on because of the error rate.
    pub extended: bool,
    /// The answers from then on.
    pub extension: Option<ExtensionReport>,
    /// What decided, in a sentence.
    pub why: String,
    /// The last failed answer's message, with its target.
    pub last_failure: Option<String>,
}

/// A watch that went on because of the error rate.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExtensionReport {
    /// Milliseconds from the watch's beginning to the breach.
    pub after_ms: u64,
    /// Answers since.
    pub answers: u64,
    /// Those that were not well.
    pub failures: u64,
    /// These in percent.
    pub error_rate: f64,
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
    /// The most bytes at any look.
    pub memory_bytes_most: Option<u64>,
    /// How much more than the baseline that is, in percent of it.
    pub memory_growth_percent: Option<f64>,
    /// Percent of one core: the mean over the watch, else between the last two looks.
    pub cpu_percent: Option<f64>,
    /// How much more than the baseline's that is, in percent of one core.
    pub cpu_growth_percent: Option<f64>,
    /// What ran before the deploy.
    pub baseline: Option<Before>,
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
            memory_bytes_most: None,
            memory_growth_percent: None,
            cpu_percent: None,
            cpu_growth_percent: None,
            baseline: None,
            log_errors: None,
            log_error_examples: Vec::new(),
        }
    }

    /// Takes in what was measured, and holds it against what ran before.
    pub(crate) fn measured(&mut self, measures: &Measures, before: Option<&Before>) {
        self.memory_bytes = measures.memory();
        self.memory_bytes_before = measures.first_memory();
        self.memory_bytes_most = measures.most_memory();
        self.cpu_percent = measures.cpu_percent();
        self.baseline = before.cloned();
        let Some(before) = before.map(|before| before.usage) else {
            return;
        };
        if let (Some(then @ 1..), Some(now)) = (before.memory_bytes, self.memory_bytes) {
            #[allow(clippy::cast_precision_loss)] // A share of memory is no more exact than that.
            let growth = now as f64 / then as f64 * 100.0 - 100.0;
            self.memory_growth_percent = Some(two_decimals(growth));
        }
        if let (Some(then), Some(now)) = (before.cpu_percent, self.cpu_percent) {
            self.cpu_growth_percent = Some(two_decimals(now - then));
        }
    }
}

fn two_decimals(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
