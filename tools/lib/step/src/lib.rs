//! What every tool is: options, one report, an exit code, signals and a deadline.
//!
//! A tool is a type that implements [`Tool`]; its `main` calls [`main`]. This is the only crate that prints or exits.

mod around;
pub mod config;
mod context;
pub mod exit;
mod failure;
mod field;
mod hint;
mod inject;
mod nearest;
pub mod options;
mod outcome;
pub mod parse;
mod report;
mod settings;
mod signals;
mod upstream;
mod variables;

pub use context::{Context, relay};
pub use deadline::child::quoted;
pub use exit::Exit;
pub use failure::Failure;
pub use hint::{EDIT, TOOLS, counted};
pub use inject::{is_set, told};
pub use report::Report;
pub use settings::check_settings;
pub use upstream::Upstream;
pub use variables::variable;

use clap::FromArgMatches;
use deadline::Deadline;
use outcome::Outcome;
pub use outcome::RUNBOOK;
use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

/// One step of a deploy.
pub trait Tool {
    /// The command's name.
    const NAME: &'static str;
    /// What it does, in one line.
    const ABOUT: &'static str;
    /// Its own options.
    type Args: clap::Args;
    /// Every field that its report can have, with dotted names reaching inside: `N` stands for a place in a list, a
    /// last `*` for whatever lies deeper.
    const FIELDS: &'static [&'static str];
    /// The `error.code`s that it may report: its own, and those of the crates that it is made of. [`COMMON_CODES`] are
    /// understood, and no code is in two of the tables.
    const CODES: &'static [Codes];

    /// Whether a failed report of the step before is work for this tool, and not to be passed on untouched.
    fn acts_on_failure(_args: &Self::Args) -> bool {
        false
    }

    /// Whether the tool goes on although a signal has come while it waited for the report of the step before.
    fn outlives_signals(_args: &Self::Args) -> bool {
        false
    }

    /// What a failure comes to, be it the command line's, the env file's or the step's own; `words` is the command
    /// line. A failure stays one, but for the tool that must not fail whatever happens.
    fn excuse(_words: &[OsString], failure: Failure) -> Result<Report, Failure> {
        Err(failure)
    }

    /// Does the step.
    fn run(args: Self::Args, context: &Context) -> Result<Report, Failure>;
}

/// A table of `error.code`s, each with its meaning.
pub type Codes = &'static [(&'static str, &'static str)];

/// The `error.code`s that any tool may report.
pub const COMMON_CODES: Codes = &[
    ("usage", "an option, its value or the env file is wrong"),
    ("timed-out", "the time limit has passed"),
    ("interrupted", "a signal ended the tool"),
    (
        "missing-program",
        "a program that is needed is not installed",
    ),
    ("cannot-start", "a program that is needed cannot be started"),
    ("upstream-missing", "no report came on standard input"),
    (
        "upstream-invalid",
        "what came on standard input is not a report",
    ),
    ("io", "the file system refused"),
    ("internal", "a defect of the tool itself"),
];

/// Every `error.code` that a tool may report, each with its meaning: [`COMMON_CODES`] last.
pub fn codes<T: Tool>() -> impl Iterator<Item = (&'static str, &'static str)> {
    let tables = T::CODES.iter().chain([&COMMON_CODES]);
    tables.flat_map(|table| table.iter().copied())
}

/// Runs a tool from its command line to its exit.
pub fn main<T: Tool>() -> ExitCode {
    // Before anything is begun: it is done by beginning anew.
    let surrounded = around::surround();
    inherited::keep_from_children();
    signals::watch();
    // A defect ends in a report, not in a trace on the user's screen.
    panic::set_hook(Box::new(|_| {}));
    let mut outcome = Outcome::begin(T::NAME, T::FIELDS);
    let attempted = surrounded.and_then(|()| attempt::<T>(&mut outcome));
    let result = checked::<T>(attempted).or_else(|failure| {
        let words: Vec<OsString> = env::args_os().collect();
        T::excuse(&words, failure)
    });
    let exit = outcome.finish(result);
    if let Exit::Signal(signal) = exit {
        signals::die_by(signal);
    }
    ExitCode::from(exit.code())
}

fn attempt<T: Tool>(outcome: &mut Outcome) -> Result<Report, Failure> {
    let read = options::parse::<T>(outcome).and_then(|parsed| {
        let Some(parsed) = parsed else {
            return Ok(None);
        };
        T::Args::from_arg_matches(&parsed.matches)
            .map(|args| Some((parsed, args)))
            .map_err(|error| Failure::usage(error.to_string().trim_end()))
    });
    let (parsed, args) = match read {
        Ok(Some(read)) => read,
        Ok(None) => return Ok(Report::default()),
        Err(failure) => {
            hear_out(outcome);
            return Err(failure);
        }
    };
    let mut context = parsed.context;
    if parsed.reads_upstream {
        let patience = if T::outlives_signals(&args) {
            Deadline::never().uninterruptible()
        } else {
            Deadline::never()
        };
        let upstream = match Upstream::read(&patience) {
            // A step that died without a word has failed, and that is this tool's work.
            Err(failure) if T::acts_on_failure(&args) && Upstream::is_lost(&failure) => {
                Upstream::lost(&failure)
            }
            read => read?,
        };
        if !upstream.ok() && !T::acts_on_failure(&args) {
            let exit = upstream.exit();
            return Ok(Report::passed_on(upstream.text, exit));
        }
        outcome.upstream = Some(upstream.value.clone());
        context.upstream = Some(upstream);
    }
    panic::catch_unwind(AssertUnwindSafe(|| T::run(args, &context))).unwrap_or_else(|cause| {
        let what = cause
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| cause.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        Err(Failure::impossible(
            "internal",
            format!("a defect in {}: {what}", T::NAME),
        ))
    })
}

/// A step with a wrong command line, too, waits for those before it and tells of them: what comes after has to know what
/// they have touched. Nobody at a terminal is made to wait, nor for a `--field`, which comes without a report.
fn hear_out(outcome: &mut Outcome) {
    let words: Vec<OsString> = env::args_os().collect();
    if options::reads_upstream(&words)
        && outcome.field.is_none()
        && !io::stdin().is_terminal()
        && let Ok(upstream) = Upstream::read(&Deadline::never())
    {
        outcome.upstream = Some(upstream.value);
    }
}

/// In a debug build, a field or a code that the tool has not declared is a defect that every test sees.
fn checked<T: Tool>(result: Result<Report, Failure>) -> Result<Report, Failure> {
    if !cfg!(debug_assertions) {
        return result;
    }
    let (fields, code) = match &result {
        Ok(report) => (&report.fields, None),
        Err(failure) => (&failure.report.fields, Some(failure.code)),
    };
    let undeclared = fields
        .keys()
        .find(|name| !field::is_known(T::FIELDS, name))
        .map(|name| format!("the field {name} is not declared"))
        .or_else(|| {
            let code = code?;
            (!codes::<T>().any(|(name, _)| name == code))
                .then(|| format!("the error code {code} is not declared"))
        });
    match undeclared {
        Some(problem) => Err(Failure::impossible("internal", problem)),
        None => result,
    }
}
