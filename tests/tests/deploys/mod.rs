//! Releases put in place by hand, deployed by the runbook, and what is known of them afterwards.
#![allow(dead_code)] // Each test program uses its part.
#![allow(clippy::unwrap_used)]

use nix::sys::signal::Signal;
use serde_json::Value;
use slipway_tests::{Fixture, Supervisor, kill, until};

/// The name of the release with this version.
pub(crate) fn named(version: u32) -> String {
    format!("202601{version:02}-000000")
}

/// Waits short enough for a test, long enough for a machine at its limits.
pub(crate) fn prepared(fixture: &Fixture) {
    fixture.configure("SERVICE_STOP_TIMEOUT", "5s");
    fixture.configure("SERVICE_START_TIMEOUT", "20s");
    fixture.configure("HEALTHWAIT_TIMEOUT", "2s");
    fixture.configure("ROLLBACK_STOP_TIMEOUT", "5s");
    fixture.configure("ROLLBACK_TIMEOUT", "20s");
    fixture.configure("PREFLIGHT_SKIP", "disk");
}

/// The runbook deploys this version, whose behaviour is good.
pub(crate) fn deploy(fixture: &Fixture, version: u32) {
    fixture.release(&named(version), &version.to_string(), "healthy");
    let deployed = fixture.deploy().run(0);
    assert_eq!(deployed.text("/outcome"), "succeeded");
    assert_eq!(fixture.selected(), Some(named(version)));
    fixture.until_version(&version.to_string());
}

/// The state, as `deploy-state show` has it.
pub(crate) fn state(fixture: &Fixture) -> Value {
    let shown = fixture.tool("deploy-state").arg("show").run(0);
    shown.at("/state").clone()
}

/// The verdict on the release with this version.
pub(crate) fn verdict(fixture: &Fixture, version: u32) -> String {
    let state = state(fixture);
    let releases = state["releases"].as_array().unwrap();
    let release = releases
        .iter()
        .find(|release| release["name"] == named(version));
    release.unwrap()["verdict"].as_str().unwrap().to_owned()
}

/// The deploys of the history, oldest first, with what single tools did outside of any.
pub(crate) fn deploys(fixture: &Fixture) -> Vec<Value> {
    let history = fixture
        .tool("deploy-state")
        .args(["history", "--all", "--last", "1000"])
        .stderr_any()
        .run(0);
    history.at("/deploys").as_array().unwrap().clone()
}

/// The last of them.
pub(crate) fn last(fixture: &Fixture) -> Value {
    deploys(fixture).pop().unwrap()
}

/// The lines of the history that tell of this event.
pub(crate) fn events(fixture: &Fixture, event: &str) -> Vec<Value> {
    let history = std::fs::read_to_string(fixture.root.join("deploy-history.jsonl")).unwrap();
    history
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["event"] == event)
        .collect()
}

/// This version is live and served, and no deploy is going on.
pub(crate) fn serves(fixture: &Fixture, version: u32) {
    assert_eq!(fixture.selected(), Some(named(version)));
    fixture.until_version(&version.to_string());
    let state = state(fixture);
    assert_eq!(state["status"], "idle");
    assert_eq!(state["currentRelease"], named(version));
}

/// `from` was left for `to`: the link, the service, the state, the verdict and the history all say so.
pub(crate) fn went_back(fixture: &Fixture, from: u32, to: u32, why: &str) {
    serves(fixture, to);
    // To go forward from a release says nothing against it.
    let expected = if to < from { "bad" } else { "good" };
    assert_eq!(verdict(fixture, from), expected);
    let last = last(fixture);
    assert_eq!(last["outcome"], "rolled-back", "{last}");
    assert_eq!(last["release"], named(from), "{last}");
    assert_eq!(last["live"], named(to), "{last}");
    let told = last["why"].as_str().unwrap();
    assert!(told.contains(why), "{told:?} does not say {why:?}");
}

/// The service's main process, where it has one.
pub(crate) fn main_pid(fixture: &Fixture) -> Option<u32> {
    fixture
        .property("MainPID")
        .parse()
        .ok()
        .filter(|pid| *pid != 0)
}

/// The main process dies, and the supervisor is done with whatever it makes of that: another one runs, or it gave up.
pub(crate) fn crash(fixture: &Fixture) {
    assert_ne!(
        fixture.supervisor,
        Supervisor::Process,
        "nobody starts it anew"
    );
    let old = main_pid(fixture).unwrap();
    kill(old, Signal::SIGKILL);
    until("it is started anew, or given up", || {
        match main_pid(fixture) {
            Some(pid) => pid != old && fixture.property("SubState") == "running",
            // It is also called failed for a moment before it is started anew; this is the state that stays.
            None => fixture.property("SubState") == "failed",
        }
    });
}

/// The newest release is switched to as a whole deploy, and nobody restarts the service for it.
pub(crate) fn switch_alone(fixture: &Fixture) {
    let switched = "release-swap --newest >/dev/null && exec deploy-state end succeeded";
    fixture
        .tool("deploy-state")
        .args(["run", "--", "sh", "-c", switched])
        .stderr_any()
        .run(0);
}
