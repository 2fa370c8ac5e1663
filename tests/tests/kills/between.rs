//! A kill between two writes of one tool: the state has announced what is not done yet, or is done and not on record.
//!
//! No gate stands there, so the deploy is killed next to it and the state is made to say what it says between the two.

use crate::kill::{Served, serves};
use crate::runbook::held::until_gone;
use crate::runbook::{
    Gate, Held, Moment, NEW, OLD, deploy_state, deployed, forge, is_sound, state,
};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use slipway_tests::{Fixture, on_each_quick_supervisor};

/// The deploy that was killed with all it started, at this gate.
fn killed(fixture: &Fixture, moment: Moment, tool: &str, new: &str) -> String {
    deployed(fixture, "healthy", new);
    let gate = Gate::at(fixture, moment, tool);
    let deploy = Held::deploy(fixture, &gate, false);
    let tool = gate.reached();
    deploy.signal_all(Signal::SIGKILL);
    until_gone(tool);
    let id = deploy.id.clone();
    deploy.finish(137);
    id
}

/// What the state says between the announcement of a switch and its outcome.
fn announce(fixture: &Fixture, status: &str, action: &str, from: &str, to: &str) {
    forge(fixture, |state| {
        state["status"] = status.into();
        state["intent"] = json!({"action": action, "from": from, "to": to});
        state["liveRelease"] = from.into();
        if action == "swap" {
            state["currentRelease"] = to.into();
        }
    });
}

/// `recover` settles it like this, once.
fn recovers(fixture: &Fixture, id: &str, outcome: &str, live: &str, served: Served) {
    let recovered = deploy_state(fixture, &["recover"], 0);
    assert_eq!(recovered.text("/recovered"), id);
    assert_eq!(recovered.text("/outcome"), outcome);
    assert_eq!(recovered.at("/started"), true);
    serves(fixture, served);
    assert_eq!(fixture.selected().as_deref(), Some(live));
    let now = state(fixture);
    assert_eq!(
        (&now["status"], &now["intent"]),
        (&"idle".into(), &Value::Null)
    );
    assert_eq!(now["liveRelease"], live);
    assert_eq!(deploy_state(fixture, &["recover"], 0).at("/changed"), false);
    is_sound(fixture);
}

on_each_quick_supervisor!(a_switch_announced_and_not_made_did_not_happen, |fixture| {
    let id = killed(&fixture, Moment::Before, "release-swap", "healthy");
    announce(&fixture, "validating", "swap", OLD, NEW);
    recovers(&fixture, &id, "aborted", OLD, Served::Old);
});

on_each_quick_supervisor!(a_switch_made_and_not_recorded_happened, |fixture| {
    let id = killed(&fixture, Moment::After, "release-swap", "healthy");
    announce(&fixture, "validating", "swap", OLD, NEW);
    recovers(&fixture, &id, "aborted", NEW, Served::New);
});

on_each_quick_supervisor!(a_rollback_that_was_announced_is_made, |fixture| {
    // The broken release runs: it is replaced, not only deselected.
    let id = killed(&fixture, Moment::Within, "healthwait", "health-status=500");
    serves(&fixture, Served::New);
    announce(&fixture, "rolling-back", "rollback", NEW, OLD);
    recovers(&fixture, &id, "rolled-back", OLD, Served::Old);
    let releases = state(&fixture)["releases"].clone();
    let new = releases
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == NEW);
    assert_eq!(new.unwrap()["verdict"], "bad");
});

on_each_quick_supervisor!(
    a_rollback_that_was_announced_is_made_by_the_next_run,
    |fixture| {
        let id = killed(&fixture, Moment::Within, "healthwait", "health-status=500");
        announce(&fixture, "rolling-back", "rollback", NEW, OLD);
        let run = deploy_state(&fixture, &["run", "--", "true"], 0);
        assert_eq!(run.text("/tookOver/deployId"), id);
        serves(&fixture, Served::Old);
        assert_eq!(fixture.selected().as_deref(), Some(OLD));
    }
);

on_each_quick_supervisor!(
    a_rollback_that_was_switched_and_not_recorded_is_finished,
    |fixture| {
        let id = killed(&fixture, Moment::After, "release-swap", "healthy");
        fixture.select(OLD);
        announce(&fixture, "rolling-back", "rollback", NEW, OLD);
        recovers(&fixture, &id, "rolled-back", OLD, Served::Old);
    }
);

on_each_quick_supervisor!(
    what_neither_was_nor_was_to_be_is_left_alone_and_named,
    |fixture| {
        let id = killed(&fixture, Moment::Before, "release-swap", "healthy");
        let other = "20260101-120000";
        fixture.release(other, "other", "healthy");
        fixture.select(other);
        announce(&fixture, "validating", "swap", OLD, NEW);
        let before = state(&fixture);
        let refused = deploy_state(&fixture, &["recover"], 3);
        assert_eq!(refused.error_code(), "contradiction");
        let message = refused.text("/error/message");
        for named in [&id, other, OLD, NEW] {
            assert!(message.contains(named), "no {named} in {message}");
        }
        assert_eq!(state(&fixture), before);
        assert_eq!(fixture.selected().as_deref(), Some(other));
        // A person decides, and it goes on.
        fixture.select(OLD);
        recovers(&fixture, &id, "aborted", OLD, Served::Old);
    }
);
