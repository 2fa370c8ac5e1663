//! The night that this project was begun for: the new process met a port that the old one still held, exited with
//! status 0, ran into systemd's start limit, and the service stayed down until someone logged in.
#![allow(clippy::unwrap_used)]

use slipway_tests::{Fixture, Supervisor, beneath, kill, until};

/// Leaves a child behind that keeps the port and answers nobody, and itself gives up with 0 where the port is taken.
const AS_THAT_NIGHT: &str = "orphan=silent\nport-taken=0";

/// The unit of that night: it stops its main process only, and is started three times in five minutes, then never.
fn that_night() -> Option<Fixture> {
    let fixture = Fixture::on(Supervisor::Systemd)?;
    fixture.change_unit(|unit| {
        unit.with_start_limit(3)
            .with("Service", "KillMode", "process")
    });
    fixture.configure("SERVICE_STOP_TIMEOUT", "5s");
    fixture.configure("SERVICE_START_TIMEOUT", "10s");
    fixture.configure("PREFLIGHT_SKIP", "disk");
    fixture.release("20260101-000000", "1", AS_THAT_NIGHT);
    fixture.select("20260101-000000");
    fixture.start();
    fixture.until_version("1");
    Some(fixture)
}

/// What anyone would have typed: the new release is selected and the service restarted. It ends in silence.
fn a_plain_restart_ends_in_the_start_limit(fixture: &Fixture) {
    fixture.release("20260102-000000", "2", AS_THAT_NIGHT);
    fixture.select("20260102-000000");
    fixture.systemctl(["restart", &format!("{}.service", fixture.name)]);
    until("systemd gives up", || {
        fixture.property("ActiveState") == "failed"
    });
    // Each start ended with status 0, until there were no more.
    assert_eq!(fixture.property("ExecMainStatus"), "0");
    assert_eq!(fixture.property("Result"), "start-limit-hit");
    assert_eq!(fixture.version(), None, "nobody serves");
    let again = fixture.systemctl(["start", &format!("{}.service", fixture.name)]);
    assert!(!again.status.success(), "systemd starts it no more");
}

/// Somebody logs in and brings version 1 back by hand.
fn somebody_logs_in(fixture: &Fixture) {
    for pid in beneath(&fixture.root) {
        kill(pid, nix::sys::signal::Signal::SIGKILL);
    }
    fixture.select("20260101-000000");
    fixture.systemctl(["reset-failed", &format!("{}.service", fixture.name)]);
    fixture.start();
    fixture.until_version("1");
}

#[test]
fn the_runbook_ends_with_the_new_release_or_the_old_one_and_nobody_logs_in() {
    let Some(fixture) = that_night() else { return };
    let _counted = fixture.without_reloads();
    a_plain_restart_ends_in_the_start_limit(&fixture);
    somebody_logs_in(&fixture);

    // The very release of that night, and the runbook.
    let deployed = fixture.deploy().run(0);
    assert_eq!(deployed.text("/outcome"), "succeeded");
    assert_eq!(fixture.selected().as_deref(), Some("20260102-000000"));
    fixture.until_version("2");

    // A broken one: it exits with 0 at once, again and again, until systemd gives up.
    fixture.release("20260103-000000", "3", "crash\nexit-status=0");
    let rejected = fixture.deploy().run(1);
    assert_eq!(rejected.text("/outcome"), "rolled-back");
    assert_eq!(fixture.selected().as_deref(), Some("20260102-000000"));
    fixture.until_version("2");
    assert_eq!(fixture.property("ActiveState"), "active");
}
