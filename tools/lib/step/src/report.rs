//! The one JSON object on standard output.

use crate::exit::Exit;
use crate::failure::Failure;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::time::{Duration, SystemTime};

/// A tool's own fields, in the order in which they are printed.
#[derive(Debug, Default, Clone)]
pub struct Report {
    pub(crate) fields: Map<String, Value>,
    /// Set where another program's verdict is this tool's own.
    pub(crate) exit: Option<Exit>,
    /// Set where a whole report is passed on untouched.
    pub(crate) verbatim: Option<String>,
}

impl Report {
    /// The fields of a struct, which is to be serialised in camelCase.
    pub fn of(fields: &impl Serialize) -> Self {
        let fields = match serde_json::to_value(fields) {
            Ok(Value::Object(fields)) => fields,
            // A report is always a struct; anything else shows itself in the first test that looks at it.
            _ => Map::new(),
        };
        Self {
            fields,
            ..Self::default()
        }
    }

    /// A report of another program, passed on as it came, with its exit code.
    pub fn passed_on(text: String, exit: u8) -> Self {
        Self {
            verbatim: Some(text),
            exit: Some(Exit::PassedOn(exit)),
            ..Self::default()
        }
    }

    /// The tool's own fields.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }
}

/// What every report begins with, whoever makes it.
pub(crate) struct Envelope<'a> {
    pub(crate) tool: &'a str,
    pub(crate) started_at: SystemTime,
    pub(crate) duration: Duration,
    pub(crate) deploy_id: Option<&'a str>,
    pub(crate) upstream: Option<&'a Value>,
}

impl Envelope<'_> {
    /// The whole report. The tool's own fields follow the common ones; the story of the steps before comes last.
    pub(crate) fn around(&self, outcome: &Result<Report, Failure>) -> Value {
        let (exit, error, fields) = match outcome {
            Ok(report) => (report.exit.unwrap_or(Exit::Done), None, &report.fields),
            Err(failure) => (failure.exit, Some(failure), &failure.report.fields),
        };
        let mut whole = Map::new();
        whole.insert("tool".into(), json!(self.tool));
        whole.insert("version".into(), json!(env!("CARGO_PKG_VERSION")));
        whole.insert("ok".into(), json!(exit.code() == 0));
        whole.insert("exit".into(), json!(exit.code()));
        whole.insert("error".into(), error.map_or(Value::Null, error_object));
        whole.insert("startedAt".into(), json!(clock::rfc3339(self.started_at)));
        let milliseconds = u64::try_from(self.duration.as_millis()).unwrap_or(u64::MAX);
        whole.insert("durationMs".into(), json!(milliseconds));
        whole.insert("deployId".into(), json!(self.deploy_id));
        for (name, value) in fields {
            whole.insert(name.clone(), value.clone());
        }
        whole.insert(
            "upstream".into(),
            self.upstream.cloned().unwrap_or_default(),
        );
        Value::Object(whole)
    }
}

fn error_object(failure: &Failure) -> Value {
    json!({"code": failure.code, "message": failure.message, "hint": failure.hint})
}
