//! The single transitions as people type them, and a deploy that is followed, paused, marked and looked up.

use crate::runbook::held::until_gone;
use crate::runbook::{
    Gate, Held, Moment, NEW, OLD, deploy_state, deployed, forge, history, state, told,
};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use slipway_tests::{Fixture, Supervisor, on_each_quick_supervisor, until};

/// A place where version 1 is live.
fn place() -> Fixture {
    let fixture = Fixture::on(Supervisor::Process).unwrap();
    deployed(&fixture, "healthy", "healthy");
    fixture
}

fn begin(fixture: &Fixture) -> String {
    deploy_state(fixture, &["begin"], 0)
        .text("/deployId")
        .to_owned()
}

/// A deploy that is `validating`, in which the new release serves, whose holder is dead.
fn dead_while_validating(fixture: &Fixture) -> String {
    deployed(fixture, "healthy", "healthy");
    let gate = Gate::at(fixture, Moment::Before, "healthwait");
    let first = Held::deploy(fixture, &gate, false);
    let tool = gate.reached();
    first.signal_all(Signal::SIGKILL);
    until_gone(tool);
    let id = first.id.clone();
    first.finish(137);
    assert_eq!(state(fixture)["status"], "validating");
    assert_eq!(fixture.version().as_deref(), Some("2"));
    id
}

on_each_quick_supervisor!(
    a_dead_validating_deploy_may_be_called_well_by_its_application,
    |fixture| {
        let id = dead_while_validating(&fixture);
        // The application may be about to say so: nobody who just begins takes that away.
        let refused = deploy_state(&fixture, &["begin"], 75);
        assert!(
            refused
                .text("/error/message")
                .contains("its holder is dead")
        );
        assert_eq!(
            refused.text("/error/hint"),
            format!("deploy-state --app {} recover", fixture.app().display())
        );
        deploy_state(&fixture, &["begin", "--take-over"], 75);

        let healthy = deploy_state(&fixture, &["healthy"], 0);
        assert_eq!(healthy.text("/deployId"), id);
        assert_eq!(healthy.text("/outcome"), "succeeded");
        assert_eq!(told(&fixture, &id)["outcome"], "succeeded");
        let now = state(&fixture);
        assert_eq!(now["status"], "idle");
        assert_eq!(now["currentRelease"], NEW);
        assert!(now["probationUntil"].is_string(), "{now}");
        assert_eq!(verdict(&now, NEW), "good");
        // Said twice, it changes nothing.
        let again = deploy_state(&fixture, &["healthy"], 0);
        assert_eq!(again.at("/changed"), false);
        assert_eq!(state(&fixture), now);
    }
);

on_each_quick_supervisor!(a_dead_validating_deploy_is_settled_by_recover, |fixture| {
    let id = dead_while_validating(&fixture);
    let app = fixture.app();
    let undecided = format!(
        "{NEW} was never validated: healthwait --app {0} && deploy-state --app {0} mark {NEW} good,",
        app.display()
    );
    // Also where nobody watches.
    let shown = fixture
        .tool("deploy-state")
        .arg("show")
        .stderr_with(&format!("deploy {id} by "))
        .stderr_with("its holder is dead")
        .stderr_with(&format!("deploy-state --app {} recover", app.display()))
        .stderr_with(&undecided);
    shown.run(0);
    let recovered = fixture.tool("deploy-state").arg("recover");
    let recovered = recovered.stderr_with(&undecided).run(0);
    assert_eq!(recovered.text("/recovered"), id);
    assert_eq!(recovered.text("/outcome"), "aborted");
    assert_eq!(recovered.at("/started"), false, "it runs already");
    let now = state(&fixture);
    assert_eq!(now["status"], "idle");
    assert_eq!(verdict(&now, NEW), "unknown", "nobody has seen it well");
    assert_eq!(fixture.version().as_deref(), Some("2"));
    let again = deploy_state(&fixture, &["recover"], 0);
    assert_eq!(again.at("/changed"), false);
});

on_each_quick_supervisor!(
    a_dead_validating_deploy_is_settled_by_the_next_run,
    |fixture| {
        let id = dead_while_validating(&fixture);
        let run = deploy_state(&fixture, &["run", "--", "true"], 0);
        assert_eq!(run.text("/tookOver/deployId"), id);
        assert_eq!(told(&fixture, &id)["outcome"], "aborted");
    }
);

