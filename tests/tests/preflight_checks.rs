//! What only a real supervisor and a real file system show the pre-flight checks.
#![allow(clippy::unwrap_used)]

mod deploys;

use deploys::{deploy, main_pid, named, prepared};
use nix::sys::signal::Signal;
use serde_json::Value;
use slipway_tests::{Fixture, Supervisor, kill, left_out, pm2_programs, until};
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

/// One check alone, which must come to that.
fn check(fixture: &Fixture, name: &str, arguments: &[&str], status: &str) -> Value {
    let mut tool = fixture.tool("preflight");
    tool = tool.args(["--only", name]).args(arguments).stderr_any();
    let ended = tool.run(i32::from(status == "fail"));
    let checks = ended.at("/checks").as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == name).unwrap();
    assert_eq!(found["status"], status, "{found:#}");
    found.clone()
}

fn text<'a>(check: &'a Value, field: &str) -> &'a str {
    check[field].as_str().unwrap_or_default()
}

/// Does what a hint says.
fn obey(hint: &str) {
    // On the machine we are root, and sudo asks for nothing.
    let done = Command::new("sh").args(["-c", hint]).status().unwrap();
    assert!(done.success(), "{hint}");
}

/// Ends the main process and waits until systemd has counted its restart.
fn crash(fixture: &Fixture, restarts: u32) {
    kill(main_pid(fixture).unwrap(), Signal::SIGKILL);
    until("its restart is counted", || {
        fixture.property("NRestarts") == restarts.to_string()
    });
    until("it runs again", || {
        fixture.property("SubState") == "running"
    });
}

#[test]
fn the_used_up_part_of_the_start_limit() {
    let Some(fixture) = Fixture::on(Supervisor::Systemd) else {
        return;
    };
    prepared(&fixture);
    fixture.change_unit(|unit| unit.with_start_limit(3));
    deploy(&fixture, 1);
    let _alone = fixture.without_reloads();
    let unit = format!("{}.service", fixture.name);
    fixture.systemctl(["reset-failed", &unit]);
    fixture.systemctl(["restart", &unit]);
    until("it runs", || fixture.property("SubState") == "running");
    let used = |status: &str| {
        let found = check(&fixture, "restarts", &[], status);
        (found["value"].clone(), found["limit"].clone())
    };
    assert_eq!(used("pass"), (0.into(), 3.into()));
    crash(&fixture, 1);
    assert_eq!(used("warn"), (1.into(), 3.into()));
    crash(&fixture, 2);
    assert_eq!(used("fail"), (2.into(), 3.into()));
    kill(main_pid(&fixture).unwrap(), Signal::SIGKILL);
    until("systemd gives up", || {
        fixture.property("ActiveState") == "failed"
    });
    let given_up = check(&fixture, "restarts", &[], "fail");
    assert!(
        text(&given_up, "message").contains("start limit is hit"),
        "{given_up}"
    );
    let failed = check(&fixture, "service", &[], "fail");
    obey(text(&failed, "hint"));
    until("it runs", || fixture.property("SubState") == "running");
    check(&fixture, "service", &[], "warn"); // Nothing starts it at boot.
    assert_eq!(used("pass").0, 0);
}

/// The addresses on which a service may listen, and one beside it that is somebody else's then.
const FAMILIES: [(&str, Option<&str>); 4] = [
    ("127.0.0.1", Some("::1")),
    ("::1", Some("127.0.0.1")),
    ("0.0.0.0", Some("::1")),
    // Both families by one socket: there is no place beside it.
    ("::", None),
];

