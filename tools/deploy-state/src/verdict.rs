//! How a whole deploy ended: its report, its exit code, and who is told.

use crate::notify::notify;
use crate::way_out::way_out;
use application::{Application, Recovered, Serves, still_drained};
use serde::Serialize;
use serde_json::Value;
use state::Phase;
use state::lease::Holder;
use std::time::SystemTime;
use step::{Context, Failure, Report};

/// The exit code that says that nobody serves.
pub(crate) const DOWN: u8 = 69;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    deploy_id: String,
    changed: bool,
    outcome: Option<String>,
    why: Option<String>,
    release: Option<String>,
    command: String,
    command_exit: u8,
    over_limit: bool,
    took_over: Option<Holder>,
    recovered: Option<String>,
    log: String,
}

/// What became of what the runbook left.
pub(crate) struct Settled {
    /// What was left and is settled; or why it could not be.
    pub(crate) left: Result<Option<Recovered>, Failure>,
    /// Why nobody serves, where that was looked at.
    pub(crate) nobody: Option<String>,
    /// Whether the rollback says that nobody does.
    pub(crate) is_down: bool,
}

impl Settled {
    /// What that says of the servers that were drained.
    pub(crate) fn serves(&self) -> Serves {
        self.nobody
            .as_ref()
            .map_or(Serves::AsBefore, |_| Serves::No)
    }
}

/// A deploy whose runbook has ended, and is settled as far as it could be.
pub(crate) struct Ended {
    pub(crate) id: String,
    pub(crate) command: String,
    /// How the runbook ended; or why it could not be run.
    pub(crate) code: Result<u8, Failure>,
    pub(crate) over_limit: bool,
    pub(crate) took_over: Option<Holder>,
    pub(crate) settled: Settled,
}

impl Ended {
    /// The report and the verdict; whatever it is, who is to be told is told. That nobody serves outweighs how the runbook ended, and
    /// what could not be done about it; what of the state cannot be read is missing in the report and changes no verdict.
    pub(crate) fn report(
        self,
        application: &Application,
        context: &Context,
    ) -> Result<Report, Failure> {
        let Settled {
            left,
            nobody,
            is_down,
        } = self.settled;
        let (left, unsettled) = apart(left);
        let (code, not_run) = apart(self.code);
        let is_down = is_down || nobody.is_some();
        let failed = unsettled.or(not_run);
        let (told, unread) = apart(application.told(&self.id));
        let (state, locked) = apart(application.load());
        for failure in unread.iter().chain(&locked) {
            context.note(failure.message());
        }
        if let Some(state) = &state {
            if let Some(pause) = state.pause_at(SystemTime::now()) {
                context.note(format!("deploys are paused: {}", pause.why));
            }
            if let Some(drained) = still_drained(state) {
                context.note(drained);
            }
        }
        let told = told.flatten();
        let left = left.flatten();
        let because = failed.as_ref().map(|failure| failure.message().to_owned());
        let failed_with = failed.as_ref().map(|failure| failure.exit().code());
        let report = Run {
            changed: told
                .as_ref()
                .is_some_and(|told| told.phase >= Some(Phase::Restart)),
            outcome: told.as_ref().and_then(|told| told.outcome.clone()),
            why: told.as_ref().and_then(|told| told.why.clone()).or(because),
            release: told.and_then(|told| told.release),
            command: self.command,
            command_exit: if is_down {
                DOWN
            } else {
                code.or(failed_with).unwrap_or_default()
            },
            over_limit: self.over_limit,
            took_over: self.took_over,
            recovered: left.as_ref().map(|left| left.id.clone()),
            log: application.log_of(&self.id).into(),
            deploy_id: self.id,
        };
        let told = serde_json::to_string(&report).unwrap_or_default();
        notify(&told, &report.deploy_id, context);
        // One that crashes again and again is not seen to be down, and the step that says so knows no better release.
        let hint = || match report.command_exit {
            DOWN => way_out(application, context),
            _ => hint(application, &report, context),
        };
        match (failed, nobody) {
            (Some(failure), Some(why)) => {
                let message = format!("nobody serves: {why}; {}", failure.message());
                Err(Failure::down("down", message).hint(hint()).with(&report))
            }
            (Some(failure), None) if !is_down => Err(failure.with(&report)),
            _ => verdict(&report, left.as_ref(), hint()),
        }
    }
}

fn apart<T>(result: Result<T, Failure>) -> (Option<T>, Option<Failure>) {
    match result {
        Ok(value) => (Some(value), None),
        Err(failure) => (None, Some(failure)),
    }
}

/// What mends it: as the last step says, where that is what failed; else the log has more.
fn hint(application: &Application, report: &Run, context: &Context) -> String {
    let history = application.store.history().unwrap_or_default();
    let is_step = |line: &&Value| line["event"] == "step" && line["deployId"] == *report.deploy_id;
    let last = history.iter().rev().find(is_step);
    let hint = last.and_then(|step| step["report"]["error"]["hint"].as_str());
    let log = format!("less {}", report.log);
    match hint {
        Some(hint) if report.command_exit != 0 && hint != log => {
            context.note(format!("the log of it: {log}"));
            hint.to_owned()
        }
        _ => log,
    }
}

/// The runbook's exit code is the verdict, unless it claims a success in the middle of a switch.
fn verdict(report: &Run, left: Option<&Recovered>, hint: String) -> Result<Report, Failure> {
    let id = &report.deploy_id;
    match (report.command_exit, left) {
        (0, None) => Ok(Report::of(report)),
        (0, Some(left)) if !left.settlement.start => Ok(Report::of(report)),
        (0, Some(left)) => Err(Failure::no(
            "not-ended",
            format!(
                "{} ended well but did not end its deploy {id} (deploy-state end succeeded, as its last step), which is settled as {}",
                report.command,
                left.settlement.outcome.name()
            ),
        )
        .hint(format!("less {}", report.log))
        .with(report)),
        (code, _) => {
            let outcome = report.outcome.as_deref().unwrap_or("unknown");
            let why = report.why.as_deref().unwrap_or("no reason was given");
            let message = format!("deploy {id} ended: {outcome}: {why}");
            let failure = if code == DOWN {
                Failure::down("down", message)
            } else {
                Failure::new(step::Exit::PassedOn(code), "command-failed", message)
            };
            Err(failure.hint(hint).with(report))
        }
    }
}
