//! The check in a unit's start never keeps a service from starting, whatever has become of what it reads.
#![allow(clippy::unwrap_used)]

mod deploys;

use deploys::{deploy, named, prepared};
use nix::fcntl::{Flock, FlockArg};
use slipway_tests::{Fixture, Supervisor, Tool, binaries};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A unit with the check in its start, and a release on probation, so that the check has something to look at.
fn watched(supervisor: Supervisor) -> Option<Fixture> {
    let fixture = Fixture::on(supervisor)?;
    prepared(&fixture);
    with_check(&fixture, &fixture.app());
    deploy(&fixture, 1);
    deploy(&fixture, 2);
    Some(fixture)
}

/// The unit with the check, told of this application file; its start may take as long as that needs.
fn with_check(fixture: &Fixture, app: &Path) {
    let rights = if fixture.supervisor == Supervisor::Systemd {
        "+"
    } else {
        ""
    };
    let check = format!(
        "{rights}{} --app {} --in-start",
        rollback().display(),
        app.display()
    );
    fixture.change_unit(|unit| {
        unit.with("Service", "ExecStartPre", &check)
            .with("Unit", "StartLimitIntervalSec", "0")
    });
}

fn rollback() -> PathBuf {
    binaries().join("rollback")
}

/// The check is made in vain, for this reason, and the unit starts all the same, with the release that is live.
fn starts_all_the_same(fixture: &Fixture, check: Tool, reason: &str) {
    let checked = check.stderr_any().run(0);
    assert_eq!(*checked.at("/rolledBack"), false);
    let said = checked.text("/reason");
    assert!(said.contains(reason), "{said:?} does not say {reason:?}");
    starts(fixture);
}

fn starts(fixture: &Fixture) {
    let unit = format!("{}.service", fixture.name);
    let stopped = fixture.systemctl(["stop", &unit]);
    assert!(stopped.status.success(), "{stopped:?}");
    let started = fixture.systemctl(["start", &unit]);
    assert!(started.status.success(), "{started:?}");
    fixture.until_version("2");
    assert_eq!(fixture.selected(), Some(named(2)));
}

fn check(fixture: &Fixture) -> Tool {
    fixture.tool("rollback").arg("--in-start")
}

/// Another application file, with the lines of the first one as `change` makes them.
fn other_app(fixture: &Fixture, change: impl Fn(&str) -> Option<String>) -> PathBuf {
    let text = fs::read_to_string(fixture.app()).unwrap();
    let lines: Vec<String> = text.lines().filter_map(change).collect();
    let path = fixture.directory.join("other.env");
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    path
}

fn the_state_is(supervisor: Supervisor, change: impl Fn(&Path), reason: &str) {
    let Some(fixture) = watched(supervisor) else {
        return;
    };
    change(&fixture.root.join("deploy-state.json"));
    starts_all_the_same(&fixture, check(&fixture), reason);
}

fn missing(supervisor: Supervisor) {
    the_state_is(
        supervisor,
        |state| fs::remove_file(state).unwrap(),
        "is missing although there is a history",
    );
}

fn damaged(supervisor: Supervisor) {
    for content in ["", "{\"schema\": 1, \"gener", "no state"] {
        the_state_is(
            supervisor,
            |state| fs::write(state, content).unwrap(),
            "is damaged",
        );
    }
}

fn newer(supervisor: Supervisor) {
    the_state_is(
        supervisor,
        |state| fs::write(state, "{\"schema\": 99}\n").unwrap(),
        "newer version",
    );
}

/// Root reads what is closed to everybody, but no directory as a file.
fn unreadable(supervisor: Supervisor) {
    let close = |state: &Path| {
        if supervisor == Supervisor::Systemd {
            fs::remove_file(state).unwrap();
            fs::create_dir(state).unwrap();
        } else {
            fs::set_permissions(state, fs::Permissions::from_mode(0o0)).unwrap();
        }
    };
    the_state_is(supervisor, close, "cannot read");
}

