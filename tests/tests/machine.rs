//! The machine the tests run on is a real one: what they rely on there is shown here first.
#![allow(clippy::unwrap_used)]

use slipway_tests::{Fixture, PATIENCE, Sshd, Supervisor, User, kill, left_out, shell, until};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Whether this is a machine of our own; else the test is left out.
fn on_a_machine() -> bool {
    Supervisor::Systemd
        .available()
        .map_err(|reason| left_out(&reason))
        .is_ok()
}

fn said(command: &str) -> String {
    let output = Command::new("sh").args(["-c", command]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn systemd_is_process_1_and_the_network_is_its_own() {
    if on_a_machine() {
        assert_eq!(fs::read_to_string("/proc/1/comm").unwrap(), "systemd\n");
        assert_eq!(said("systemctl is-system-running"), "running");
        assert_eq!(
            said("ls /sys/class/net 2>/dev/null; cut -d: -f1 -s /proc/net/dev | tr -d ' '"),
            "lo\nlo"
        );
        // We are a unit of it ourselves, or a lease could not be told from a login.
        assert!(said("cat /proc/self/cgroup").contains(".scope"));
    }
}

/// One body for the system's units and a user's.
fn a_unit_that_dies_is_started_again(supervisor: Supervisor) {
    let Some(fixture) = Fixture::on(supervisor) else {
        return;
    };
    fixture.release("20260101-000000", "1", "healthy");
    fixture.select("20260101-000000");
    fixture.start();
    fixture.until_version("1");
    assert_eq!(fixture.property("NRestarts"), "0");
    let first = fixture.property("MainPID");
    kill(first.parse().unwrap(), nix::sys::signal::Signal::SIGKILL);
    until("its restart is counted", || {
        fixture.property("NRestarts") == "1"
    });
    fixture.until_version("1");
    assert_ne!(fixture.property("MainPID"), first);
    // Each start has written its line; the journal may be a moment behind.
    until("the journal has both starts", || {
        fixture.log().matches("listens on").count() == 2
    });
}

#[test]
fn a_unit_of_the_system_that_dies_is_started_again() {
    a_unit_that_dies_is_started_again(Supervisor::Systemd);
}

#[test]
fn a_unit_of_a_user_that_dies_is_started_again() {
    a_unit_that_dies_is_started_again(Supervisor::SystemdUser);
}

/// The night itself: a held port, an exit status of 0, and systemd gives up.
#[test]
fn a_service_that_exits_with_0_on_a_held_port_runs_into_the_start_limit() {
    let Some(fixture) = Fixture::on(Supervisor::Systemd) else {
        return;
    };
    fixture.change_unit(|unit| unit.with_start_limit(3));
    fixture.release("20260101-000000", "1", "port-taken=0");
    fixture.select("20260101-000000");
    let _counted = fixture.without_reloads();
    let held = fixture.hold_port();
    fixture.start();
    until("systemd gives up", || {
        fixture.property("ActiveState") == "failed"
    });
    assert_eq!(fixture.property("Result"), "start-limit-hit");
    assert_eq!(fixture.property("ExecMainStatus"), "0");
    assert_eq!(fixture.log().matches("cannot listen").count(), 3);
    // The port is free again, and still nobody starts it.
    drop(held);
    fixture.start();
    assert_eq!(fixture.property("ActiveState"), "failed");
    assert_eq!(fixture.version(), None);
}

/// A socket that systemd holds loses no request while the service behind it is restarted.
#[test]
fn a_socket_unit_hands_its_socket_over() {
    let Some(fixture) = Fixture::on(Supervisor::Systemd) else {
        return;
    };
    let (port, name) = (fixture.port.number, &fixture.name);
    let program = fixture.root.join("current/demo-service");
    fixture.install_unit(
        &format!("{name}.socket"),
        &format!("[Socket]\nListenStream=127.0.0.1:{port}\n"),
    );
    fixture.change_unit(|unit| unit.with("Service", "ExecStart", program.to_str().unwrap()));
    fixture.release("20260101-000000", "1", "healthy");
    fixture.select("20260101-000000");
    fixture.systemctl(["start", &format!("{name}.socket")]);
    let load = fixture.load();
    fixture.until_version("1");
    for _ in 0..3 {
        fixture.systemctl(["restart", &format!("{name}.service")]);
    }
    fixture.until_version("1");
    let tally = load.finish();
    assert_eq!(tally["failed"], 0, "{tally}");
}

#[test]
fn commands_come_in_over_ssh_and_sudo() {
    if !on_a_machine() {
        return;
    }
    let user = User::deploy().unwrap();
    let directory = std::env::temp_dir().join(format!("slipway-ssh-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    match Sshd::start(&directory) {
        Ok(server) => {
            for (name, uid) in [("root", 0), ("slipway-tests", user.uid)] {
                let script = [server.words(name).join(" "), "id -u".to_owned()].join(" ");
                assert_eq!(shell(&script).no_report().run(0).stdout, format!("{uid}\n"));
            }
        }
        Err(reason) => left_out(&reason),
    }
    fs::remove_dir_all(directory).unwrap();
    let sudo = shell("sudo -n -u slipway-tests id -u").no_report().run(0);
    assert_eq!(sudo.stdout, format!("{}\n", user.uid));
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("machine")
}

#[test]
fn a_machine_passes_on_how_its_command_ended_and_leaves_nothing() {
    if !on_a_machine() {
        return;
    }
    let inside = "cat; cat /proc/1/comm; echo $SLIPWAY_MACHINE; exit 7";
    let script = script();
    let line = format!(
        "unset SLIPWAY_MACHINE; echo hello | {} run -- sh -c '{inside}'",
        script.display()
    );
    let said = shell(&line).no_report().run(7).stdout;
    let name = said.strip_prefix("hello\nsystemd\n").unwrap().trim();
    assert!(name.starts_with("slipway-machine-"), "{said}");
    for directory in [
        "/run",
        "/sys/fs/cgroup",
        "/sys/fs/cgroup/systemd",
        "/sys/fs/cgroup/unified",
    ] {
        assert!(
            !Path::new(directory).join(name).exists(),
            "{directory}/{name}"
        );
    }
    assert!(
        !fs::read_to_string("/proc/self/mountinfo")
            .unwrap()
            .contains(&format!("/{name}"))
    );
    let units = format!("systemctl list-units --plain --no-legend '{name}*'");
    until("systemd has seen that its scope is empty", || {
        self::said(&units).is_empty()
    });
}

#[test]
fn a_machine_dies_with_whoever_started_it() {
    if !on_a_machine() {
        return;
    }
    let directory =
        std::env::temp_dir().join(format!("slipway-machine-test-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let inside = "touch up; while :; do touch beat; sleep 0.02; done";
    let mut machine = Command::new(script())
        .args(["run", "--", "sh", "-c", inside])
        .current_dir(&directory)
        .env_remove("SLIPWAY_MACHINE")
        .env("SLIPWAY_SHARE", &directory)
        .spawn()
        .unwrap();
    until("its command runs", || directory.join("up").exists());
    machine.kill().unwrap();
    machine.wait().unwrap();
    // Nothing beats any more: the file stays away once it is removed.
    let began = Instant::now();
    until("its command is dead", || {
        let _ = fs::remove_file(directory.join("beat"));
        std::thread::sleep(std::time::Duration::from_millis(300));
        !directory.join("beat").exists()
    });
    assert!(began.elapsed() < PATIENCE);
    fs::remove_dir_all(directory).unwrap();
}
