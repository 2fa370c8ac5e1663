//! A runbook that was stopped, replaced and woken.

use crate::runbook::{
    Gate, Held, Moment, deploy_state, deployed, history, is_sound, runbook, state,
};
use crate::tree::Tree;
use nix::sys::signal::Signal;
use slipway_tests::{Fixture, on_each_quick_supervisor};

/// Everything that serves or decides: the releases, the link, the state. The history and the log may well say that
/// somebody was refused.
fn all_that_counts(fixture: &Fixture) -> (Tree, serde_json::Value, String) {
    let releases = Tree::of(&fixture.root.join("releases"));
    let link = std::fs::read_link(fixture.root.join("current")).unwrap();
    let served = fixture.get("/health").unwrap().at("/pid");
    (
        releases,
        state(fixture),
        format!("{} {served}", link.display()),
    )
}

/// Stops a deploy at its way into this tool, replaces it, wakes it: nothing changes any more, and it ends with 75.
fn woken(fixture: &Fixture, tool: &str) {
    woken_with(fixture, tool, "--");
}

/// The same, where what the stopped one left does not pass the checks: the one that replaces it brings the cure.
fn woken_with(fixture: &Fixture, tool: &str, force: &str) {
    let gate = Gate::at(fixture, Moment::Before, tool);
    let first = Held::deploy(fixture, &gate, true);
    gate.reached();
    first.stop();
    // It would go on if it were woken, so it is not dead.
    let refused = fixture.deploy().run(75);
    let message = refused.text("/error/message");
    assert!(message.contains("its holder is stopped"), "{message}");
    deploy_state(fixture, &["recover"], 75);

    fixture.release("20260103-000000", "3", "healthy");
    let runbook = runbook().display().to_string();
    let app = fixture.app().display().to_string();
    let words = [
        "run",
        "--take-over",
        "--stale-after",
        "0s",
        "--",
        &runbook,
        force,
        &app,
    ];
    let second = deploy_state(fixture, &words, 0);
    assert_eq!(second.text("/tookOver/deployId"), first.id);
    assert_eq!(second.text("/tookOver/life"), "stopped");
    assert_eq!(second.text("/outcome"), "succeeded");
    fixture.until_version("3");

    let before = all_that_counts(fixture);
    let generation = history(fixture).len();
    gate.open();
    first.signal_all(Signal::SIGCONT);
    let id = first.id.clone();
    let late = first.finish(75);
    assert_eq!(late.text("/deployId"), id);
    let after = all_that_counts(fixture);
    after.0.must_be(&before.0, "a runbook that was woken");
    assert_eq!((after.1, after.2), (before.1, before.2));
    for line in &history(fixture)[generation..] {
        // What its tools found is told; it moves nothing on.
        assert_eq!(line["event"], "step", "{line}");
        assert_eq!(line["deployId"], *id, "{line}");
        let exit = if tool == "healthwait" { 0 } else { 75 };
        assert_eq!(line["report"]["exit"], exit, "{line}");
    }
    assert_eq!(fixture.version().as_deref(), Some("3"));
    is_sound(fixture);
}

on_each_quick_supervisor!(woken_before_the_stop_it_changes_nothing_more, |fixture| {
    deployed(&fixture, "healthy", "healthy");
    woken(&fixture, "service-stop");
});

on_each_quick_supervisor!(woken_before_the_switch_it_changes_nothing_more, |fixture| {
    deployed(&fixture, "healthy", "healthy");
    woken(&fixture, "release-swap");
});

on_each_quick_supervisor!(woken_before_the_start_it_changes_nothing_more, |fixture| {
    deployed(&fixture, "healthy", "healthy");
    woken(&fixture, "service-start");
});

on_each_quick_supervisor!(woken_before_the_check_it_changes_nothing_more, |fixture| {
    deployed(&fixture, "healthy", "healthy");
    woken(&fixture, "healthwait");
});

on_each_quick_supervisor!(
    woken_before_the_rollback_it_changes_nothing_more,
    |fixture| {
        deployed(&fixture, "healthy", "crash");
        woken_with(&fixture, "rollback", "--force");
    }
);

on_each_quick_supervisor!(woken_before_its_end_it_changes_nothing_more, |fixture| {
    deployed(&fixture, "healthy", "healthy");
    woken(&fixture, "deploy-state end");
});
