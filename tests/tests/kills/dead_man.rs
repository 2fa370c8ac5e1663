//! The dead-man's switch: everything of the deploy is killed while nobody serves, and somebody serves again by itself.

use crate::kill::{Served, serves};
use crate::runbook::held::until_gone;
use crate::runbook::{Gate, Held, Moment, NEW, OLD, deploy_state, deployed, is_sound, state};
use nix::sys::signal::Signal;
use slipway_tests::{Fixture, on_each_quick_supervisor};

/// Kills all of it at this gate and gives no other command; the release that is selected serves again.
fn up_again(fixture: &Fixture, moment: Moment, tool: &str, live: &str, served: Served) {
    deployed(fixture, "healthy", "healthy");
    let gate = Gate::at(fixture, moment, tool);
    // It waits for the stop's own time and then for its own.
    let soon = [
        ("SERVICE_STOP_TIMEOUT", "1s"),
        ("SERVICE_STOP_DEAD_MAN", "2s"),
    ];
    let deploy = Held::deploy_with(fixture, &gate, false, &soon);
    let tool = gate.reached();
    deploy.signal_all(Signal::SIGKILL);
    until_gone(tool);
    let id = deploy.id.clone();
    deploy.finish(137);

    // However long that takes: nobody but the switch is there to do it.
    serves(fixture, served);
    assert_eq!(fixture.selected().as_deref(), Some(live));
    is_sound(fixture);
    // It has no lease, and what it does is no verdict.
    let held = state(fixture);
    assert_eq!(
        (&held["status"], &held["deployId"]),
        (&"validating".into(), &id.clone().into())
    );

    let recovered = deploy_state(fixture, &["recover"], 0);
    assert_eq!(recovered.text("/recovered"), id);
    assert_eq!(recovered.at("/started"), false);
    serves(fixture, served);
    fixture.release("20260103-000000", "3", "healthy");
    assert_eq!(fixture.deploy().run(0).text("/outcome"), "succeeded");
    fixture.until_version("3");
}

on_each_quick_supervisor!(
    killed_after_the_stop_the_old_release_is_up_again_by_itself,
    |fixture| {
        up_again(&fixture, Moment::After, "service-stop", OLD, Served::Old);
    }
);

on_each_quick_supervisor!(
    killed_after_the_switch_the_new_release_is_up_again_by_itself,
    |fixture| {
        up_again(&fixture, Moment::After, "release-swap", NEW, Served::New);
    }
);