fn without_a_root(supervisor: Supervisor) {
    let Some(fixture) = watched(supervisor) else {
        return;
    };
    let nowhere = fixture.directory.join("nowhere");
    let app = other_app(&fixture, |line| {
        Some(if line.starts_with("DEPLOY_ROOT=") {
            format!("DEPLOY_ROOT='{}'", nowhere.display())
        } else {
            line.to_owned()
        })
    });
    with_check(&fixture, &app);
    starts_all_the_same(
        &fixture,
        check(&fixture).env("DEPLOY_APP", &app),
        "is not there",
    );
    assert!(!nowhere.exists());
}

fn without_a_service(supervisor: Supervisor) {
    let Some(fixture) = watched(supervisor) else {
        return;
    };
    let app = other_app(&fixture, |line| {
        (!line.starts_with("DEPLOY_SERVICE=")).then(|| line.to_owned())
    });
    with_check(&fixture, &app);
    starts_all_the_same(
        &fixture,
        check(&fixture).env("DEPLOY_APP", &app),
        "no service was named",
    );
}

fn without_an_application_file(supervisor: Supervisor) {
    let Some(fixture) = watched(supervisor) else {
        return;
    };
    let app = fixture.directory.join("gone.env");
    with_check(&fixture, &app);
    let check = check(&fixture).env("DEPLOY_APP", &app);
    starts_all_the_same(&fixture, check, "gone.env");
}

fn with_a_file_that_is_refused(supervisor: Supervisor) {
    let Some(fixture) = watched(supervisor) else {
        return;
    };
    let app = other_app(&fixture, |line| Some(format!("export {line}")));
    with_check(&fixture, &app);
    let check = check(&fixture).env("DEPLOY_APP", &app);
    starts_all_the_same(&fixture, check, "other.env");
}

/// A supervisor that does not answer: what stands for it is asked, and waits for ever.
fn while_the_supervisor_is_silent(supervisor: Supervisor) {
    let Some(fixture) = watched(supervisor) else {
        return;
    };
    let silent = fixture.directory.join("silent");
    fs::create_dir(&silent).unwrap();
    let systemctl = silent.join("systemctl");
    fs::write(&systemctl, "#!/bin/sh\nexec sleep 3600\n").unwrap();
    fs::set_permissions(&systemctl, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", silent.display());
    fixture.change_unit(|unit| unit.with("Service", "Environment", &format!("PATH={path}")));
    starts_all_the_same(
        &fixture,
        check(&fixture).env("PATH", &path),
        "the check was not made",
    );
}

fn without_a_supervisor(supervisor: Supervisor) {
    let Some(fixture) = watched(supervisor) else {
        return;
    };
    fixture.change_unit(|unit| unit.with("Service", "Environment", "PATH=/nonexistent"));
    // A shell, because the test itself needs a path to become the user.
    let check = format!(
        "PATH=/nonexistent exec '{}' --in-start",
        rollback().display()
    );
    starts_all_the_same(&fixture, fixture.shell(&check), "systemctl");
}

fn while_somebody_holds_the_lock(supervisor: Supervisor) {
    let Some(fixture) = watched(supervisor) else {
        return;
    };
    let lock = File::options()
        .write(true)
        .open(fixture.root.join("deploy-state.lock"))
        .unwrap();
    let held = Flock::lock(lock, FlockArg::LockExclusive).unwrap();
    starts_all_the_same(&fixture, check(&fixture), "locked by another tool");
    drop(held);
}

macro_rules! each_systemd {
    ($($name:ident => $body:ident,)*) => {
        $(mod $name {
            use super::{$body, Supervisor};

            #[test]
            fn systemd() {
                $body(Supervisor::Systemd);
            }

            #[test]
            fn systemd_user() {
                $body(Supervisor::SystemdUser);
            }
        })*
    };
}

each_systemd! {
    a_state_that_is_missing => missing,
    a_state_that_is_damaged => damaged,
    a_state_that_is_newer => newer,
    a_state_that_cannot_be_read => unreadable,
    a_root_that_is_missing => without_a_root,
    no_service_in_the_application_file => without_a_service,
    an_application_file_that_is_gone => without_an_application_file,
    an_application_file_that_is_refused => with_a_file_that_is_refused,
    a_supervisor_that_is_silent => while_the_supervisor_is_silent,
    a_supervisor_that_is_missing => without_a_supervisor,
    a_lock_that_is_held_for_long => while_somebody_holds_the_lock,
}
