//! Which checks are made, and what they come to.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, unreachable_pub)]
mod support;

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use support::{Application, one, run, tool, tree};

#[test]
fn a_sound_application_passes_and_nothing_is_changed() {
    let application = Application::new();
    let before = tree(&application.root);
    // A machine under test may be short of either.
    let report = application.run(&["--skip", "disk,inodes", "--memory-min", "1M"], 0);
    assert_eq!(report["failed"], 0, "{report:#}");
    assert_eq!(report["skipped"], 2);
    assert_eq!(report["forced"], false);
    assert_eq!(tree(&application.root), before);
}

#[test]
fn nothing_to_check_is_no_pass() {
    let nothing = run(tool(&[]), 2);
    assert_eq!(nothing["error"]["code"], "usage");
    run(tool(&["--only", "disk", "--memory-min", "1M"]), 2);
    run(tool(&["--memory-min", "1M", "--skip", "memory"]), 2);
    run(tool(&["--memory-min", "1M"]), 0);
}

#[test]
fn names_that_no_check_has_are_bad_usage() {
    let application = Application::new();
    for option in ["--skip", "--warn", "--only", "--require"] {
        application.run(&[option, "dsik"], 2);
    }
    application.run(&["--require", "disk", "--skip", "disk"], 2);
    application.run(&["--branch", "main"], 2);
    run(tool(&["--release", "r1"]), 2);
}

#[test]
fn what_is_required_must_have_been_checked() {
    let application = Application::new();
    let report = application.run(&["--only", "lock", "--require", "port"], 1);
    assert_eq!(report["error"]["code"], "check-failed");
    assert_eq!(report["checks"][0]["name"], "port");
    assert_eq!(report["checks"][0]["status"], "fail");
}

#[test]
fn a_warning_is_no_failure() {
    let application = Application::new();
    let disk = ["--only", "disk", "--disk-max", "0%"];
    one(&application.run(&disk, 1), "fail");
    let warned = application.run(&[&disk[..], &["--warn", "disk"]].concat(), 0);
    assert_eq!(warned["warned"], 1);
}

#[test]
fn a_name_from_the_environment_counts_too() {
    let application = Application::new();
    let mut command = application.tool(&["--only", "disk"]);
    command.env("PREFLIGHT_DISK_MAX", "0%");
    one(&run(command, 1), "fail");
}

#[test]
fn force_goes_past_what_failed_and_says_so() {
    let application = Application::new();
    let arguments = ["--only", "disk,lock", "--disk-max", "0%", "--force"];
    let report = application.run(&arguments, 0);
    assert_eq!(report["forced"], true);
    assert_eq!(report["forcedPast"], serde_json::json!(["disk"]));
    assert_eq!(report["failed"], 1);
    let needless = application.run(&["--only", "lock", "--force"], 0);
    assert_eq!(needless["forced"], false);
}

#[test]
fn nothing_is_forced_where_it_is_protected() {
    let application = Application::new();
    let arguments = ["--only", "lock", "--force"];
    let mut around = application.tool(&arguments);
    around.env("DEPLOY_PROTECTED", "yes");
    assert_eq!(run(around, 1)["error"]["code"], "protected");
    let file = application.root.join("app.env");
    fs::write(&file, "DEPLOY_PROTECTED=yes\n").unwrap();
    let mut in_file = application.tool(&arguments);
    in_file.arg("--app").arg(&file);
    assert_eq!(run(in_file, 1)["error"]["code"], "protected");
    let mut lifted = application.tool(&arguments);
    lifted.arg("--app").arg(&file).env("DEPLOY_PROTECTED", "no");
    assert_eq!(run(lifted, 1)["error"]["code"], "protected");
    let mut unclear = application.tool(&arguments);
    unclear.env("DEPLOY_PROTECTED", "production");
    run(unclear, 2);
    let mut unforced = application.tool(&["--only", "lock"]);
    unforced.env("DEPLOY_PROTECTED", "yes");
    run(unforced, 0);
}

#[test]
fn a_check_that_hangs_is_a_failed_check() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let arguments = [
        "--only",
        "health",
        "--check-timeout",
        "200ms",
        "--health-url",
    ];
    let report = run(tool(&[&arguments[..], &[url.as_str()]].concat()), 1);
    one(&report, "fail");
}

#[test]
fn the_list_names_every_check_and_what_it_needs() {
    let report = run(tool(&["--list", "--memory-min", "1M"]), 0);
    let list = report["list"].as_array().unwrap();
    assert!(list.len() >= 16);
    for check in list {
        assert!(!check["needs"].as_str().unwrap().is_empty());
        assert_eq!(check["given"], check["name"] == "memory", "{check}");
    }
}