/// Where the address on which the service listens can be chosen.
fn the_holder_of_the_port_in_each_family(supervisor: Supervisor) {
    let Some(fixture) = Fixture::on(supervisor) else {
        return;
    };
    prepared(&fixture);
    let port = fixture.port.number;
    for (number, (own, other)) in FAMILIES.into_iter().enumerate() {
        let mut start = String::new();
        if fixture.supervisor == Supervisor::Process {
            start = format!("./demo-service --port {port} --bind {own}");
        } else {
            // The main process is a shell: what listens is its child, in the same control group.
            let line = format!(
                "/bin/sh -c '{}/current/demo-service --port {port} --bind {own} & wait'",
                fixture.root.display()
            );
            fixture.change_unit(|unit| unit.with("Service", "ExecStart", &line));
        }
        let url = match own {
            "::1" => format!("http://[::1]:{port}/health"),
            _ => format!("http://127.0.0.1:{port}/health"),
        };
        let version = u32::try_from(number + 1).unwrap();
        fixture.release(&named(version), &version.to_string(), "healthy");
        // What ran before is well elsewhere.
        let mut runbook = fixture
            .deploy()
            .env("DEPLOY_HEALTH_URL", &url)
            .env("PREFLIGHT_SKIP", "disk,health");
        if !start.is_empty() {
            runbook = runbook.env("DEPLOY_START", &start);
        }
        assert_eq!(runbook.run(0).text("/outcome"), "succeeded", "{own}");
        check(&fixture, "port", &[], "pass");
        let Some(other) = other else {
            continue;
        };
        let address = format!(
            "{}:{port}",
            if other.contains(':') { "[::1]" } else { other }
        );
        let foreign = TcpListener::bind(&address).unwrap();
        let held = check(&fixture, "port", &[], "fail");
        let message = text(&held, "message");
        if fixture.supervisor == Supervisor::SystemdUser {
            // The user may not look into a process of root's, which is no pass.
            let unseen = "is held by a process of user 0 that cannot be seen from here";
            assert!(message.contains(unseen), "{own}: {message}");
        } else {
            let holder = format!("process {} (", std::process::id());
            assert!(message.contains(&holder), "{own}: {message}");
            assert!(
                message.contains("preflight_checks"),
                "its command line: {message}"
            );
            assert!(!held["value"].as_array().unwrap().is_empty());
        }
        drop(foreign);
        until("nobody holds it any more", || {
            TcpListener::bind(&address).is_ok()
        });
        check(&fixture, "port", &[], "pass");
    }
}

#[test]
fn the_holder_of_the_port_in_each_family_systemd() {
    the_holder_of_the_port_in_each_family(Supervisor::Systemd);
}

#[test]
fn the_holder_of_the_port_in_each_family_systemd_user() {
    the_holder_of_the_port_in_each_family(Supervisor::SystemdUser);
}

#[test]
fn the_holder_of_the_port_in_each_family_process() {
    the_holder_of_the_port_in_each_family(Supervisor::Process);
}

#[test]
fn what_nobody_may_remove_is_known_before_the_deploy() {
    let Some(fixture) = Fixture::on(Supervisor::Systemd) else {
        return;
    };
    prepared(&fixture);
    fixture.configure("RELEASE_PRUNE_KEEP", "1");
    for version in 1..=3 {
        fixture.release(&named(version), &version.to_string(), "healthy");
    }
    fixture.select(&named(3));
    let file = fixture.root.join("releases").join(named(1)).join("kept");
    fs::write(&file, "kept").unwrap();
    let attribute = |change: &str| {
        let mut command = Command::new("chattr");
        let output = command.arg(change).arg(&file).output();
        output.is_ok_and(|output| output.status.success())
    };
    check(&fixture, "space", &[], "pass");
    if !attribute("+i") {
        left_out("no file can be made immutable here");
        return;
    }
    let warned = check(&fixture, "space", &[], "warn");
    // Pruning finds the same, and leaves all of that release where it is.
    let stumbled = fixture.tool("release-prune").stderr_any().run(3);
    attribute("-i");
    let message = text(&warned, "message");
    let expected = format!("{} cannot be removed: it is immutable", file.display());
    assert!(message.contains(&expected), "{message}");
    assert!(
        text(&warned, "hint").starts_with("sudo chattr "),
        "{warned}"
    );
    assert_eq!(stumbled.error_code(), "not-removable");
    assert_eq!(stumbled.text("/error/message"), expected);
    assert!(file.exists());
    check(&fixture, "space", &[], "pass");
}

