//! A runbook that the test holds at a moment of its choosing, and what there is to see meanwhile.
//!
//! No time decides anything: a gate is a program of the tool's name in front of the `PATH`, which says that it was
//! reached and goes on when the test lets it.
#![allow(dead_code)] // Each test program uses its part.

mod gate;
pub(crate) mod held;

#[allow(unused_imports)] // Each test program uses its part.
pub(crate) use gate::{Gate, Moment};
pub(crate) use held::Held;

use serde_json::Value;
use slipway_tests::{Ended, Fixture};
use std::fs;
use std::path::{Path, PathBuf};

/// The release that is live and validated before the deploy of the test begins; it serves version 1.
pub(crate) const OLD: &str = "20260101-000000";
/// The newest release, which the deploy of the test is to put live; it serves version 2.
pub(crate) const NEW: &str = "20260102-000000";

/// The runbook.
pub(crate) fn runbook() -> PathBuf {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts");
    scripts.join("deploy").canonicalize().unwrap()
}

/// Has the runbook put version 1 live, and lets version 2 be the newest release.
pub(crate) fn deployed(fixture: &Fixture, old: &str, new: &str) {
    fixture.configure("PREFLIGHT_SKIP", "disk");
    fixture.configure("SERVICE_START_TIMEOUT", "20s");
    fixture.configure("HEALTHWAIT_TIMEOUT", "20s");
    fixture.release(OLD, "1", old);
    assert_eq!(fixture.deploy().run(0).text("/outcome"), "succeeded");
    fixture.until_version("1");
    fixture.release(NEW, "2", new);
}

/// The state as its file has it.
pub(crate) fn state(fixture: &Fixture) -> Value {
    let path = fixture.root.join("deploy-state.json");
    let text = fs::read_to_string(&path).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text:?}"))
}

/// Changes the state's file by hand, as no tool would.
pub(crate) fn forge(fixture: &Fixture, change: impl FnOnce(&mut Value)) {
    let mut state = state(fixture);
    change(&mut state);
    let path = fixture.root.join("deploy-state.json");
    fs::write(path, state.to_string()).unwrap();
}

/// The lines of the history.
pub(crate) fn history(fixture: &Fixture) -> Vec<Value> {
    let text = fs::read_to_string(fixture.root.join("deploy-history.jsonl")).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What the history tells of one deploy.
pub(crate) fn told(fixture: &Fixture, id: &str) -> Value {
    let told = fixture
        .tool("deploy-state")
        .args(["history", "--all", "--last", "1000"])
        .stderr_any()
        .run(0);
    let deploys = told.at("/deploys").as_array().unwrap();
    let of_id: Vec<&Value> = deploys
        .iter()
        .filter(|told| told["deployId"] == id)
        .collect();
    assert_eq!(of_id.len(), 1, "{id} in {}", told.report);
    of_id[0].clone()
}

/// `deploy-state` with these words, which must end with `exit`; it may say on stderr what it likes.
pub(crate) fn deploy_state(fixture: &Fixture, words: &[&str], exit: i32) -> Ended {
    fixture
        .tool("deploy-state")
        .args(words)
        .stderr_any()
        .run(exit)
}

/// What holds at every moment, whatever was killed: `current` selects a complete release, and the state can be read and
/// names releases that are there.
pub(crate) fn is_sound(fixture: &Fixture) {
    let selected = fixture.selected().expect("current is no link");
    let release = fixture.root.join("releases").join(&selected);
    let program = if fixture.supervisor.is_pm2() {
        "server.js"
    } else {
        "demo-service"
    };
    for file in [program, "VERSION", "behaviour"] {
        assert!(release.join(file).is_file(), "{selected} has no {file}");
    }
    let shown = fixture.tool("deploy-state").arg("show").stderr_any().run(0);
    let live: Vec<&Value> = shown
        .at("/state/releases")
        .as_array()
        .unwrap()
        .iter()
        .filter(|release| release["name"] == *selected)
        .collect();
    assert_eq!(live.len(), 1, "{selected} in {}", shown.report);
}