#[test]
fn a_dead_validating_deploy_is_begun_over_once_it_is_stale() {
    let fixture = Fixture::on(Supervisor::Process).unwrap();
    let id = dead_while_validating(&fixture);
    let begun = deploy_state(&fixture, &["begin", "--stale-after", "0s"], 0);
    assert_eq!(begun.text("/tookOver/deployId"), id);
    // Not validated, it is nothing to come back to.
    assert_eq!(begun.text("/previousRelease"), OLD);
}

fn verdict(state: &Value, release: &str) -> String {
    let releases = state["releases"].as_array().unwrap();
    let one = releases.iter().find(|one| one["name"] == release).unwrap();
    one["verdict"].as_str().unwrap().to_owned()
}

#[test]
fn phases_go_forward_only_and_a_deploy_ends_once() {
    let fixture = place();
    let id = begin(&fixture);
    let named = |words: &[&str], exit| {
        let words: Vec<&str> = words.iter().copied().chain(["--id", &id]).collect();
        deploy_state(&fixture, &words, exit)
    };
    assert_eq!(state(&fixture)["status"], "deploying");
    named(&["phase", "build"], 0);
    assert_eq!(named(&["phase", "build"], 0).at("/changed"), false);
    let back = named(&["phase", "pre-flight"], 1);
    assert_eq!(back.error_code(), "phase-order");
    assert_eq!(state(&fixture)["phase"], "build");
    named(&["phase", "restart"], 0);
    // Before anything is stopped, the state says that something may be.
    assert_eq!(state(&fixture)["status"], "validating");
    assert_eq!(
        deploy_state(&fixture, &["step", "--id", &id, "drain", "--", "true"], 1).error_code(),
        "phase-order"
    );
    deploy_state(&fixture, &["phase", "validating"], 2);
    deploy_state(&fixture, &["phase", "validating", "--id", "another"], 75);

    let ended = named(&["end", "failed", "--why", "it was meant to"], 0);
    assert_eq!(ended.at("/changed"), true);
    let now = state(&fixture);
    assert_eq!(now["status"], "idle");
    assert_eq!(named(&["end", "failed"], 0).at("/changed"), false);
    assert_eq!(named(&["end", "succeeded"], 75).error_code(), "lease-lost");
    assert_eq!(
        named(&["phase", "validating"], 75).error_code(),
        "lease-lost"
    );
    assert_eq!(state(&fixture), now);
    let story = told(&fixture, &id);
    assert_eq!(story["why"], "it was meant to");
    assert_eq!(story["outcome"], "failed");
}

#[test]
fn history_shows_the_last_ones_oldest_first() {
    let fixture = place();
    let ids: Vec<String> = (0..3)
        .map(|_| {
            let id = begin(&fixture);
            deploy_state(&fixture, &["end", "aborted", "--id", &id], 0);
            id
        })
        .collect();
    // A tool's own moment is no deploy.
    fixture.tool("release-swap").arg(NEW).stderr_any().run(0);
    let shown = |words: &[&str]| -> Vec<String> {
        let ended = deploy_state(&fixture, words, 0);
        let deploys = ended.at("/deploys").as_array().unwrap();
        let id = |told: &Value| told["deployId"].as_str().unwrap().to_owned();
        deploys.iter().map(id).collect()
    };
    assert_eq!(shown(&["history", "--last", "2"]), ids[1..]);
    assert_eq!(shown(&["history"]).len(), 4);
    let all = shown(&["history", "--all"]);
    assert!(
        !shown(&["history"]).contains(all.last().unwrap()),
        "{all:?}"
    );
    assert_eq!(shown(&["history", "--last", "0"]).len(), 0);
}

#[test]
fn a_pause_lasts_until_it_is_ended() {
    let fixture = place();
    let words = [
        "pause",
        "--why",
        "the fair",
        "--until",
        "2099-12-24T00:00:00Z",
    ];
    let paused = deploy_state(&fixture, &words, 0);
    assert_eq!(paused.text("/paused/why"), "the fair");
    assert_eq!(paused.text("/paused/until"), "2099-12-24T00:00:00.000Z");
    let refused = fixture.deploy().run(1);
    assert_eq!(refused.text("/outcome"), "aborted");
    assert_eq!(fixture.selected().as_deref(), Some(OLD));
    deploy_state(&fixture, &["resume"], 0);
    assert_eq!(deploy_state(&fixture, &["resume"], 0).at("/changed"), false);
    assert_eq!(fixture.deploy().run(0).text("/outcome"), "succeeded");
    deploy_state(&fixture, &["pause", "--why", "x", "--until", "tomorrow"], 2);
}

