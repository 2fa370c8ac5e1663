//! Whether anything starts the service when the machine does.

use super::supervised::Commands;
use crate::finding::{Finding, Status as Verdict};
use deadline::Deadline;
use deadline::child::{self, Options};
use service::Status;

/// Of PM2: it has nothing that it would start.
const UNSAVED: &str = "unsaved";

/// A service that is well, weighed against what is there after the next boot: a warning where nothing starts it.
pub(super) fn weigh(
    finding: Finding,
    status: &Status,
    commands: &Commands,
    deadline: &Deadline,
) -> Finding {
    if finding.status != Verdict::Pass {
        return finding;
    }
    let sockets = || states_of(&status.socket_units, commands, deadline);
    match asleep(status, sockets) {
        Some(state) => Finding {
            status: Verdict::Warn,
            message: format!(
                "{}; nothing starts it at boot: {}",
                finding.message,
                match state {
                    UNSAVED =>
                        "PM2 has no saved list (and pm2 startup, once, has PM2 itself started)"
                            .to_owned(),
                    state => format!("its unit is {state}"),
                }
            ),
            hint: Some(commands.enable(state == "static")),
            ..finding
        },
        None => finding,
    }
}

/// In which state of its file the unit is not started at boot. One whose socket is enabled is as good as enabled.
fn asleep(status: &Status, sockets: impl FnOnce() -> Vec<String>) -> Option<&str> {
    let state = status.file_state.as_deref()?;
    let is_asleep = matches!(
        state,
        "disabled"
            | "static"
            | "indirect"
            | "linked"
            | "linked-runtime"
            | "enabled-runtime"
            | UNSAVED
    );
    if !is_asleep {
        return None;
    }
    if status.socket_units.is_empty() {
        return Some(state);
    }
    let sockets = sockets();
    // What systemd does not say is no reason for a warning.
    let is_awake = sockets.is_empty() || sockets.iter().any(|state| state == "enabled");
    (!is_awake).then_some(state)
}

/// The states of these units' files; nothing where they cannot be asked for.
fn states_of(units: &[String], commands: &Commands, deadline: &Deadline) -> Vec<String> {
    let Some(mut command) = commands.systemctl() else {
        return Vec::new();
    };
    command.arg("is-enabled").args(units);
    let said = child::ask(command, Options::default(), deadline);
    said.map_or(Vec::new(), |finished| {
        let text = finished.stdout_text();
        text.lines().map(str::to_owned).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::super::service::tests::{status, unit};
    use super::*;
    use service::Active;

    fn finding(state: Option<&str>) -> Finding {
        let status = Status {
            file_state: state.map(str::to_owned),
            ..status(Active::Running)
        };
        let well = Finding::pass("the service is running");
        weigh(well, &status, &unit(), &Deadline::never())
    }

    #[test]
    fn a_unit_that_nothing_starts_at_boot_is_a_warning() {
        for state in ["enabled", "generated", "alias"] {
            assert_eq!(finding(Some(state)).status, Verdict::Pass, "{state}");
        }
        assert_eq!(finding(None).status, Verdict::Pass, "no unit at all");
        let disabled = finding(Some("disabled"));
        assert_eq!(disabled.status, Verdict::Warn);
        assert!(disabled.message.contains("nothing starts it at boot"));
        let hint = Some("systemctl enable shop.service");
        assert_eq!(disabled.hint.as_deref(), hint);
        let unsaved = finding(Some(UNSAVED));
        assert!(unsaved.message.contains("PM2 has no saved list"));
        let rigid = finding(Some("static")).hint.unwrap_or_default();
        assert!(rigid.contains("[Install]\\nWantedBy="), "{rigid}");
        // Another check's hint writes one too.
        assert!(rigid.contains("/slipway-boot.conf"), "{rigid}");
        assert!(rigid.contains("systemctl enable shop.service"), "{rigid}");
    }

    #[test]
    fn an_enabled_socket_is_enough() {
        let status = Status {
            file_state: Some("disabled".to_owned()),
            socket_units: vec!["shop.socket".to_owned()],
            ..status(Active::Running)
        };
        let with = |states: &[&str]| {
            let said = states.iter().map(|state| (*state).to_owned());
            asleep(&status, || said.collect()).is_some()
        };
        assert!(!with(&["enabled"]));
        assert!(!with(&["disabled", "enabled"]));
        assert!(!with(&[]), "nobody knows");
        assert!(with(&["disabled"]));
    }

    #[test]
    fn a_failure_stays_one() {
        let failed = Finding::fail("f", "h");
        let status = Status {
            file_state: Some("disabled".to_owned()),
            ..status(Active::Failed)
        };
        let weighed = weigh(failed.clone(), &status, &unit(), &Deadline::never());
        assert_eq!(weighed, failed);
    }
}
