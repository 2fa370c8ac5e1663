//! How a tool ends: the report on standard output, a word for people on standard error, the exit code.

use crate::config;
use crate::context::{say, wipe};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::field;
use crate::hint;
use crate::report::{Envelope, Report};
use serde_json::Value;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Instant, SystemTime};

/// The variable in which a runbook's deploy is named, beside `DEPLOY_ID`, which somebody may have set by hand.
pub const RUNBOOK: &str = "SLIPWAY_RUNBOOK";
const ROLLBACK: &str = "rollback";
/// How many lines of a service's log are shown to people; the report has more.
const LAST_WORDS: usize = 10;

/// What has become known on the way to the end.
pub(crate) struct Outcome {
    tool: &'static str,
    fields: &'static [&'static str],
    started_at: SystemTime,
    started: Instant,
    pub(crate) deploy_id: Option<String>,
    /// The application's file.
    pub(crate) app: Option<PathBuf>,
    pub(crate) field: Option<String>,
    pub(crate) quiet: bool,
    /// Set where `--help` or `--version` was all that was asked.
    pub(crate) text: Option<String>,
    pub(crate) upstream: Option<Value>,
}

impl Outcome {
    pub(crate) fn begin(tool: &'static str, fields: &'static [&'static str]) -> Self {
        Self {
            tool,
            fields,
            started_at: SystemTime::now(),
            started: Instant::now(),
            deploy_id: None,
            app: None,
            field: None,
            quiet: false,
            text: None,
            upstream: None,
        }
    }

    /// Whether `--field` names something that this tool can report.
    pub(crate) fn check_field(&self) -> Result<(), Failure> {
        match &self.field {
            Some(name) if !field::is_known(self.fields, name) => Err(Failure::usage(format!(
                "--field: {} never reports {name:?}",
                self.tool
            ))
            .hint(format!("{} --help", self.tool))),
            _ => Ok(()),
        }
    }

    /// The failure with a hint that can be pasted as it is.
    fn addressed(&self, mut failure: Failure) -> Failure {
        // A runbook leads back by itself: once more would lead away from the good release.
        let leads_back = self.tool != ROLLBACK && is_in_a_runbook();
        failure.hint = failure
            .hint
            .filter(|hint| !(leads_back && hint == ROLLBACK))
            .map(|hint| hint::edited(hint, self.tool, self.app.as_deref()))
            .map(|hint| match &self.app {
                Some(file) => hint::addressed(&hint, &config::name_of(file)),
                None => hint,
            });
        failure
    }

    /// Prints what there is to print and says how the tool is to exit.
    pub(crate) fn finish(self, result: Result<Report, Failure>) -> Exit {
        wipe();
        if let Some(text) = &self.text {
            write_out(text);
            return Exit::Done;
        }
        let result = with_signal(result).map_err(|failure| self.addressed(failure));
        let exit = match &result {
            Ok(report) => report.exit.unwrap_or(Exit::Done),
            Err(failure) => failure.exit,
        };
        if let Ok(Report {
            verbatim: Some(text),
            ..
        }) = &result
        {
            // Another tool's report is not this tool's to take fields from.
            if self.field.is_none() {
                write_out(text);
            }
            return exit;
        }
        if let Err(failure) = &result
            && !self.quiet
        {
            for line in last_words(failure) {
                say(self.tool, &format!("| {line}"));
            }
            say(self.tool, &failure.message);
            if let Some(hint) = &failure.hint {
                say(self.tool, &format!("hint: {hint}"));
            }
        }
        let envelope = Envelope {
            tool: self.tool,
            started_at: self.started_at,
            duration: self.started.elapsed(),
            deploy_id: self.deploy_id.as_deref(),
            upstream: self.upstream.as_ref(),
        };
        let report = envelope.around(&result);
        match &self.field {
            None => write_out(&format!("{}\n", written(&report))),
            Some(name) if result.is_ok() => {
                write_out(&format!("{}\n", field::raw(&report, name)));
            }
            Some(_) => {}
        }
        exit
    }
}

/// Whether a runbook runs this step, which goes on by itself when the step has failed.
fn is_in_a_runbook() -> bool {
    let told = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    told(RUNBOOK).is_some_and(|id| told("DEPLOY_ID") == Some(id))
}

/// The last lines of the service's log, where the failure came with them: the reason is mostly there.
fn last_words(failure: &Failure) -> impl Iterator<Item = &str> {
    let lines = failure
        .report
        .fields
        .get("logTail")
        .and_then(Value::as_array);
    let lines = lines.map_or(&[][..], Vec::as_slice);
    lines[lines.len().saturating_sub(LAST_WORDS)..]
        .iter()
        .filter_map(Value::as_str)
}

/// A signal that came decides how the tool ends, whatever the step had come to by then.
fn with_signal(result: Result<Report, Failure>) -> Result<Report, Failure> {
    let Some(signal) = deadline::interrupt::raised() else {
        return result;
    };
    match result {
        Ok(report) if report.verbatim.is_some() || report.exit.is_some() => Ok(report),
        Ok(report) => {
            let message = format!("the step was finished, then ended by signal {signal}");
            let mut failure = Failure::new(Exit::Signal(signal), "interrupted", message);
            failure.report = report;
            Err(failure)
        }
        // That nobody serves, or that another deploy does, outweighs why the tool ended.
        Err(failure) if matches!(failure.exit, Exit::Down | Exit::Busy) => Err(failure),
        Err(mut failure) => {
            failure.exit = Exit::Signal(signal);
            Err(failure)
        }
    }
}

fn written(report: &Value) -> String {
    if io::stdout().is_terminal() {
        format!("{report:#}")
    } else {
        report.to_string()
    }
}

/// A closed or full standard output never turns a done step into a failed one.
fn write_out(text: &str) {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).ok();
    out.flush().ok();
}
