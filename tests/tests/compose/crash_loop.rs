//! A release that dies later, again and again: the engine starts it anew each time and counts, and a timer leads back.

use crate::deploys::{deploy, named, prepared, serves, state, verdict, went_back};
use crate::{container, fixture, image_id, inspect};
use nix::sys::signal::Signal;
use slipway_tests::{Fixture, kill, until};

const RESTARTS: &str = "{{.RestartCount}}";
const IMAGE: &str = "{{.Image}}";

/// The container's process dies, and the engine starts it anew.
fn crash(fixture: &Fixture) {
    let restarts = || -> u64 { inspect(fixture, "root", "demo", RESTARTS).parse().unwrap() };
    let before = restarts();
    let pid = inspect(fixture, "root", "demo", "{{.State.Pid}}");
    kill(pid.parse().unwrap(), Signal::SIGKILL);
    // To the engine, a container that waits to be started anew is running too.
    until("the engine has started it anew", || {
        restarts() > before
            && inspect(fixture, "root", "demo", "{{.State.Status}}") == "running"
            && fixture.get("/health").is_some()
    });
}

/// What a timer runs.
fn look(fixture: &Fixture) {
    let looked = fixture.tool("rollback").arg("--if-crash-loop");
    let _ = looked.stderr_any().run(0);
}

#[test]
fn the_third_restart_of_the_engines_own_leads_back_to_the_images_that_ran_before() {
    let Some(fixture) = fixture() else { return };
    prepared(&fixture);
    deploy(&fixture, 1);
    let first = inspect(&fixture, "root", "demo", IMAGE);
    // A restart of the old release is nothing against the new one.
    crash(&fixture);
    deploy(&fixture, 2);
    let old = container(&fixture, "root", "demo");
    assert_ne!(inspect(&fixture, "root", "demo", IMAGE), first);
    let before = &state(&fixture)["switch"]["images"];
    assert_eq!(before[0], format!("demo={first}"), "{before}");

    crash(&fixture);
    crash(&fixture);
    look(&fixture);
    serves(&fixture, 2);
    assert_eq!(verdict(&fixture, 2), "good");

    crash(&fixture);
    assert_eq!(inspect(&fixture, "root", "demo", RESTARTS), "3");
    look(&fixture);
    went_back(&fixture, 2, 1, "3 restarts since the switch");
    assert_eq!(inspect(&fixture, "root", "demo", IMAGE), first);
    assert_ne!(container(&fixture, "root", "demo"), old);

    // The name of the new build stays where it is; what runs is told by its id.
    let kept = |version| image_id(&fixture, &format!("slipway/root/demo:{}", named(version)));
    assert_ne!(kept(2), first);
    assert_eq!(kept(1), first);
}
