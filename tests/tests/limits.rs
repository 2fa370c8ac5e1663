//! How often an application may be deployed, what becomes of one that keeps failing, and who is told.
#![allow(clippy::unwrap_used)]

mod deploys;

use deploys::{deploy, deploys, named, prepared, serves, state, verdict};
use nix::sys::signal::Signal;
use serde_json::Value;
use slipway_tests::{Ended, Fixture, Supervisor, runbook, until};

/// A place where version 1 is live and good.
fn place() -> Fixture {
    let fixture = Fixture::on(Supervisor::Process).unwrap();
    prepared(&fixture);
    deploy(&fixture, 1);
    fixture
}

/// The runbook deploys this version, with this variable in its environment.
fn deploy_with(
    fixture: &Fixture,
    version: u32,
    behaviour: &str,
    set: (&str, &str),
    exit: i32,
) -> Ended {
    fixture.release(&named(version), &version.to_string(), behaviour);
    fixture.deploy().env(set.0, set.1).run(exit)
}

#[test]
fn one_deploy_too_many_is_refused_before_anything_is_done() {
    let fixture = place();
    let two = ("DEPLOY_MAX_DEPLOYS", "2/1h");
    deploy_with(&fixture, 2, "healthy", two, 0);
    let before = state(&fixture);
    let refused = deploy_with(&fixture, 3, "healthy", two, 1);
    assert_eq!(refused.error_code(), "rate-limited");
    let message = refused.text("/error/message");
    assert!(
        message.contains("2 deploys count already, and 2/1h"),
        "{message}"
    );
    serves(&fixture, 2);
    assert_eq!(state(&fixture)["generation"], before["generation"]);
    assert!(message.contains("DEPLOY_MAX_DEPLOYS=none"), "{message}");
    // By hand it is the same.
    fixture
        .tool("deploy-state")
        .args(["begin", "--max-deploys", "2/1h"])
        .stderr_any()
        .run(1);
    deploy_with(&fixture, 3, "healthy", ("DEPLOY_MAX_DEPLOYS", "none"), 0);
    serves(&fixture, 3);
}

#[test]
fn what_a_check_refused_is_not_counted() {
    let fixture = place();
    let two = ("DEPLOY_MAX_DEPLOYS", "2/1h");
    fixture
        .tool("deploy-state")
        .args(["pause", "--why", "a fair"])
        .stderr_any()
        .run(0);
    for _ in 0..3 {
        let refused = deploy_with(&fixture, 2, "healthy", two, 1);
        assert_eq!(refused.text("/outcome"), "aborted");
    }
    fixture
        .tool("deploy-state")
        .arg("resume")
        .stderr_any()
        .run(0);
    deploy_with(&fixture, 2, "healthy", two, 0);
    serves(&fixture, 2);
}

#[test]
fn an_application_that_keeps_failing_is_paused_by_itself() {
    let fixture = place();
    let two = ("DEPLOY_STATE_PAUSE_AFTER", "2");
    deploy_with(&fixture, 2, "crash", two, 1);
    assert_eq!(state(&fixture)["paused"], Value::Null);
    deploy_with(&fixture, 3, "crash", two, 1);
    serves(&fixture, 1);
    let paused = state(&fixture)["paused"].clone();
    let why = paused["why"].as_str().unwrap();
    let failed: Vec<Value> = deploys(&fixture);
    let failed = &failed[failed.len() - 2..];
    for deploy in failed {
        let id = deploy["deployId"].as_str().unwrap();
        assert!(why.contains(id), "{why:?} does not name {id}");
        assert_eq!(deploy["outcome"], "rolled-back");
    }
    // preflight refuses the next one, however good it is; what it refused neither counts nor pauses anew.
    let refused = deploy_with(&fixture, 4, "healthy", two, 1);
    assert_eq!(refused.text("/outcome"), "aborted");
    serves(&fixture, 1);
    // Somebody has looked at it.
    let resumed = fixture
        .tool("deploy-state")
        .arg("resume")
        .stderr_any()
        .run(0);
    assert_eq!(resumed.at("/changed"), true);
    deploy_with(&fixture, 4, "healthy", two, 0);
    serves(&fixture, 4);
    assert_eq!(
        state(&fixture)["failing"]["deploys"],
        Value::Array(Vec::new())
    );
}

#[test]
fn an_application_whose_builds_keep_failing_is_paused_too_but_not_by_who_ends_them() {
    let fixture = place();
    let source = fixture.source("next", "2", "healthy");
    fixture.configure("RELEASE_STAGE_SOURCE", source.to_str().unwrap());
    let began = fixture.directory.join("began");
    let slow = format!("touch {}; sleep 60", began.display());
    let built_by = |command: &str| {
        fixture.configure("RELEASE_STAGE_BUILD", command);
        let deploy = fixture.deploy();
        deploy.env("DEPLOY_STATE_PAUSE_AFTER", "2").stderr_any()
    };
    let failing = || state(&fixture)["failing"]["deploys"].clone();
    assert_eq!(built_by("exit 1").run(1).text("/outcome"), "aborted");
    assert_eq!(failing().as_array().unwrap().len(), 1);
    let ended = built_by(&slow).spawn();
    until("it is being built", || began.exists());
    ended.signal(Signal::SIGINT);
    ended.finish(130);
    assert_eq!(failing().as_array().unwrap().len(), 1);
    assert_eq!(state(&fixture)["paused"], Value::Null);
    built_by("exit 1").run(1);
    let why = state(&fixture)["paused"]["why"].clone();
    let why = why.as_str().unwrap();
    assert!(why.starts_with("2 deploys in a row failed: "), "{why}");
    assert_eq!(why.matches("(build failed)").count(), 2, "{why}");
    serves(&fixture, 1);
}

