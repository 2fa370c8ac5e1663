//! The real binary on real trees.
#![allow(clippy::unwrap_used)]

mod support;

use deadline::Deadline;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use support::Root;

fn codes(report: &Value) -> (&str, &str) {
    let text = |name: &str| report["error"][name].as_str().unwrap_or_default();
    (text("code"), text("hint"))
}

#[test]
fn a_switch_is_made_recorded_and_needs_no_second() {
    let root = Root::with(&["r1", "r2"]);
    let (exit, report) = root.run(&["r1"], None);
    assert_eq!(exit, 0, "{report}");
    assert_eq!(
        (&report["from"], &report["to"], &report["changed"]),
        (&Value::Null, &json!("r1"), &json!(true))
    );
    let (_, report) = root.run(&["r2"], None);
    assert_eq!(report["from"], "r1");
    assert_eq!(root.current().unwrap(), "releases/r2");
    assert_eq!(root.state()["currentRelease"], "r2");
    assert_eq!(root.state()["status"], "idle");
    let (exit, report) = root.run(&["r2"], None);
    assert_eq!((exit, &report["changed"]), (0, &json!(false)));
    let history = fs::read_to_string(root.path("deploy-history.jsonl")).unwrap();
    assert_eq!(history.matches("\"switching\"").count(), 2);
    assert_eq!(history.matches("\"switched\"").count(), 2);
}

#[test]
fn the_newest_is_by_sequence_and_a_bad_one_is_only_had_by_force() {
    let root = Root::with(&["z", "a"]);
    let (_, report) = root.run(&["--newest"], None);
    assert_eq!(
        (&report["to"], &report["forced"]),
        (&json!("a"), &json!(false))
    );
    root.add("m");
    root.verdict("m", "bad");
    for wanted in ["--newest", "m"] {
        for dry_run in [&["--dry-run"][..], &[]] {
            let (exit, report) = root.run(&[&[wanted], dry_run].concat(), None);
            assert_eq!((exit, codes(&report).0), (1, "release-bad"), "{wanted}");
            assert_eq!(codes(&report).1, "deploy-state mark m good");
            let message = report["error"]["message"].as_str().unwrap();
            assert!(message.contains("release-swap --force m"), "{message}");
        }
        assert_eq!(root.current().unwrap(), "releases/a");
        let (exit, report) = root.run(&[wanted, "--force", "--dry-run"], None);
        assert_eq!((exit, &report["forced"]), (0, &json!(true)), "{report}");
        let (exit, report) = root.run(&[wanted, "--force"], None);
        assert_eq!((exit, &report["forced"]), (0, &json!(true)), "{report}");
        assert_eq!(root.current().unwrap(), "releases/m");
        let why = root.state()["lastEvent"]["why"].clone();
        assert!(why.as_str().unwrap().contains("--force"), "{why}");
        // Nothing is gone past where nothing is in the way.
        let (_, report) = root.run(&["a", "--force"], None);
        assert_eq!(report["forced"], false, "{report}");
    }
}

#[test]
fn where_it_is_protected_a_bad_release_is_had_by_nobody() {
    let root = Root::with(&["r1", "r2"]);
    root.run(&["r1"], None);
    root.verdict("r2", "bad");
    let file = root.path("app.env");
    fs::write(&file, "DEPLOY_PROTECTED=yes\n").unwrap();
    let app = file.to_str().unwrap();
    for wanted in ["--newest", "r2"] {
        for dry_run in [&["--dry-run"][..], &[]] {
            let arguments = [&[wanted, "--force", "--app", app], dry_run].concat();
            let (exit, report) = root.run(&arguments, None);
            assert_eq!((exit, codes(&report).0), (1, "protected"), "{report}");
            assert!(codes(&report).1.contains("mark"), "{report}");
        }
        let (exit, report) = root.run(&[wanted, "--app", app], None);
        assert_eq!((exit, codes(&report).0), (1, "release-bad"), "{report}");
        assert!(!codes(&report).1.contains("--force"), "{report}");
        assert_eq!(root.current().unwrap(), "releases/r1");
    }
    // Somebody has looked at it.
    root.verdict("r2", "good");
    assert_eq!(root.run(&["r2", "--app", app], None).0, 0);
}

#[test]
fn the_previous_is_the_last_validated_one() {
    let root = Root::with(&["r1", "r2", "r3"]);
    root.run(&["r3"], None);
    let (exit, report) = root.run(&["--previous"], None);
    assert_eq!((exit, codes(&report).0), (1, "no-previous"));
    root.verdict("r1", "good");
    root.verdict("r2", "bad");
    let (exit, report) = root.run(&["--previous"], None);
    assert_eq!((exit, &report["to"]), (0, &json!("r1")));
}

#[test]
fn a_name_that_leads_elsewhere_is_refused_and_nothing_is_changed() {
    let root = Root::with(&["r1"]);
    root.run(&["r1"], None);
    fs::create_dir(root.path("outside")).unwrap();
    symlink("../outside", root.path("releases/link")).unwrap();
    let before = root.state();
    for (name, exit, code) in [
        ("../outside", 2, "bad-release-name"),
        ("..", 2, "bad-release-name"),
        ("/etc", 2, "bad-release-name"),
        ("r1/", 2, "bad-release-name"),
        ("link", 1, "release-outside"),
        ("gone", 1, "no-such-release"),
    ] {
        let (found, report) = root.run(&[name], None);
        assert_eq!((found, codes(&report).0), (exit, code), "{name}");
        assert_eq!(root.current().unwrap(), "releases/r1");
    }
    assert_eq!(root.state(), before);
}

