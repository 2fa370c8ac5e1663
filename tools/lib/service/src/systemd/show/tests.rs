#![allow(clippy::unwrap_used)]

use super::*;

/// What systemd 252 answers about a service that runs and is started by a socket too.
const RUNNING: &str = "Type=notify
Restart=on-failure
TimeoutStopUSec=1min 30s
MainPID=311
NRestarts=2
Result=success
ExecMainStatus=0
ControlGroup=/system.slice/shop.service
User=shop
WorkingDirectory=!/srv/shop/current
Id=shop.service
TriggeredBy=shop.path shop.socket
LoadState=loaded
ActiveState=active
SubState=running
FragmentPath=/etc/systemd/system/shop.service
UnitFileState=enabled
ActiveEnterTimestampMonotonic=1
NeedDaemonReload=no
StartLimitIntervalUSec=5min
StartLimitBurst=3
InvocationID=5f2d8cd1a4f34a2d9e0a7e6d2ab7d8e1
";

fn read(changes: &[(&str, &str)]) -> Result<Status, Error> {
    let mut text = RUNNING.to_owned();
    for (name, value) in changes {
        let from = text.find(&format!("\n{name}=")).unwrap() + 1;
        let to = from + text[from..].find('\n').unwrap();
        text.replace_range(from..to, &format!("{name}={value}"));
    }
    status(&Properties::parse(&text), "systemd:shop.service")
}

#[test]
fn a_running_service() {
    let status = read(&[]).unwrap();
    assert_eq!(status.active, Active::Running);
    assert_eq!(status.main_pid, Some(311));
    assert_eq!(status.restarts, Some(2));
    assert_eq!(status.stop_timeout, Some(Duration::from_secs(90)));
    let limit = status.start_limit.unwrap();
    assert_eq!((limit.burst, limit.interval), (3, Duration::from_secs(300)));
    assert_eq!(status.socket_units, ["shop.socket"]);
    assert_eq!(
        status.working_directory.unwrap().to_str(),
        Some("/srv/shop/current")
    );
    assert_eq!(
        status.control_group.unwrap().to_str(),
        Some("/system.slice/shop.service")
    );
    assert!(status.active_for.unwrap() > Duration::ZERO);
    assert!(!status.start_limit_hit);
}

#[test]
fn a_crash_that_is_tried_again_is_no_start() {
    let crashed = read(&[
        ("ActiveState", "activating"),
        ("SubState", "auto-restart"),
        ("MainPID", "0"),
    ]);
    let crashed = crashed.unwrap();
    assert_eq!(crashed.active, Active::Restarting);
    assert_eq!(crashed.main_pid, None);
    assert!(crashed.active_for.is_none());
    let starting = read(&[("ActiveState", "activating"), ("SubState", "start-pre")]).unwrap();
    assert_eq!(starting.active, Active::Starting);
}

#[test]
fn the_start_limit_hides_behind_the_crash() {
    let failed = |changes: &[(&str, &str)]| {
        let mut all = vec![("ActiveState", "failed"), ("SubState", "failed")];
        all.extend(changes);
        read(&all).unwrap().start_limit_hit
    };
    assert!(failed(&[("Result", "start-limit-hit"), ("NRestarts", "0")]));
    assert!(failed(&[("Result", "exit-code"), ("NRestarts", "3")]));
    assert!(!failed(&[("Result", "exit-code"), ("NRestarts", "2")]));
    assert!(!failed(&[
        ("Result", "exit-code"),
        ("NRestarts", "3"),
        ("Restart", "no")
    ]));
    assert!(!failed(&[
        ("Result", "exit-code"),
        ("NRestarts", "3"),
        ("StartLimitBurst", "0")
    ]));
}

#[test]
fn no_such_unit_and_no_usable_one() {
    let gone = [("LoadState", "not-found"), ("ActiveState", "inactive")];
    assert_eq!(read(&gone).unwrap_err().code(), "service-not-found");
    let deleted_while_it_runs = read(&[("LoadState", "not-found")]).unwrap();
    assert_eq!(deleted_while_it_runs.active, Active::Running);
    let masked = [("LoadState", "masked"), ("ActiveState", "inactive")];
    assert_eq!(read(&masked).unwrap_err().code(), "supervisor-refused");
    let nothing = status(&Properties::parse(""), "systemd:shop.service");
    assert_eq!(nothing.unwrap_err().code(), "supervisor-unavailable");
}

#[test]
fn time_spans_as_they_are_printed() {
    assert_eq!(time_span("1min 30s"), Some(Duration::from_secs(90)));
    assert_eq!(
        time_span("2h 3min 500ms"),
        Some(Duration::from_millis(7_380_500))
    );
    assert_eq!(time_span("1d"), Some(Duration::from_secs(86_400)));
    assert_eq!(time_span("0"), Some(Duration::ZERO));
    assert_eq!(time_span("infinity"), None);
}

#[test]
fn a_masked_unit_says_what_opens_it() {
    let masked = [("LoadState", "masked"), ("ActiveState", "inactive")];
    assert_eq!(
        read(&masked).unwrap_err().hint().as_deref(),
        Some("systemctl unmask shop.service")
    );
}
