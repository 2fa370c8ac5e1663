//! `service`: it exists, can be started, has not failed, and its supervisor gives it at least the time to stop that we do.

use super::live::Live;
use super::supervised::{Commands, not_asked};
use super::{Check, balanced, boot};
use crate::finding::{Finding, Status as Verdict};
use crate::given::{Given, edit};
use camino::Utf8PathBuf;
use deadline::Deadline;
use releases::Current;
use service::{Active, Name, Service, Status};
use std::time::Duration;

pub(super) const CHECK: Check = Check {
    name: "service",
    about: "the service exists, can be started, has not failed, is given as long to stop as --stop-timeout, and is started at boot; HAProxy can drain it",
    needs: "--service",
    given: |given| given.service.is_some(),
    run,
};

fn run(given: &Given, deadline: &Deadline) -> Finding {
    match &given.service {
        Some(service) => balanced::weigh(look(service, given, deadline), given, deadline),
        None => Finding::skip("there is no service"),
    }
}

fn look(service: &Service, given: &Given, deadline: &Deadline) -> Finding {
    let commands = Commands::of(service, given);
    if let Some(finding) = unstartable(
        service.name(),
        given.args.service.start.as_deref(),
        &given.file,
    ) {
        return finding;
    }
    if let Some(finding) = unstartable_anywhere(service, given) {
        return finding;
    }
    let status = match given.status(service, deadline) {
        Ok(status) => status,
        Err(problem) => return not_asked(problem, &commands),
    };
    if let Some(finding) = failed(status, &commands) {
        return Live::of(given).weigh(finding, &given.past(CHECK.name));
    }
    let finding = judge(status, given.args.stop_timeout, &commands);
    if finding.status == Verdict::Pass
        && let Some(live) = live(given)
        && let Some(finding) = at_rest(status, &live, &commands)
    {
        return finding;
    }
    boot::weigh(finding, status, &commands, deadline)
}

/// The release that is live.
fn live(given: &Given) -> Option<String> {
    match given.application.as_ref()?.current().ok()? {
        Current::Release(name) => Some(name),
        _ => None,
    }
}

/// A release is live and the service does not run: somebody has stopped it, or this supervisor is not the one that it runs
/// under. One that a socket starts is at rest until somebody asks.
fn at_rest(status: &Status, live: &str, commands: &Commands) -> Option<Finding> {
    let rests = status.active == Active::Stopped && status.socket_units.is_empty();
    rests.then(|| {
        Finding::warn(
            format!(
                "the service is {}, and {live} is live: it was stopped, or runs under another supervisor than this one",
                status.phrase()
            ),
            commands.look_for(),
        )
    })
}

/// A plain process is started by a command of ours, and without one it would only ever be stopped.
fn unstartable(name: &Name, start: Option<&str>, file: &str) -> Option<Finding> {
    let lacks =
        matches!(name, Name::Process(_)) && start.is_none_or(|start| start.trim().is_empty());
    lacks.then(|| {
        Finding::fail(
            format!("no command is given that starts {name} (--start, DEPLOY_START)"),
            edit(file),
        )
    })
}

/// Neither what is to go live nor what is live says how it is started: that would be found out after the stop.
fn unstartable_anywhere(service: &Service, given: &Given) -> Option<Finding> {
    let layout = given.application.as_ref().map(|one| &one.layout);
    let release = given.release.as_ref().zip(layout);
    let directories = [
        release.map(|(release, layout)| layout.releases.join(release)),
        given
            .args
            .source
            .clone()
            .or_else(|| given.of_stage("source").map(Utf8PathBuf::from)),
        layout.map(|layout| layout.current.clone()),
    ];
    let mut problems = directories
        .into_iter()
        .flatten()
        .filter(|directory| directory.is_dir())
        .map(|directory| service.startable(directory.as_std_path()));
    let first = problems.next()?.err()?;
    if problems.any(|problem| problem.is_ok()) {
        return None;
    }
    let hint = first.hint();
    Some(Finding::fail(
        first.to_string(),
        hint.unwrap_or_else(|| edit(&given.file)),
    ))
}