#[test]
fn a_success_ends_the_row_and_zero_never_pauses() {
    let fixture = place();
    let two = ("DEPLOY_STATE_PAUSE_AFTER", "2");
    deploy_with(&fixture, 2, "crash", two, 1);
    deploy_with(&fixture, 3, "healthy", two, 0);
    deploy_with(&fixture, 4, "crash", two, 1);
    assert_eq!(state(&fixture)["paused"], Value::Null);
    deploy_with(&fixture, 5, "crash", ("DEPLOY_STATE_PAUSE_AFTER", "0"), 1);
    assert_eq!(state(&fixture)["paused"], Value::Null);
    serves(&fixture, 3);
    let failing = state(&fixture)["failing"]["deploys"].clone();
    assert_eq!(failing.as_array().unwrap().len(), 2, "{failing}");
}

#[test]
fn what_was_rolled_back_is_deployed_again_by_force_alone() {
    let fixture = place();
    let open = ("DEPLOY_PROTECTED", "no");
    deploy_with(&fixture, 2, "crash", open, 1);
    serves(&fixture, 1);
    assert_eq!(verdict(&fixture, 2), "bad");
    let app = fixture.app();
    let again = |force: &[&str], protected: &str, exit| {
        let deploy = runbook("deploy").args(force).arg(&app);
        deploy.env("DEPLOY_PROTECTED", protected).run(exit)
    };
    // Meanwhile its reason to fail is gone; nobody but who forces it gets it.
    fixture.release(&named(2), "2", "healthy");
    for (force, protected) in [(&[][..], "no"), (&[], "yes"), (&["--force"], "yes")] {
        let refused = again(force, protected, 1);
        assert_eq!(refused.text("/outcome"), "aborted");
        serves(&fixture, 1);
    }
    let forced = again(&["--force"], "no", 0);
    assert_eq!(forced.text("/outcome"), "succeeded");
    serves(&fixture, 2);
    assert_eq!(verdict(&fixture, 2), "good");
    let forced = deploys(&fixture);
    let forced = forced.iter().filter(|deploy| deploy["forced"] == true);
    assert_eq!(forced.count(), 1);
}

#[test]
fn where_it_is_protected_the_file_alone_says_how_often() {
    let fixture = place();
    fixture.configure("DEPLOY_PROTECTED", "yes");
    fixture.configure("DEPLOY_MAX_DEPLOYS", "2/1h");
    fixture.configure("DEPLOY_STATE_PAUSE_AFTER", "2");
    let before = state(&fixture)["generation"].clone();
    for (variable, value) in [
        ("DEPLOY_MAX_DEPLOYS", "none"),
        ("DEPLOY_MAX_DEPLOYS", "3/1h"),
        ("DEPLOY_STATE_PAUSE_AFTER", "0"),
        ("DEPLOY_STATE_PAUSE_AFTER", "3"),
    ] {
        let refused = deploy_with(&fixture, 2, "healthy", (variable, value), 1);
        assert_eq!(refused.error_code(), "protected");
        let message = refused.text("/error/message");
        assert!(
            message.contains(&format!("{variable}={value}")),
            "{message}"
        );
        let begin = fixture.tool("deploy-state").arg("begin");
        let refused = begin.env(variable, value).stderr_any().run(1);
        assert_eq!(refused.error_code(), "protected");
    }
    serves(&fixture, 1);
    assert_eq!(state(&fixture)["generation"], before, "nothing has begun");
    // Less is asked for by anybody.
    deploy_with(&fixture, 2, "healthy", ("DEPLOY_MAX_DEPLOYS", "2/2h"), 0);
    let refused = deploy_with(&fixture, 3, "healthy", ("DEPLOY_STATE_PAUSE_AFTER", "1"), 1);
    assert_eq!(refused.error_code(), "rate-limited");
    let report = refused.report.to_string();
    assert!(!report.contains("DEPLOY_MAX_DEPLOYS"), "{report}");
}

#[test]
fn somebody_is_told_how_a_deploy_has_ended_and_changes_nothing_by_it() {
    let fixture = place();
    let inbox = fixture.directory.join("inbox");
    fixture.configure(
        "DEPLOY_NOTIFY",
        &format!("cat >>{}; exit 9", inbox.display()),
    );
    let open = ("DEPLOY_PROTECTED", "no");
    let well = deploy_with(&fixture, 2, "healthy", open, 0);
    let crashed = deploy_with(&fixture, 3, "crash", open, 1);
    let messages = std::fs::read_to_string(&inbox).unwrap();
    let messages: Vec<Value> = messages
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(messages.len(), 2, "{messages:?}");
    for (message, ended, outcome) in [
        (&messages[0], &well, "succeeded"),
        (&messages[1], &crashed, "rolled-back"),
    ] {
        assert_eq!(message["outcome"], outcome);
        assert_eq!(message["deployId"], *ended.at("/deployId"));
        assert_eq!(message["why"], *ended.at("/why"));
        assert!(ended.stderr.contains("DEPLOY_NOTIFY: "), "{}", ended.stderr);
    }
    let why = messages[1]["why"].as_str().unwrap();
    assert!(why.contains("service-start"), "{why}");
    serves(&fixture, 2);
}
