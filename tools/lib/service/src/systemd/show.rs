//! `systemctl show`, read.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use crate::{Active, Error, StartLimit, Status};

/// Everything that is asked for, in one call.
pub(super) const PROPERTIES: [&str; 24] = [
    "LoadState",
    "LoadError",
    "ActiveState",
    "SubState",
    "Type",
    "MainPID",
    "InvocationID",
    "NRestarts",
    "Restart",
    "Result",
    "ExecMainStatus",
    "ActiveEnterTimestampMonotonic",
    "TimeoutStopUSec",
    "StartLimitBurst",
    "StartLimitIntervalUSec",
    "TriggeredBy",
    "ControlGroup",
    "User",
    "WorkingDirectory",
    "FragmentPath",
    "UnitFileState",
    "Id",
    "NeedDaemonReload",
    "Job",
];

/// The lines `NAME=VALUE` of one unit.
pub(super) struct Properties<'a>(HashMap<&'a str, &'a str>);

impl<'a> Properties<'a> {
    /// A value may hold `=`; a line without one continues nothing that is asked for here.
    pub(super) fn parse(text: &'a str) -> Self {
        Self(
            text.lines()
                .filter_map(|line| line.split_once('='))
                .collect(),
        )
    }

    /// The value; nothing where it is empty or systemd is too old to know it.
    fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).copied().filter(|value| !value.is_empty())
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }
}

/// What these lines say about `service`.
pub(super) fn status(properties: &Properties<'_>, service: &str) -> Result<Status, Error> {
    let active = properties.text("ActiveState").unwrap_or("inactive");
    let substate = properties.text("SubState").unwrap_or("dead");
    let at_rest = matches!(active, "inactive" | "failed");
    match properties.text("LoadState") {
        // A unit whose file was removed while it runs is still there.
        Some("not-found") if at_rest => {
            return Err(Error::NotFound {
                service: service.to_owned(),
                hint: None,
            });
        }
        Some(state @ ("bad-setting" | "error" | "masked")) if at_rest => {
            return Err(not_loaded(properties, state, service));
        }
        None => {
            return Err(Error::Unavailable {
                service: service.to_owned(),
                said: "systemctl answered nothing that is understood".to_owned(),
            });
        }
        Some(_) => {}
    }
    let mut status = Status::bare(activity(active, substate), substate);
    status.main_pid = properties.number("MainPID").filter(|pid| *pid > 0);
    status.invocation = properties.owned("InvocationID");
    status.restarts = properties.number("NRestarts");
    status.result = properties.owned("Result");
    status.exit_status = properties.number("ExecMainStatus");
    status.active_for = (active == "active")
        .then(|| active_for(properties.number("ActiveEnterTimestampMonotonic")?))
        .flatten();
    status.stop_timeout = properties.text("TimeoutStopUSec").and_then(time_span);
    status.start_limit = start_limit(properties);
    status.start_limit_hit = start_limit_hit(&status, properties);
    status.socket_units = properties
        .text("TriggeredBy")
        .unwrap_or_default()
        .split_ascii_whitespace()
        .filter(|unit| unit.ends_with(".socket"))
        .map(str::to_owned)
        .collect();
    status.control_group = properties.text("ControlGroup").map(PathBuf::from);
    status.user = properties.owned("User");
    // `-/x` may be missing, `!/x` is relative to nothing we know.
    status.working_directory = properties
        .text("WorkingDirectory")
        .map(|path| PathBuf::from(path.trim_start_matches(['-', '!'])));
    status.file = properties.text("FragmentPath").map(PathBuf::from);
    status.file_state = properties.owned("UnitFileState");
    status.job_pending = Some(properties.number("Job").is_some_and(|job: u64| job > 0));
    Ok(status)
}

/// A unit whose file is there and of no use.
fn not_loaded(properties: &Properties<'_>, state: &str, service: &str) -> Error {
    // `org.freedesktop.systemd1.UnitMasked "Unit shop.service is masked."`
    let why = properties.text("LoadError").unwrap_or(state);
    let why = why.split('"').nth(1).unwrap_or(why);
    let (kind, unit) = service.split_once(':').unwrap_or(("systemd", service));
    let user = if kind == "systemd-user" {
        " --user"
    } else {
        ""
    };
    Error::Refused {
        action: format!("use {service}"),
        said: why.to_owned(),
        hint: Some(if state == "masked" {
            format!("systemctl{user} unmask {unit}")
        } else {
            format!("systemd-analyze{user} verify {unit}")
        }),
    }
}

fn activity(active: &str, substate: &str) -> Active {
    match (active, substate) {
        // From systemd 254 on there is `auto-restart-queued` as well.
        ("activating", state) if state.starts_with("auto-restart") => Active::Restarting,
        ("activating", _) => Active::Starting,
        ("active" | "reloading" | "refreshing", _) => Active::Running,
        ("deactivating", _) => Active::Stopping,
        ("failed", _) => Active::Failed,
        _ => Active::Stopped,
    }
}

fn start_limit(properties: &Properties<'_>) -> Option<StartLimit> {
    let burst = properties
        .number("StartLimitBurst")
        .filter(|burst| *burst > 0)?;
    let interval = properties
        .text("StartLimitIntervalUSec")
        .and_then(time_span)?;
    (!interval.is_zero()).then_some(StartLimit { burst, interval })
}

/// Whether systemd has given up because of too many starts.
///
/// It says so only where nothing else had gone wrong: a unit that crashes until the limit is reached keeps the result of the
/// crash (`exit-code`). But a unit that is to be restarted, that failed, and that was restarted as often as the limit
/// allows, failed for good only because of the limit.
fn start_limit_hit(status: &Status, properties: &Properties<'_>) -> bool {
    if status.active != Active::Failed {
        return false;
    }
    if status.result.as_deref() == Some("start-limit-hit") {
        return true;
    }
    let restarted = matches!(
        properties.text("Restart"),
        Some("always" | "on-failure" | "on-abnormal" | "on-abort" | "on-watchdog" | "on-success")
    );
    match (status.restarts, status.start_limit) {
        (Some(restarts), Some(limit)) => restarted && restarts >= limit.burst,
        _ => false,
    }
}

/// Time since that moment of the monotonic clock, in microseconds.
fn active_for(entered: u64) -> Option<Duration> {
    let now = Duration::from(clock_gettime(ClockId::CLOCK_MONOTONIC).ok()?);
    (entered > 0).then(|| now.saturating_sub(Duration::from_micros(entered)))
}

/// A time span as systemd prints it (`1min 30s`, `500ms`, `2h 3min`); nothing for `infinity` and for what is not understood.
fn time_span(text: &str) -> Option<Duration> {
    text.split_ascii_whitespace().map(one_span).sum()
}

fn one_span(text: &str) -> Option<Duration> {
    let unit =
        text.trim_start_matches(|character: char| character.is_ascii_digit() || character == '.');
    let number: f64 = text[..text.len() - unit.len()].parse().ok()?;
    let seconds = match unit {
        "us" | "\u{b5}s" | "\u{3bc}s" => 1e-6,
        "ms" => 1e-3,
        "s" | "" => 1.0,
        "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        "w" => 604_800.0,
        "month" => 2_629_800.0,
        "y" => 31_557_600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number * seconds).ok()
}

#[cfg(test)]
mod tests;