fn failed(status: &Status, commands: &Commands) -> Option<Finding> {
    let found = || format!("the service is {}", status.phrase());
    if status.is_unhealthy() {
        return Some(Finding::fail(found(), commands.log()));
    }
    (status.active == Active::Failed).then(|| Finding::fail(found(), commands.start_anew()))
}

fn judge(status: &Status, ours: Duration, commands: &Commands) -> Finding {
    match status.stop_timeout {
        Some(theirs) if theirs < ours => Finding::fail(
            format!(
                "its supervisor kills it {} after a stop; it is to have {}{}",
                milliseconds(theirs),
                milliseconds(ours),
                commands.stop_within_lastingly(ours)
            ),
            commands.stop_within(ours),
        )
        .measured(number(theirs), number(ours)),
        _ => Finding::pass(format!("the service is {}", status.phrase())),
    }
}

fn number(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn milliseconds(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    pub(in crate::checks) fn unit() -> Commands {
        Commands::named(&"systemd:shop".parse().unwrap(), "run", "".as_ref())
    }

    pub(in crate::checks) fn status(active: Active) -> Status {
        Status {
            active,
            substate: "running".into(),
            main_pid: Some(1),
            invocation: None,
            restarts: Some(0),
            start_limit_hit: false,
            result: None,
            exit_status: None,
            active_for: Some(Duration::from_secs(5)),
            stop_timeout: Some(Duration::from_secs(90)),
            start_limit: None,
            socket_units: Vec::new(),
            control_group: None,
            user: None,
            working_directory: None,
            file: None,
            file_state: None,
            job_pending: None,
            restarts_by_order: false,
            images: Vec::new(),
        }
    }

    #[test]
    fn failed_is_failed_and_stopped_is_well() {
        let thirty = Duration::from_secs(30);
        for active in [Active::Running, Active::Stopped] {
            let status = status(active);
            assert_eq!(failed(&status, &unit()), None);
            assert_eq!(judge(&status, thirty, &unit()).status, Verdict::Pass);
        }
        let finding = failed(&status(Active::Failed), &unit()).unwrap();
        assert_eq!(finding.status, Verdict::Fail);
        assert!(finding.hint.unwrap().contains("reset-failed"));
    }

    #[test]
    fn a_live_release_of_which_nothing_runs_is_told() {
        let of = |status: &Status| at_rest(status, "r1", &unit());
        assert_eq!(of(&status(Active::Running)), None);
        let mut stopped = status(Active::Stopped);
        let finding = of(&stopped).unwrap();
        assert_eq!(finding.status, Verdict::Warn);
        assert!(finding.message.contains("r1 is live"), "{finding:?}");
        assert_eq!(finding.hint.unwrap(), "systemctl status shop.service");
        stopped.socket_units.push("shop.socket".into());
        assert_eq!(of(&stopped), None);
    }

    #[test]
    fn a_plain_process_needs_a_command() {
        let without = |name: &str, start| unstartable(&name.parse().unwrap(), start, "shop.env");
        let finding = without("process:shop", None).unwrap();
        assert_eq!(finding.status, Verdict::Fail);
        assert!(finding.message.contains("DEPLOY_START"));
        assert_eq!(finding.hint.unwrap(), "\"${EDITOR:-vi}\" shop.env");
        assert_eq!(without("process:shop", Some("serve")), None);
        assert_eq!(without("systemd:shop", None), None);
    }

    #[test]
    fn a_supervisor_that_kills_sooner_than_we_would() {
        let running = status(Active::Running);
        let at = judge(&running, Duration::from_secs(90), &unit());
        assert_eq!(at.status, Verdict::Pass);
        let beyond = judge(&running, Duration::from_secs(91), &unit());
        assert_eq!(beyond.status, Verdict::Fail);
        assert_eq!(beyond.value, 90_000);
        assert_eq!(beyond.limit, 91_000);
        let hint = beyond.hint.unwrap();
        assert!(hint.contains("TimeoutStopSec=91s"), "{hint}");
        assert!(hint.contains("/slipway-stop.conf"), "{hint}");
        let for_ever = Status {
            stop_timeout: None,
            ..running
        };
        let finding = judge(&for_ever, Duration::from_secs(91), &unit());
        assert_eq!(finding.status, Verdict::Pass);
    }
}
