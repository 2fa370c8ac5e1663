//! The parent that outlives its runbook: what that left in the middle of a switch is rolled back, without another
//! command.

use crate::kill::{Served, serves};
use crate::runbook::held::until_gone;
use crate::runbook::{Gate, Held, Moment, NEW, OLD, deployed, history, is_sound, state, told};
use nix::sys::signal::Signal;
use serde_json::Value;
use slipway_tests::{Ended, Fixture, kill, on_each_quick_supervisor, until};

/// The script is killed while this tool waits for a new release that does not come to be well: the parent's report,
/// which comes with this exit code.
fn script_killed(fixture: &Fixture, tool: &str, at_work: fn(&Value) -> bool, exit: i32) -> Ended {
    let gate = Gate::at(fixture, Moment::Within, tool);
    // Long enough for the kill; what is left behind then is over soon.
    let soon = [
        ("SERVICE_START_TIMEOUT", "4s"),
        ("HEALTHWAIT_TIMEOUT", "4s"),
        ("ROLLBACK_TIMEOUT", "10s"),
    ];
    let deploy = Held::deploy_with(fixture, &gate, true, &soon);
    let tool = gate.reached();
    until("the tool is at work", || at_work(&state(fixture)));
    kill(deploy.script(tool), Signal::SIGKILL);
    let ended = deploy.finish(exit);
    // What was left behind changes nothing any more.
    let after = (state(fixture)["status"].clone(), fixture.version());
    until_gone(tool);
    assert_eq!(after, (state(fixture)["status"].clone(), fixture.version()));
    ended
}

fn has_started(state: &Value) -> bool {
    state["lastEvent"]["event"] == "started"
}

fn is_validating(state: &Value) -> bool {
    state["phase"] == "validating"
}

/// The old release serves again, and the report, the state and the history say why.
fn is_rolled_back(fixture: &Fixture, ended: &Ended) {
    serves(fixture, Served::Old);
    assert_eq!(fixture.selected().as_deref(), Some(OLD));
    is_sound(fixture);

    assert_eq!(ended.text("/outcome"), "rolled-back");
    assert_eq!(ended.at("/commandExit"), 137);
    assert_eq!(ended.text("/release"), NEW);
    assert!(ended.at("/recovered").is_null(), "{}", ended.report);
    let why = ended.text("/why");
    assert!(why.contains("the runbook ended with 137"), "{why}");

    let state = state(fixture);
    assert_eq!(state["status"], "idle");
    assert_eq!(state["liveRelease"], OLD);
    let id = ended.text("/deployId");
    assert_eq!(told(fixture, id)["outcome"], "rolled-back");
    assert_eq!(
        reports_of_rollback(fixture, id),
        [(1, "rolled-back".to_owned())]
    );
}

/// The exit code and the error of each rollback that the deploy's history has a report of.
fn reports_of_rollback(fixture: &Fixture, id: &str) -> Vec<(i64, String)> {
    let reports = history(fixture).into_iter().filter(|line| {
        line["event"] == "step" && line["deployId"] == id && line["report"]["tool"] == "rollback"
    });
    reports
        .map(|line| {
            let report = &line["report"];
            let code = report["error"]["code"].as_str().unwrap_or_default();
            (report["exit"].as_i64().unwrap(), code.to_owned())
        })
        .collect()
}

on_each_quick_supervisor!(
    killed_while_the_new_release_hangs_the_old_one_serves_again,
    |fixture| {
        deployed(&fixture, "healthy", "hang");
        let ended = script_killed(&fixture, "service-start", has_started, 137);
        is_rolled_back(&fixture, &ended);
    }
);

on_each_quick_supervisor!(
    killed_while_the_new_release_answers_500_the_old_one_serves_again,
    |fixture| {
        deployed(&fixture, "healthy", "health-status=500");
        let ended = script_killed(&fixture, "healthwait", is_validating, 137);
        is_rolled_back(&fixture, &ended);
    }
);

on_each_quick_supervisor!(
    where_the_old_one_does_not_serve_either_it_says_so,
    |fixture| {
        deployed(&fixture, "healthy", "health-status=500");
        // It was well once and is not any more: whatever it needs is gone.
        let old = fixture.root.join("releases").join(OLD).join("behaviour");
        std::fs::write(old, "crash\n").unwrap();
        let ended = script_killed(&fixture, "healthwait", is_validating, 69);
        serves(&fixture, Served::Nobody);
        assert_eq!(fixture.selected().as_deref(), Some(OLD));
        is_sound(&fixture);
        assert_eq!(ended.text("/outcome"), "failed");
        assert_eq!(state(&fixture)["status"], "idle");
        let id = ended.text("/deployId");
        assert_eq!(reports_of_rollback(&fixture, id), [(69, "down".to_owned())]);
    }
);