/// The service runs as somebody set it up by hand, out of a directory of their own that is no release.
fn set_up_by_hand(fixture: &Fixture, directory: &Path) {
    if fixture.supervisor == Supervisor::Pm2Fork {
        // Without a kill_timeout, as most people do.
        let port = fixture.port.number.to_string();
        let pm2 = Command::new(pm2_programs().unwrap().join("pm2"))
            .args([
                "start",
                "server.js",
                "--name",
                &fixture.name,
                "--",
                "--port",
            ])
            .arg(port)
            .env("PM2_HOME", fixture.pm2_home())
            .current_dir(directory)
            .output();
        assert!(pm2.unwrap().status.success());
    } else {
        let begin = |place: &str| {
            let start = format!("{place}/demo-service --port {}", fixture.port.number);
            fixture.change_unit(|unit| {
                let unit = unit.with("Service", "WorkingDirectory", &format!("-{place}"));
                unit.with("Service", "ExecStart", &start)
            });
        };
        begin(directory.to_str().unwrap());
        let unit = format!("{}.service", fixture.name);
        fixture.systemctl(["start", &unit]);
        // The unit is then changed as a deploy needs it, and nobody restarts it.
        begin(fixture.root.join("current").to_str().unwrap());
    }
    fixture.until_version("1");
}

fn what_runs_already_is_the_way_back_from_the_first_deploy(supervisor: Supervisor) {
    let Some(fixture) = Fixture::on(supervisor) else {
        return;
    };
    prepared(&fixture);
    let home = fixture.source("by-hand", "1", "healthy");
    set_up_by_hand(&fixture, &home);
    let obey = |hint: &str| fixture.shell(hint).no_report().stderr_any().run(0);
    if supervisor == Supervisor::Pm2Fork {
        let failed = check(&fixture, "service", &[], "fail");
        let lasts = "--kill-timeout 30000 in DEPLOY_START";
        assert!(text(&failed, "message").contains(lasts), "{failed}");
        obey(text(&failed, "hint"));
        fixture.until_version("1");
        let unsaved = check(&fixture, "service", &[], "warn");
        assert!(text(&unsaved, "message").contains("nothing starts it at boot"));
        obey(text(&unsaved, "hint"));
        check(&fixture, "service", &[], "pass");
    }
    let warned = check(&fixture, "layout", &[], "warn");
    let out_of = format!("the service runs out of {} and", home.display());
    assert!(text(&warned, "message").starts_with(&out_of), "{warned}");
    // Whatever release-stage is told to deploy later.
    fixture.configure("RELEASE_STAGE_GIT", "/nowhere");
    fixture.configure("RELEASE_STAGE_BRANCH", "main");
    obey(text(&warned, "hint"));
    check(&fixture, "layout", &[], "pass");
    fixture.configure("RELEASE_STAGE_GIT", "");
    fixture.configure("RELEASE_STAGE_BRANCH", "");

    fixture.release(&named(2), "2", "crash");
    let rejected = fixture.deploy().stderr_any().run(1);
    assert_eq!(rejected.text("/outcome"), "rolled-back");
    assert_eq!(fixture.selected().as_deref(), Some("before"));
    fixture.until_version("1");
    deploy(&fixture, 3);
}

#[test]
fn the_first_deploy_of_what_runs_under_systemd_can_have_a_way_back() {
    what_runs_already_is_the_way_back_from_the_first_deploy(Supervisor::Systemd);
}

#[test]
fn the_first_deploy_of_what_runs_under_pm2_can_have_a_way_back() {
    what_runs_already_is_the_way_back_from_the_first_deploy(Supervisor::Pm2Fork);
}