#[test]
fn a_mark_is_a_persons_verdict() {
    let fixture = place();
    for (mark, key, value) in [
        ("bad", "verdict", json!("bad")),
        ("good", "verdict", json!("good")),
        ("pinned", "pinned", json!(true)),
        ("unpinned", "pinned", json!(false)),
    ] {
        deploy_state(&fixture, &["mark", OLD, mark], 0);
        let now = state(&fixture);
        let releases = now["releases"].as_array().unwrap();
        let old = releases.iter().find(|one| one["name"] == OLD).unwrap();
        assert_eq!(old[key], value, "{mark}");
    }
    let unknown = deploy_state(&fixture, &["mark", "19990101-000000", "bad"], 1);
    assert_eq!(unknown.error_code(), "no-such-release");
}

#[test]
fn a_deploy_in_the_background_is_known_at_once_and_can_be_waited_for() {
    let fixture = place();
    let gate = Gate::at(&fixture, Moment::Before, "service-stop");
    let runbook = crate::runbook::runbook();
    let detached = fixture
        .shell(&format!(
            "exec {} --detach \"$DEPLOY_APP\"",
            runbook.display()
        ))
        .env("PATH", gate.path())
        .stderr_any()
        .run(0);
    let id = detached.text("/deployId").to_owned();
    gate.reached();
    assert_eq!(state(&fixture)["deployId"], *id);
    let going = deploy_state(&fixture, &["wait", &id, "--timeout", "0s"], 124);
    assert_eq!(going.error_code(), "still-going");
    assert_eq!(going.text("/holder/life"), "alive");
    fixture.deploy().run(75);

    let wait = fixture
        .tool("deploy-state")
        .args(["wait", &id])
        .stderr_any()
        .spawn();
    gate.open();
    assert_eq!(wait.finish(0).text("/outcome"), "succeeded");
    fixture.until_version("2");
    // Without an id it is the last one.
    assert_eq!(deploy_state(&fixture, &["wait"], 0).text("/deployId"), id);
    let unknown = deploy_state(&fixture, &["wait", "20200101-000000-abcdef"], 1);
    assert_eq!(unknown.error_code(), "no-such-deploy");
}

#[test]
fn a_deploy_in_the_background_that_is_refused_says_so() {
    let fixture = place();
    let id = begin(&fixture);
    let words = ["run", "--detach", "--", "true"];
    let refused = deploy_state(&fixture, &words, 75);
    assert_eq!(refused.error_code(), "busy");
    assert!(refused.text("/error/message").contains(&id));
}

#[test]
fn to_wait_for_a_deploy_whose_holder_dies_ends() {
    let fixture = place();
    let gate = Gate::at(&fixture, Moment::Before, "preflight");
    let deploy = Held::deploy(&fixture, &gate, false);
    gate.reached();
    let wait = fixture
        .tool("deploy-state")
        .args(["wait", &deploy.id])
        .stderr_any()
        .spawn();
    deploy.signal_all(Signal::SIGKILL);
    let abandoned = wait.finish(1);
    assert_eq!(abandoned.error_code(), "abandoned");
    assert_eq!(
        abandoned.text("/error/hint"),
        format!("deploy-state --app {} recover", fixture.app().display())
    );
    deploy.finish(137);
}

#[test]
fn a_deploy_beyond_its_limit_is_reported_and_goes_on() {
    let fixture = place();
    let (gate, wait) = Gate::command(&fixture);
    let words = ["run", "--limit", "1ms", "--", &wait];
    let run = fixture
        .tool("deploy-state")
        .args(words)
        .stderr_with("takes longer than")
        .spawn();
    gate.reached();
    until("the limit is on record", || {
        history(&fixture)
            .iter()
            .any(|line| line["event"] == "over-limit")
    });
    let id = state(&fixture)["deployId"].as_str().unwrap().to_owned();
    gate.open();
    assert_eq!(run.finish(0).at("/overLimit"), true);
    assert_eq!(told(&fixture, &id)["overLimit"], true);
}

#[test]
fn what_the_history_has_not_seen_yet_is_put_there_first() {
    let fixture = place();
    let id = begin(&fixture);
    // Killed between the state and the history: the last event is in the state alone.
    let path = fixture.root.join("deploy-history.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    let without = &whole[..=whole.trim_end().rfind('\n').unwrap()];
    std::fs::write(&path, without).unwrap();
    forge(&fixture, |_| ());
    deploy_state(&fixture, &["phase", "build", "--id", &id], 0);
    let events: Vec<Value> = history(&fixture)
        .iter()
        .filter(|line| line["deployId"] == *id)
        .map(|line| line["event"].clone())
        .collect();
    assert_eq!(events, ["begun", "phase"]);
}
