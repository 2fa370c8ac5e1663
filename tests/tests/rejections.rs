//! A good release goes live; a bad one is rejected and the old one serves again. One body for every supervisor.
#![allow(clippy::unwrap_used)]

use slipway_tests::{Fixture, on_each_supervisor};

/// The fixture with version 1 deployed by the runbook, and the waits short enough for a test.
fn deployed(fixture: &Fixture) {
    fixture.configure("SERVICE_STOP_TIMEOUT", "2s");
    fixture.configure("SERVICE_START_TIMEOUT", "5s");
    fixture.configure("HEALTHWAIT_TIMEOUT", "5s");
    fixture.configure("PREFLIGHT_SKIP", "disk");
    stage(fixture, "1", "healthy");
    let first = fixture.deploy().run(0);
    assert_eq!(first.text("/outcome"), "succeeded");
    fixture.until_version("1");
}

/// Lets the next deploy stage this version with this behaviour.
fn stage(fixture: &Fixture, version: &str, behaviour: &str) {
    let source = fixture.source(version, version, behaviour);
    let link = fixture.directory.join("build");
    let _ = std::fs::remove_file(&link);
    std::os::unix::fs::symlink(source, &link).unwrap();
    if version == "1" {
        fixture.configure("RELEASE_STAGE_SOURCE", link.to_str().unwrap());
    }
}

/// A deploy of this version is rejected with 1, version 1 serves, and the state says so.
fn is_rejected(fixture: &Fixture, version: &str, behaviour: &str) {
    let before = fixture.selected().unwrap();
    stage(fixture, version, behaviour);
    let rejected = fixture.deploy().run(1);
    assert_eq!(rejected.text("/outcome"), "rolled-back");
    fixture.until_version("1");
    assert_eq!(fixture.selected().unwrap(), before);
    let state = fixture.tool("deploy-state").arg("show").run(0);
    assert_eq!(state.text("/state/status"), "idle");
    assert_eq!(state.text("/state/currentRelease"), before);
    let newest = state
        .at("/state/releases")
        .as_array()
        .unwrap()
        .last()
        .unwrap();
    assert_eq!(newest["verdict"], "bad", "{newest}");
}

on_each_supervisor!(a_good_release_goes_live, |fixture| {
    deployed(&fixture);
    stage(&fixture, "2", "healthy");
    let second = fixture.deploy().run(0);
    assert_eq!(second.text("/outcome"), "succeeded");
    fixture.until_version("2");
});

on_each_supervisor!(a_release_that_crashes_at_once_is_rejected, |fixture| {
    deployed(&fixture);
    is_rejected(&fixture, "2", "crash");
});

on_each_supervisor!(a_release_that_hangs_is_rejected, |fixture| {
    deployed(&fixture);
    is_rejected(&fixture, "2", "hang");
});

on_each_supervisor!(a_release_that_answers_500_is_rejected, |fixture| {
    deployed(&fixture);
    is_rejected(&fixture, "2", "health-status=500");
});

on_each_supervisor!(old_releases_are_pruned_after_a_good_deploy, |fixture| {
    deployed(&fixture);
    fixture.configure("RELEASE_PRUNE_KEEP", "2");
    for version in ["2", "3", "4"] {
        stage(&fixture, version, "healthy");
        fixture.deploy().run(0);
    }
    fixture.until_version("4");
    let releases = std::fs::read_dir(fixture.root.join("releases")).unwrap();
    assert_eq!(releases.count(), 2);
});
