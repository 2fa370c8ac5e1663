//! The report of the step before, read from standard input where the last argument is `-`.

use crate::failure::Failure;
use deadline::Deadline;
use serde_json::{Value, json};
use std::io::{self, Read};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// Far more than any report; enough to refuse somebody's disk image.
const LARGEST: u64 = 16 * 1024 * 1024;

/// A report as it came.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// The text, untouched.
    pub text: String,
    /// What it says.
    pub value: Value,
}

impl Upstream {
    /// Whether the step before did what it was asked.
    pub fn ok(&self) -> bool {
        self.value["ok"] == Value::Bool(true)
    }

    /// The exit code of the step before.
    pub fn exit(&self) -> u8 {
        self.value["exit"]
            .as_u64()
            .and_then(|code| u8::try_from(code).ok())
            .unwrap_or(3)
    }

    /// A field of the report, or of the nearest report before it that has one.
    pub fn find(&self, pointer: &str) -> Option<&Value> {
        let mut report = &self.value;
        loop {
            match report.pointer(pointer) {
                Some(value) if !value.is_null() => return Some(value),
                _ => report = report.get("upstream").filter(|value| value.is_object())?,
            }
        }
    }

    /// Whether a report that should have come is missing or spoilt.
    pub(crate) fn is_lost(failure: &Failure) -> bool {
        matches!(failure.code(), "upstream-missing" | "upstream-invalid")
    }

    /// A failed report in place of one that never came.
    pub(crate) fn lost(failure: &Failure) -> Self {
        let value = json!({
            "tool": null, "ok": false, "exit": failure.exit().code(),
            "error": {"code": failure.code(), "message": failure.message(), "hint": failure.hint_text()},
            "upstream": null,
        });
        Self {
            text: format!("{value}\n"),
            value,
        }
    }

    /// Reads a whole report from standard input.
    pub fn read(deadline: &Deadline) -> Result<Self, Failure> {
        let text = read_to_end(deadline)?;
        if text.trim().is_empty() {
            return Err(Failure::impossible(
                "upstream-missing",
                "no report came on standard input: the step before died without a word",
            )
            .hint("deploy-state show"));
        }
        let value: Value = serde_json::from_str(&text).map_err(|error| {
            Failure::impossible(
                "upstream-invalid",
                format!("what came on standard input is not a report: {error}"),
            )
        })?;
        // One that calls itself a failure and exits with 0 would be a success to every script behind.
        let exit = value["exit"].as_u64().filter(|exit| *exit <= 255);
        if exit.is_none() || value["ok"].as_bool() != exit.map(|exit| exit == 0) {
            return Err(Failure::impossible(
                "upstream-invalid",
                "what came on standard input is not a report: it has no ok and exit that agree",
            ));
        }
        Ok(Self { text, value })
    }
}

/// Standard input, read by a thread of its own: a read cannot be ended by a signal, a wait can.
fn read_to_end(deadline: &Deadline) -> Result<String, Failure> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        let outcome = io::stdin().lock().take(LARGEST).read_to_string(&mut text);
        // Nobody listens any more where the tool is ending.
        tell.send(outcome.map(|_| text)).ok();
    });
    loop {
        match told.recv_timeout(Duration::from_millis(20)) {
            Ok(outcome) => {
                return outcome.map_err(|error| {
                    Failure::impossible(
                        "upstream-invalid",
                        format!("cannot read standard input: {error}"),
                    )
                });
            }
            Err(RecvTimeoutError::Timeout) => deadline.check()?,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failure::impossible(
                    "upstream-invalid",
                    "cannot read standard input",
                ));
            }
        }
    }
}
