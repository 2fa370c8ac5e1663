//! Two runbooks at once, and the one that comes after a dead one.

use crate::runbook::held::until_gone;
use crate::runbook::{Gate, Held, Moment, NEW, OLD, deployed, history, is_sound, state, told};
use nix::sys::signal::Signal;
use serde_json::Value;
use slipway_tests::{Ended, Fixture, kill, on_each_quick_supervisor};

/// The second runbook's refusal names the first deploy: its id, its phase, who began it, since when, and that it lives.
fn names_the_first(refused: &Ended, first: &Value) {
    assert_eq!(refused.error_code(), "busy");
    let message = refused.text("/error/message");
    for named in ["deployId", "phase", "initiatedBy", "startedAt"] {
        let named = first[named].as_str().unwrap();
        assert!(message.contains(named), "no {named} in {message}");
    }
    assert!(message.contains("its holder is alive"), "{message}");
    let id = first["deployId"].as_str().unwrap();
    let hint = refused.text("/error/hint");
    assert!(hint.starts_with("deploy-state --app /"), "{hint}");
    assert!(hint.ends_with(&format!(" wait {id}")), "{hint}");
}

on_each_quick_supervisor!(
    of_two_runbooks_one_deploys_and_the_other_names_it,
    |fixture| {
        deployed(&fixture, "healthy", "healthy");
        let gate = Gate::at(&fixture, Moment::Before, "service-stop");
        let first = Held::deploy(&fixture, &gate, true);
        gate.reached();

        let held = state(&fixture);
        assert_eq!(held["phase"], "restart");
        names_the_first(&fixture.deploy().run(75), &held);
        assert_eq!(state(&fixture), held, "the refused one changed the state");
        assert_eq!(fixture.version().as_deref(), Some("1"));

        gate.open();
        let id = first.id.clone();
        let ended = first.finish(0);
        assert_eq!(ended.text("/deployId"), id);
        assert_eq!(ended.text("/outcome"), "succeeded");
        fixture.until_version("2");
        is_sound(&fixture);
    }
);

/// Every single tool is refused as well, unless it is told which deploy it belongs to.
#[test]
fn a_tool_beside_a_deploy_is_refused() {
    let fixture = Fixture::on(slipway_tests::Supervisor::Process).unwrap();
    deployed(&fixture, "healthy", "healthy");
    let gate = Gate::at(&fixture, Moment::Before, "preflight");
    let first = Held::deploy(&fixture, &gate, true);
    gate.reached();
    let held = state(&fixture);
    for words in [
        &["service-stop"][..],
        &["release-swap", NEW],
        &["service-start"],
        &["rollback"],
        &["deploy-state", "begin"],
        &["deploy-state", "recover"],
        &[
            "deploy-state",
            "recover",
            "--take-over",
            "--stale-after",
            "0s",
        ],
        &[
            "deploy-state",
            "begin",
            "--take-over",
            "--stale-after",
            "0s",
        ],
    ] {
        let refused = fixture
            .tool(words[0])
            .args(&words[1..])
            .stderr_any()
            .run(75);
        names_the_first(&refused, &held);
    }
    assert_eq!(state(&fixture), held);
    assert_eq!(fixture.selected().as_deref(), Some(OLD));
    gate.open();
    first.finish(0);
}

/// The next runbook takes over by itself and at once, and the history tells the story.
fn takes_over(fixture: &Fixture, dead: &str, phase: &str) {
    // What the dead one had put live is no longer the newest, so that there is something to deploy.
    fixture.release("20260103-000000", "3", "healthy");
    let next = fixture.deploy().run(0);
    assert_eq!(next.text("/tookOver/deployId"), dead);
    assert_eq!(next.text("/tookOver/life"), "dead");
    assert_eq!(next.text("/tookOver/phase"), phase);
    fixture.until_version("3");

    let story = told(fixture, dead);
    assert_eq!(story["outcome"], "aborted", "{story}");
    let why = story["why"].as_str().unwrap();
    assert!(
        why.contains(&format!("the holder died in phase {phase}")),
        "{why}"
    );
    let order: Vec<(String, String)> = history(fixture)
        .iter()
        .filter(|line| line["event"] == "begun" || line["event"] == "ended")
        // Pruning has a moment of its own.
        .filter(|line| line["momentOf"].is_null())
        .map(|line| (line["event"].to_string(), line["deployId"].to_string()))
        .collect();
    let (dead, next) = (format!("{dead:?}"), next.at("/deployId").to_string());
    let told: Vec<(&str, &str)> = order[order.len() - 4..]
        .iter()
        .map(|(event, id)| (event.as_str(), id.as_str()))
        .collect();
    let expected = [
        ("\"begun\"", dead.as_str()),
        ("\"ended\"", &dead),
        ("\"begun\"", &next),
        ("\"ended\"", &next),
    ];
    assert_eq!(told, expected);
    is_sound(fixture);
}

on_each_quick_supervisor!(
    a_runbook_killed_with_all_it_started_is_followed_at_once,
    |fixture| {
        deployed(&fixture, "healthy", "healthy");
        let gate = Gate::at(&fixture, Moment::Before, "service-stop");
        let first = Held::deploy(&fixture, &gate, false);
        let tool = gate.reached();
        first.signal_all(Signal::SIGKILL);
        until_gone(tool);
        let id = first.id.clone();
        first.finish(137);
        takes_over(&fixture, &id, "restart");
    }
);

on_each_quick_supervisor!(
    a_killed_holder_is_followed_although_its_runbook_lives,
    |fixture| {
        deployed(&fixture, "healthy", "healthy");
        let gate = Gate::at(&fixture, Moment::Before, "preflight");
        let first = Held::deploy(&fixture, &gate, false);
        let script = first.script(gate.reached());
        kill(first.run, Signal::SIGKILL);
        let id = first.id.clone();
        until_gone(first.run);
        takes_over(&fixture, &id, "pre-flight");

        // The runbook that was left behind goes on, and finds that it may not.
        let before = state(&fixture);
        gate.open();
        until_gone(script);
        assert_eq!(state(&fixture)["releases"], before["releases"]);
        assert_eq!(state(&fixture)["status"], "idle");
        assert_eq!(fixture.version().as_deref(), Some("3"));
        first.finish(137);
    }
);
