//! Somebody is told how a deploy has ended.

use deadline::Deadline;
use deadline::child::{self, Options};
use std::process::Command;
use std::time::Duration;
use step::Context;

/// The variable that holds the shell command; in the environment, else in the application's file.
const VARIABLE: &str = "DEPLOY_NOTIFY";
/// How long it may take: whoever waits for the deploy's end waits for this too.
const LIMIT: Duration = Duration::from_secs(30);

/// Gives `report` to the command that tells people, where there is one. The deploy has ended: what becomes of the command makes no
/// difference to it, and is only said.
pub(crate) fn notify(report: &str, id: &str, context: &Context) {
    let around = std::env::var(VARIABLE).ok().filter(|line| !line.is_empty());
    let in_file = || {
        let entry = context.app()?.get(VARIABLE)?;
        Some(entry.value.clone()).filter(|line| !line.is_empty())
    };
    let Some(line) = around.or_else(in_file) else {
        return;
    };
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &line]).env("DEPLOY_ID", id);
    if let Some(app) = context.app() {
        command.env("DEPLOY_APP", &app.path);
    }
    let options = Options {
        input: Some(format!("{report}\n").into_bytes()),
        ..Options::default()
    };
    // A signal has ended the deploy perhaps, and that is told as well.
    let deadline = Deadline::after(LIMIT).uninterruptible();
    match child::run(command, options, &deadline) {
        Ok(finished) if finished.status.success() => {}
        Ok(finished) => context.note(format!(
            "{VARIABLE}: {} {}",
            finished.status,
            finished.tail(1)
        )),
        Err(error) => context.note(format!("{VARIABLE}: {error}")),
    }
}
