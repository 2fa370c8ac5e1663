//! The unit's own start and the runbook find at the same moment that the new release is to go: one of them goes back, the
//! other one sees that it is done.
//!
//! The test holds the state's lock until both wait for it, with their minds made up, and then lets them have it one after
//! the other, in both orders.
#![allow(clippy::unwrap_used)]

mod deploys;

use deploys::{crash, deploy, events, main_pid, named, prepared, state, went_back};
use nix::fcntl::{Flock, FlockArg};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use nix::sys::signal::Signal;
use slipway_tests::{Ended, Fixture, Running, Supervisor, binaries, kill, until, until_some};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Who has the lock first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    Unit,
    Runbook,
}

/// Both wait for the lock that this holds; neither has changed anything.
struct Both {
    lock: Flock<File>,
    runbook: Running,
    in_start: u32,
    rollback: u32,
}

/// A release that answers 500 has failed its health check and has crashed twice; the runbook's rollback and the check in
/// the third restart both wait for the state's lock.
fn both_wait(fixture: &Fixture) -> Both {
    prepared(fixture);
    let rights = if fixture.supervisor == Supervisor::Systemd {
        "+"
    } else {
        ""
    };
    let rollback = binaries().join("rollback").display().to_string();
    let check = format!(
        "{rights}{rollback} --app {} --in-start",
        fixture.app().display()
    );
    fixture.change_unit(|unit| {
        unit.and("Service", "ExecStartPre", &check)
            .with("Unit", "StartLimitIntervalSec", "0")
    });
    deploy(fixture, 1);
    fixture.release(&named(2), "2", "health-status=500");

    let runbook = runbook_with_a_gate(fixture, &rollback);
    until("the runbook is about to roll back", || {
        fixture.directory.join("at-the-gate").exists()
    });
    crash(fixture);
    crash(fixture);
    assert_eq!(
        fixture.selected(),
        Some(named(2)),
        "two restarts are too few"
    );

    let path = fixture.root.join("deploy-state.lock");
    let lock = File::options().write(true).open(&path).unwrap();
    let lock = Flock::lock(lock, FlockArg::LockExclusive).unwrap();
    let tries = Tries::of(&path);
    let pid = fs::read_to_string(fixture.directory.join("at-the-gate")).unwrap();
    let pid = pid.trim().parse().unwrap();
    fs::write(fixture.directory.join("gate-is-open"), "").unwrap();
    tries.until_one();
    // Stopped, so that the next one who tries is somebody else.
    stop(pid);
    tries.forget();
    kill(main_pid(fixture).unwrap(), Signal::SIGKILL);
    let in_start = until_some("the unit's start is checked", || {
        let pid = fixture.property("ControlPID").parse().ok();
        pid.filter(|pid| *pid != 0)
    });
    tries.until_one();
    Both {
        lock,
        runbook,
        in_start,
        rollback: pid,
    }
}

/// The runbook, whose `rollback` says that it has come and begins once the gate is open.
fn runbook_with_a_gate(fixture: &Fixture, rollback: &str) -> Running {
    let gates = fixture.directory.join("gates");
    fs::create_dir(&gates).unwrap();
    let gate = gates.join("rollback");
    let at = fixture.directory.display();
    fs::write(
        &gate,
        format!("#!/bin/sh\necho $$ >'{at}/at-the-gate.new' && mv '{at}/at-the-gate.new' '{at}/at-the-gate'\n\
                 until test -e '{at}/gate-is-open'; do sleep 0.02; done\nexec '{rollback}' \"$@\"\n"),
    )
    .unwrap();
    fs::set_permissions(&gate, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!(
        "{}:{}:{}",
        gates.display(),
        binaries().display(),
        std::env::var("PATH").unwrap()
    );
    fixture.deploy().env("PATH", path).spawn()
}

/// Whoever tries to get the lock opens its file, anew for each try.
struct Tries(Inotify);

impl Tries {
    fn of(lock: &Path) -> Self {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).unwrap();
        inotify.add_watch(lock, AddWatchFlags::IN_OPEN).unwrap();
        Self(inotify)
    }

    /// Waits for the next one.
    fn until_one(&self) {
        until("somebody tries to get the lock", || self.any());
    }

    /// Forgets those that were.
    fn forget(&self) {
        while self.any() {}
    }

    fn any(&self) -> bool {
        self.0.read_events().is_ok_and(|events| !events.is_empty())
    }
}

/// Stops a process in the middle of what it does.
fn stop(pid: u32) {
    kill(pid, Signal::SIGSTOP);
    until("it stands still", || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        stat.rsplit(") ").next().unwrap().starts_with('T')
    });
}

/// Lets `first` act, and then the other one. The runbook's rollback stands still.
fn one_after_the_other(fixture: &Fixture, both: Both, first: First) -> Ended {
    if first == First::Runbook {
        stop(both.in_start);
        kill(both.rollback, Signal::SIGCONT);
    }
    drop(both.lock);
    until("the first one has decided", || {
        state(fixture)["status"] != "validating"
    });
    if first == First::Unit {
        until("the first one is done", || {
            state(fixture)["status"] == "idle"
        });
        assert_eq!(fixture.selected(), Some(named(1)));
        kill(both.rollback, Signal::SIGCONT);
    } else {
        kill(both.in_start, Signal::SIGCONT);
    }
    both.runbook.finish(1)
}

/// Whoever came first: version 1 serves, it was gone back once, and the runbook says that it was rejected.
fn gone_back_once(fixture: &Fixture, deployed: &Ended) {
    assert_eq!(deployed.text("/outcome"), "rolled-back");
    let back = events(fixture, "rolling-back");
    assert_eq!(back.len(), 1, "{back:?}");
    let switches = events(fixture, "switched");
    let to: Vec<_> = switches
        .iter()
        .map(|line| line["to"].as_str().unwrap())
        .collect();
    assert_eq!(to, [named(1), named(2), named(1)]);
    assert_eq!(events(fixture, "ended").len(), 2);
}

fn unit_first(supervisor: Supervisor) {
    let Some(fixture) = Fixture::on(supervisor) else {
        return;
    };
    let both = both_wait(&fixture);
    let deployed = one_after_the_other(&fixture, both, First::Unit);
    gone_back_once(&fixture, &deployed);
    went_back(&fixture, 2, 1, "3 restarts since the switch");
    // It was not stopped once more: this is the very start that led back.
    assert_eq!(fixture.property("NRestarts"), "3");
}

fn runbook_first(supervisor: Supervisor) {
    let Some(fixture) = Fixture::on(supervisor) else {
        return;
    };
    let both = both_wait(&fixture);
    let deployed = one_after_the_other(&fixture, both, First::Runbook);
    gone_back_once(&fixture, &deployed);
    went_back(&fixture, 2, 1, "healthwait: ");
}

mod the_unit_comes_first {
    use super::{Supervisor, unit_first};

    #[test]
    fn systemd() {
        unit_first(Supervisor::Systemd);
    }

    #[test]
    fn systemd_user() {
        unit_first(Supervisor::SystemdUser);
    }
}

mod the_runbook_comes_first {
    use super::{Supervisor, runbook_first};

    #[test]
    fn systemd() {
        runbook_first(Supervisor::Systemd);
    }

    #[test]
    fn systemd_user() {
        runbook_first(Supervisor::SystemdUser);
    }
}
