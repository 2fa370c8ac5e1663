//! One step of a runbook: the lease is checked, the phase entered, the tool run, its report kept.

use crate::args::StepArgs;
use crate::by_hand::named;
use crate::{log, runbook};
use application::{Application, fail};
use deadline::Deadline;
use deadline::child::{self, Options};
use serde_json::{Value, json};
use state::Phase;
use std::fs::File;
use std::io::Write;
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use step::{Context, Exit, Failure, Report};

/// How long the lease's check and the history's line may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs one tool as a step of the deploy and passes its report on.
pub(crate) fn step(
    application: &Application,
    args: &StepArgs,
    context: &Context,
) -> Result<Report, Failure> {
    let phase: Phase = args.phase.into();
    let id = named(context, &application.load()?)?;
    enter(application, id, phase, &context.deadline(PATIENCE))?;
    let words: Vec<String> = args
        .command
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let log = log::open(application, id)
        .ok()
        .map(|log| Arc::new(Mutex::new(log)));
    say(
        log.as_ref(),
        &format!("{}: {}", phase.name(), words.join(" ")),
    );
    let finished = child::run(
        command(args, id),
        Options {
            stderr_lines: Some(listener(log.clone(), context)),
            gently: true,
            kept: Some(child::LONGEST_ANSWER),
            ..Options::default()
        },
        &Deadline::never(),
    )?;
    let code = runbook::exit_code(finished.status);
    let (status, output) = (finished.status, finished.tail(20));
    // What is too long to be kept is no report.
    let text = finished
        .answer()
        .map_or(String::new(), |said| said.stdout_text());
    say(log.as_ref(), &format!("{}: exit {code}", phase.name()));
    let report = report_in(&text);
    let own = report.clone().unwrap_or_else(|| {
        json!({
            "tool": words[0], "ok": code == 0, "exit": code, "deployId": id, "command": words.join(" "),
            "output": &output,
        })
    });
    keep(application, phase, &own)?;
    if report.is_some() {
        return Ok(Report::passed_on(text, code));
    }
    foreign(&words, (status, code), &output, phase)
}

/// Checks the lease and enters the phase.
fn enter(
    application: &Application,
    id: &str,
    phase: Phase,
    deadline: &Deadline,
) -> Result<(), Failure> {
    let mut held = application.lock(deadline)?;
    let note = held
        .state
        .enter(id, phase)
        .map_err(|refused| fail::refused(&refused))?;
    match note {
        Some(note) => held.write(note).map_err(fail::store),
        None => Ok(()),
    }
}

fn command(args: &StepArgs, id: &str) -> Command {
    let mut words = args.command.iter();
    // clap takes no command without a first word.
    let mut command = Command::new(
        words
            .next()
            .map_or("false".as_ref(), |word| word.as_os_str()),
    );
    command.args(words).env("DEPLOY_ID", id);
    command
}

/// A deploy's log, as the threads that write into it share it.
pub(crate) type Log = Arc<Mutex<File>>;

/// Shows each line of the tool's standard error to people, and puts it into the log.
pub(crate) fn listener(log: Option<Log>, context: &Context) -> child::Sink {
    let quiet = context.is_quiet();
    Box::new(move |line| {
        say(log.as_ref(), line);
        if !quiet {
            step::relay(line);
        }
    })
}

fn say(log: Option<&Log>, text: &str) {
    if let Some(log) = log {
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        log::line(Some(&mut log), text);
        log.flush().ok();
    }
}

/// The tool's output, where it is a report.
fn report_in(text: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(text).ok()?;
    (value["ok"].is_boolean() && value["exit"].is_u64()).then_some(value)
}

/// Puts the report into the history. It goes on through a signal: the tool has done what it has done.
fn keep(application: &Application, phase: Phase, report: &Value) -> Result<(), Failure> {
    let deadline = Deadline::after(PATIENCE).uninterruptible();
    let mut held = application.lock(&deadline)?;
    held.append_report(phase.name(), report)
        .map_err(fail::store)
}

/// The report for a tool that made none: a program of the user's own, or one that was killed.
fn foreign(
    words: &[String],
    (status, code): (ExitStatus, u8),
    output: &str,
    phase: Phase,
) -> Result<Report, Failure> {
    let fields = json!({
        "phase": phase.name(), "command": words.join(" "), "commandExit": code,
        "output": output,
    });
    if code == 0 {
        return Ok(Report::of(&fields));
    }
    let (error, how) = match status.code() {
        Some(code) => ("command-failed", format!("exited with {code}")),
        None => (
            "command-died",
            format!("was ended by signal {}", code - 128),
        ),
    };
    Err(Failure::new(Exit::PassedOn(code), error, format!("{} {how}", words[0])).with(&fields))
}