#[test]
fn a_current_that_is_a_directory_is_never_replaced() {
    let root = Root::with(&["r1"]);
    fs::create_dir_all(root.path("current/inside")).unwrap();
    let (exit, report) = root.run(&["r1"], None);
    assert_eq!((exit, codes(&report).0), (1, "current-not-a-link"));
    assert!(codes(&report).1.starts_with("mv "), "{report}");
    assert!(root.path("current/inside").is_dir());
    let outside = Root::with(&["r1"]);
    symlink("/etc", outside.path("current")).unwrap();
    let (exit, report) = outside.run(&["r1"], None);
    assert_eq!((exit, codes(&report).0), (1, "current-outside"));
}

#[test]
fn a_dry_run_changes_nothing() {
    let root = Root::with(&["r1", "r2"]);
    root.run(&["r1"], None);
    let before = fs::read(root.path("deploy-state.json")).unwrap();
    let (exit, report) = root.run(&["--newest", "--dry-run"], None);
    assert_eq!(exit, 0);
    assert_eq!(
        (&report["to"], &report["changed"], &report["dryRun"]),
        (&json!("r2"), &json!(true), &json!(true))
    );
    assert_eq!(root.current().unwrap(), "releases/r1");
    assert_eq!(fs::read(root.path("deploy-state.json")).unwrap(), before);
    assert_eq!(root.run(&["../x", "--dry-run"], None).0, 2);
}

#[test]
fn the_step_before_names_the_release_and_a_failed_one_is_passed_on() {
    let root = Root::with(&["r1"]);
    let nested = json!({"ok": true, "exit": 0, "upstream": {"release": "r1"}}).to_string();
    let (exit, report) = root.run(&["-"], Some(&nested));
    assert_eq!((exit, &report["to"]), (0, &json!("r1")));
    assert_eq!(report["upstream"]["upstream"]["release"], "r1");
    let failed = json!({"ok": false, "exit": 124, "release": "r1"}).to_string();
    let (exit, report) = root.run(&["-"], Some(&failed));
    assert_eq!((exit, report.to_string()), (124, failed));
    let (exit, report) = root.run(&["-"], Some(r#"{"ok": true, "exit": 0}"#));
    assert_eq!((exit, codes(&report).0), (2, "usage"));
}

#[test]
fn in_a_deploy_the_switch_makes_it_validating_and_keeps_others_out() {
    let root = Root::with(&["r1", "r2"]);
    root.run(&["r1"], None);
    let id = root.begin();
    let (exit, report) = root.run(&["r2"], None);
    assert_eq!((exit, codes(&report).0), (75, "busy"));
    assert!(codes(&report).1.contains(&id), "{report}");
    let (exit, report) = root.run(&["r2", "--id", &id], None);
    assert_eq!((exit, &report["deployId"]), (0, &json!(id)), "{report}");
    let state = root.state();
    assert_eq!(state["status"], "validating");
    assert_eq!(state["phase"], "restart");
    assert_eq!(state["intent"], Value::Null);
    assert_eq!(state["currentRelease"], "r2");
}

#[test]
fn a_deploy_that_has_lost_its_lease_switches_nothing() {
    let root = Root::with(&["r1", "r2"]);
    root.run(&["r1"], None);
    let (exit, report) = root.run(&["r2", "--id", "nobody"], None);
    assert_eq!((exit, codes(&report).0), (75, "lease-lost"));
    assert_eq!(root.current().unwrap(), "releases/r1");
}

#[test]
fn the_service_as_it_was_goes_into_the_record() {
    let root = Root::with(&["r1", "r2"]);
    root.run(&["r1"], None);
    let service = root.service();
    let status = service.status(&Deadline::never()).unwrap();
    let (exit, report) = root.run(&["r2", "--service", "process:shop"], None);
    service.kill(&Deadline::never()).unwrap();
    assert_eq!(exit, 0, "{report}");
    let switch = &root.state()["switch"];
    assert_eq!(switch["pid"], json!(status.main_pid.unwrap()));
    assert!(switch["startTime"].is_u64(), "{switch}");
}

#[test]
fn a_supervisor_that_is_not_there_is_an_error_before_anything_is_changed() {
    let root = Root::with(&["r1", "r2"]);
    root.run(&["r1"], None);
    let (exit, report) = root.run(&["r2", "--service", "systemd:shop"], None);
    assert_eq!((exit, codes(&report).0), (3, "missing-program"), "{report}");
    assert_eq!(root.current().unwrap(), "releases/r1");
    assert_eq!(root.state()["status"], "idle");
    assert_eq!(root.state()["currentRelease"], "r1");
    let (exit, report) = root.run(&["r2", "--service", "shop"], None);
    assert_eq!((exit, codes(&report).0), (2, "usage"));
}
