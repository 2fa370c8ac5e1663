//! A service that takes its socket from systemd: a connection that comes in during the deploy waits, and gets the new
//! release, or the old one; it is never refused.
#![allow(clippy::unwrap_used)]

use slipway_tests::{Fixture, Supervisor};

/// The fixture's service behind a socket unit of its own.
fn behind_a_socket() -> Option<Fixture> {
    let fixture = Fixture::on(Supervisor::Systemd)?;
    let socket = format!("[Socket]\nListenStream=127.0.0.1:{}\n", fixture.port.number);
    fixture.install_unit(&format!("{}.socket", fixture.name), &socket);
    fixture.configure("PREFLIGHT_SKIP", "disk");
    fixture.configure("SERVICE_START_TIMEOUT", "10s");
    fixture.release("20260101-000000", "1", "healthy");
    fixture.select("20260101-000000");
    fixture.systemctl(["start", &format!("{}.socket", fixture.name)]);
    fixture.start();
    fixture.until_version("1");
    Some(fixture)
}

#[test]
fn no_request_fails_while_one_release_replaces_another() {
    let Some(fixture) = behind_a_socket() else {
        return;
    };
    fixture.release("20260102-000000", "2", "healthy");
    let load = fixture.load();
    fixture.deploy().run(0);
    fixture.until_version("2");
    let load = load.finish();
    assert_eq!(load["failed"], 0, "{load}");
    assert!(load["sent"].as_u64().unwrap() > 0, "{load}");

    fixture.release("20260103-000000", "3", "crash");
    let load = fixture.load();
    let rejected = fixture.deploy().run(1);
    assert_eq!(rejected.text("/outcome"), "rolled-back");
    fixture.until_version("2");
    drop(load.finish());
}
