//! What a runbook that failed or died left in the middle of a switch: `rollback` brings the old release back.

use crate::args::Args;
use crate::step_tool::{Log, listener};
use crate::{log, runbook};
use application::{Application, fail};
use deadline::Deadline;
use deadline::child::{self, Options};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use step::{Context, Failure};

/// How long the history's line may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The tool that knows how, beside this one.
const TOOL: &str = "rollback";

/// Has the tool bring back the release before, and puts its report into the history; its exit code, or nothing where it
/// could not be run. `why` is what became of the runbook.
pub(crate) fn bring_back(
    application: &Application,
    args: &Args,
    id: &str,
    why: &str,
    context: &Context,
) -> Option<u8> {
    let failed = json!({
        "tool": "deploy-state", "ok": false, "exit": 1, "deployId": id,
        "error": {"code": "command-died", "message": why, "hint": null}, "upstream": null,
    });
    let log: Option<Log> = log::open(application, id)
        .ok()
        .map(|log| Arc::new(Mutex::new(log)));
    let finished = child::run(
        command(application, args, id, context),
        Options {
            input: Some(failed.to_string().into_bytes()),
            stderr_lines: Some(listener(log, context)),
            gently: true,
            kept: Some(child::LONGEST_ANSWER),
            ..Options::default()
        },
        &Deadline::never(),
    );
    let Ok(finished) = finished else {
        context.note(
            "what would go back is not beside this tool: what is selected is started as it is",
        );
        return None;
    };
    let code = runbook::exit_code(finished.status);
    let said = finished.answer();
    let report: Option<Value> = said.and_then(|said| serde_json::from_slice(said.stdout()).ok());
    let report = report.unwrap_or_default();
    if report.is_object()
        && let Err(failure) = keep(application, &report)
    {
        // What was brought back is brought back, whether or not it can be told of.
        context.note(format!("its report is not kept: {}", failure.message()));
    }
    Some(code)
}

/// Puts the report into the history.
fn keep(application: &Application, report: &Value) -> Result<(), Failure> {
    let deadline = Deadline::after(PATIENCE).uninterruptible();
    let mut held = application.lock(&deadline)?;
    held.append_report("validating", report)
        .map_err(fail::store)
}

/// The tool, told by variables what this one was told by options; the application's file tells it the rest.
fn command(application: &Application, args: &Args, id: &str, context: &Context) -> Command {
    let beside = std::env::current_exe()
        .ok()
        .map(|own| own.with_file_name(TOOL))
        .filter(|path| path.is_file());
    let program = beside
        .as_deref()
        .map_or(OsStr::new(TOOL), |path| path.as_os_str());
    let mut command = runbook::command(&[program.into()], id, context);
    let layout = &application.layout;
    for (variable, value) in [
        ("DEPLOY_ROOT", &layout.root),
        ("DEPLOY_RELEASES", &layout.releases),
        ("DEPLOY_CURRENT", &layout.current),
        ("DEPLOY_STATE", &layout.state),
    ] {
        command.env(variable, value.as_str());
    }
    if let Some(service) = &args.service.service {
        command.env("DEPLOY_SERVICE", service);
    }
    if let Some(start) = &args.service.start {
        command.env("DEPLOY_START", start);
    }
    if let Some(port) = args.service.port {
        command.env("DEPLOY_PORT", port.to_string());
    }
    command.args(["--on-failure", "-"]);
    command
}
