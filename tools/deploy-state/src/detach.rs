//! A deploy in the background, which whoever asked for it need not outlive.

use crate::runbook;
use application::{Application, who};
use host::Proc;
use serde_json::json;
use std::process::{Command, Stdio};
use std::time::Duration;
use step::{Context, Failure, Report};

/// How long the process in the background may take to begin its deploy: it may have a dead one to settle first.
const BACKGROUND_BEGINS: Duration = Duration::from_secs(180);

/// What starts it in a session of its own. A service that deploys itself lies in its unit's control group, and so would the
/// deploy that is to stop it: where systemd lets us, it gets a scope of its own.
fn launcher(service: Option<&str>) -> Command {
    if let Some(user) = service.and_then(own_unit) {
        let mut command = Command::new("systemd-run");
        command.args(["--scope", "--quiet", "--collect"]);
        if user {
            command.arg("--user");
        }
        command.args(["--", "setsid"]);
        return command;
    }
    Command::new("setsid")
}

/// Whether this process belongs to the unit of that service, and may leave it; and whether it is a user's unit.
fn own_unit(service: &str) -> Option<bool> {
    let (kind, unit) = service.split_once(':')?;
    let user = match kind {
        "systemd" if nix::unistd::geteuid().is_root() => false,
        "systemd-user" => true,
        _ => return None,
    };
    let unit = match unit.rsplit_once('.') {
        Some(_) => unit.to_owned(),
        None => format!("{unit}.service"),
    };
    let groups = Proc::system().cgroups_of(std::process::id()).ok()?;
    groups
        .iter()
        .any(|group| group.tells_units() && group.path.iter().any(|part| part == unit.as_str()))
        .then_some(user)
}

/// Starts this same command again in a session of its own and answers as soon as its deploy has begun.
pub(crate) fn detach(
    application: &Application,
    service: Option<&str>,
    context: &Context,
) -> Result<Report, Failure> {
    let id = who::new_id().map_err(|error| Failure::impossible("io", error))?;
    let own = std::env::current_exe()
        .map_err(|error| Failure::impossible("io", format!("/proc/self/exe: {error}")))?;
    let mut words = std::env::args_os().skip(1);
    let mut command = launcher(service);
    command.arg(own);
    // Everything up to the runbook's own words is deploy-state's; --detach stands among that.
    command.args(
        words
            .by_ref()
            .take_while(|word| word != "--")
            .filter(|word| word != "--detach"),
    );
    command
        .arg(format!("--detached-as={id}"))
        .arg("--")
        .args(words);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| Failure::impossible("cannot-start", format!("setsid: {error}")))?;
    let deadline = context.deadline(BACKGROUND_BEGINS);
    loop {
        if began(application, &id)? {
            context.note(format!("deploy {id} has begun in the background"));
            return Ok(Report::of(&json!({
                "deployId": id, "log": application.log_of(&id).as_str(),
            })));
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Ok(said(&mut child, runbook::exit_code(status)));
        }
        deadline.sleep(Duration::from_millis(10))?;
    }
}

/// Whether the deploy has begun, even where it has ended since.
fn began(application: &Application, id: &str) -> Result<bool, Failure> {
    if application.load()?.held_by(id).is_ok() {
        return Ok(true);
    }
    Ok(application.told(id)?.is_some())
}

/// The report of the process in the background, which ended before it began a deploy.
fn said(child: &mut std::process::Child, code: u8) -> Report {
    let mut text = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        // What cannot be read is not passed on; the exit code is.
        std::io::Read::read_to_string(&mut stdout, &mut text).ok();
    }
    Report::passed_on(text, code)
}
