//! What a mirror was ended in, or is at work on, is never started: whoever starts the service has the tree at one commit first.

use crate::kills::{above, held_at_a_file, held_on_the_way_back, runbook};
use crate::runbook::held::until_gone;
use crate::runbook::{Held, deploy_state};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use nix::sys::signal::Signal;
use slipway_tests::{Fixture, Running, Supervisor, binaries, kill, until, until_some};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;

/// The dead-man's switch goes off now, and does what its time would have it do.
fn goes_off(fixture: &Fixture) -> Option<Running> {
    if fixture.supervisor.is_systemd() {
        let unit = format!("slipway-dead-man-{}.service", fixture.name);
        let started = fixture.systemctl(["start", &unit]);
        assert!(started.status.success(), "{started:?}");
        return None;
    }
    let record = fs::read_dir(fixture.root.join("run")).unwrap();
    let record = record
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().ends_with(".dead-man.json"))
        .unwrap();
    let record: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(record).unwrap()).unwrap();
    let words = fs::read(format!("/proc/{}/cmdline", record["identity"]["pid"])).unwrap();
    let words = words.strip_suffix(b"\0").unwrap().split(|byte| *byte == 0);
    // A shell with its script, its name and the seconds come first.
    let command: Vec<OsString> = words
        .skip(5)
        .map(|word| OsStr::from_bytes(word).to_owned())
        .collect();
    let switch = fixture.shell("exec \"$@\"").arg("sh").args(command);
    Some(switch.stderr_any().spawn())
}

on_each!(the_dead_mans_switch_starts_the_live_commit, |fixture| {
    let (checkout, gate) = held_at_a_file(&fixture);
    let deploy = Held::command_with(&fixture, &runbook(), &gate, false, &[]);
    let (_, tool) = above(gate.reached());
    deploy.signal_all(Signal::SIGKILL);
    until_gone(tool);
    let switch = goes_off(&fixture);
    checkout.holds("1");
    if let Some(switch) = switch {
        assert_eq!(switch.finish(0).at("/changed"), true);
    }
    gate.open();
    deploy.finish(137);
    checkout.deploys("2");
});

on_each!(the_dead_mans_switch_waits_for_a_mirror, |fixture| {
    let (checkout, gate) = held_at_a_file(&fixture);
    let deploy = Held::command_with(&fixture, &runbook(), &gate, true, &[]);
    gate.reached();
    // Whoever tries to get the tree's lock opens its file.
    let tries = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).unwrap();
    let lock = checkout.tree.join(".git/slipway/lock");
    tries.add_watch(&lock, AddWatchFlags::IN_OPEN).unwrap();
    let switch = goes_off(&fixture);
    until("the switch waits for the tree", || {
        tries.read_events().is_ok_and(|events| !events.is_empty())
    });
    assert_eq!(fixture.version(), None, "nothing is started meanwhile");
    gate.open();
    let ended = deploy.finish(0);
    assert_eq!(ended.text("/outcome"), "succeeded", "{}", ended.report);
    if let Some(switch) = switch {
        // Whichever of the two was first, the other has found it running.
        switch.finish(0);
    }
    checkout.holds("2");
});

on_each!(
    a_start_by_hand_after_half_a_mirror_makes_it_good,
    |fixture| {
        let (checkout, gate) = held_at_a_file(&fixture);
        for tool in ["release-stage", "service-stop"] {
            fixture.tool(tool).stderr_any().run(0);
        }
        let swap = fixture.tool("release-swap").arg("--newest");
        let swap = swap.stderr_any().spawn();
        let (git, _) = above(gate.reached());
        kill(git, Signal::SIGKILL);
        assert_eq!(swap.finish(3).error_code(), "git-failed");
        let foreseen = fixture.tool("service-start").arg("--dry-run");
        assert_eq!(foreseen.stderr_any().run(0).at("/changed"), true);
        // What cannot be made good is said in the application's own start, and keeps it from nothing.
        let away = checkout.tree.join(".git-away");
        fs::rename(checkout.tree.join(".git"), &away).unwrap();
        let check = fixture.tool("rollback").arg("--in-start");
        let reason = check.stderr_any().run(0).text("/reason").to_owned();
        assert!(reason.contains("may be half"), "{reason}");
        fs::rename(&away, checkout.tree.join(".git")).unwrap();
        fixture.tool("service-start").stderr_any().run(0);
        checkout.holds("1");
        gate.open();
        checkout.deploys("2");
    }
);

/// The unit's own start has the check in it.
fn checked(fixture: &Fixture) {
    let check = format!(
        "{}/rollback --app {} --in-start",
        binaries().display(),
        fixture.app().display()
    );
    fixture.change_unit(|unit| {
        unit.and("Service", "ExecStartPre", &check)
            .with("Unit", "StartLimitIntervalSec", "0")
    });
}

#[test]
fn a_units_own_start_after_half_a_mirror_makes_it_good() {
    let Some(fixture) = Fixture::on(Supervisor::Systemd) else {
        return;
    };
    let (checkout, gate) = held_at_a_file(&fixture);
    checked(&fixture);
    let deploy = Held::command_with(&fixture, &runbook(), &gate, false, &[]);
    let (_, tool) = above(gate.reached());
    deploy.signal_all(Signal::SIGKILL);
    until_gone(tool);
    fixture.start();
    checkout.holds("1");
    gate.open();
    deploy.finish(137);
}

#[test]
fn a_rollback_in_a_units_own_start_keeps_nobody_from_the_state() {
    let Some(fixture) = Fixture::on(Supervisor::Systemd) else {
        return;
    };
    let (checkout, gate) = held_at_a_file(&fixture);
    checked(&fixture);
    held_on_the_way_back(&checkout);
    let mut last = 0;
    for _ in 0..3 {
        last = until_some("it is started anew", || {
            let pid = fixture.property("MainPID").parse().ok();
            pid.filter(|pid| *pid != 0 && *pid != last)
        });
        kill(last, Signal::SIGKILL);
    }
    gate.reached();
    let shown = checkout.state();
    assert_eq!(shown["status"], "rolling-back");
    let live = fixture.selected().unwrap();
    deploy_state(&fixture, &["mark", &live, "pinned"], 0);
    gate.open();
    checkout.holds("1");
    assert_eq!(checkout.state()["status"], "idle");
}

#[test]
fn what_is_turned_back_while_it_is_mirrored_is_not_switched_to() {
    let Some(fixture) = Fixture::on(Supervisor::Process) else {
        return;
    };
    let (checkout, gate) = held_at_a_file(&fixture);
    let deploy = Held::command_with(&fixture, &runbook(), &gate, true, &[]);
    gate.reached();
    // As a unit's own start does it, which needs no lease.
    let path = fixture.root.join("deploy-state.json");
    let mut state: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let intent = &mut state["intent"];
    let (from, to) = (intent["from"].clone(), intent["to"].clone());
    *intent = serde_json::json!({"action": "rollback", "from": to, "to": from});
    state["status"] = "rolling-back".into();
    fs::write(&path, state.to_string()).unwrap();
    gate.open();
    let ended = deploy.finish(1);
    assert_ne!(ended.text("/outcome"), "succeeded", "{}", ended.report);
    checkout.holds("1");
    assert_eq!(fixture.selected().unwrap(), from.as_str().unwrap());
    assert_eq!(checkout.state()["liveRelease"], from);
    assert_eq!(checkout.state()["status"], "idle");
}
