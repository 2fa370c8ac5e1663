//! The dead-man's switch as a transient timer of systemd, which outlives everything that the deploy started.

use std::time::Duration;

use deadline::Deadline;

use super::control::{Control, Manager};
use crate::dead_man::DeadManBy;
use crate::{DeadMan, Disarmed, Error, StartAgain};
use nix::unistd::geteuid;
use std::ffi::OsString;

/// Every order about a unit that Slipway gives to `systemctl`: what a rule for sudo has to allow.
pub(super) const ORDERS: [&str; 5] = [
    "start --no-block",
    "restart --no-block",
    "stop --no-block",
    "kill --signal=SIGKILL",
    "reset-failed",
];

/// The timer's and its service's name, without the ending.
fn name(control: &Control) -> String {
    let stem = control.unit.trim_end_matches(".service");
    format!("slipway-dead-man-{stem}")
}

/// Sets the timer, in the place of an earlier one.
pub(super) fn arm(
    control: &Control,
    after: Duration,
    again: &StartAgain,
    deadline: &Deadline,
) -> Result<DeadMan, Error> {
    let name = name(control);
    let action = format!("arm a dead-man's switch for {}", control.service());
    disarm(control, deadline)?;
    let user = match control.manager {
        Manager::System => "",
        Manager::User => "--user ",
    };
    let unit = &control.unit;
    // A unit's name needs no quotes but for a backslash, which single quotes leave alone.
    let script = format!(
        "systemctl {user}reset-failed '{unit}'; exec systemctl {user}start --no-block '{unit}'"
    );
    let itself = ["/bin/sh".to_owned(), "-c".into(), script];
    let command = if again.does_more {
        as_this_user(control, &again.command)
    } else {
        itself.into()
    };
    let milliseconds = format!("--on-active={}ms", after.as_millis());
    let unit_name = format!("--unit={name}");
    let description = format!("--description=Starts {unit} again unless a deploy has by then");
    let mut words = vec![
        "--quiet",
        "--collect",
        &unit_name,
        &description,
        &milliseconds,
        "--timer-property=AccuracySec=100ms",
    ];
    words.extend(command.iter().map(String::as_str));
    control.order_by("systemd-run", &words, &action, deadline)?;
    Ok(DeadMan {
        by: DeadManBy::Timer(format!("{name}.timer")),
        after,
        note: None,
    })
}

/// The command, to be run by systemd as this process would run it: a working tree is its owner's alone.
fn as_this_user(control: &Control, command: &[OsString]) -> Vec<String> {
    let mut words = Vec::new();
    let user = geteuid();
    if control.manager == Manager::System && !user.is_root() {
        words.push(format!("--uid={user}"));
    }
    for name in ["PATH", "HOME"] {
        if let Ok(value) = std::env::var(name) {
            words.push(format!("--setenv={name}={value}"));
        }
    }
    // systemd puts variables in where there is one dollar sign.
    let plain = |word: &OsString| word.to_string_lossy().replace('$', "$$");
    words.extend(command.iter().map(plain));
    words
}

/// Takes the timer away, and its service should it be at work.
pub(super) fn disarm(control: &Control, deadline: &Deadline) -> Result<Disarmed, Error> {
    let name = name(control);
    let action = format!("disarm the dead-man's switch of {}", control.service());
    let mut disarmed = Disarmed::NotArmed;
    for ending in ["timer", "service"] {
        let unit = format!("{name}.{ending}");
        let text = control.ask(&["show", "-p", "ActiveState", &unit], &action, deadline)?;
        if text.trim() == "ActiveState=inactive" || text.trim() == "ActiveState=failed" {
            continue;
        }
        match control.order_by("systemctl", &["stop", &unit], &action, deadline) {
            Ok(()) if ending == "timer" => disarmed = Disarmed::Now,
            // It has gone off or ended since we looked, and is forgotten by now.
            Ok(()) | Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(disarmed)
}
