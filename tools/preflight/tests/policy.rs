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
    assert_eq!(report["failed"], 1);
}

#[test]
fn a_warning_is_no_failure() {
    let application = Application::new();
    let disk = ["--only", "disk", "--disk-max", "0%"];
    one(&application.run(&disk, 1), "fail");
    let warned = application.run(&[&disk[..], &["--warn", "disk"]].concat(), 0);
    assert_eq!(warned["warned"], 1);
    let message = one(&warned, "warn")["message"].clone();
    assert!(message.as_str().unwrap().contains("let pass by --warn"));
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
    let mut asked = application.tool(&["--list", "--force"]);
    asked.env("DEPLOY_PROTECTED", "yes");
    run(asked, 0);
}

#[test]
fn only_the_file_lets_a_check_pass_where_it_is_protected() {
    let application = Application::new();
    let file = application.root.join("app.env");
    let told = |text: &str, arguments: &[&str]| {
        fs::write(&file, format!("DEPLOY_PROTECTED=yes\n{text}")).unwrap();
        let mut command = application.tool(arguments);
        command.arg("--app").arg(&file);
        command
    };
    for arguments in [["--skip", "disk"], ["--warn", "disk"], ["--only", "lock"]] {
        let report = run(told("", &arguments), 1);
        assert_eq!(report["error"]["code"], "protected", "{report:#}");
        let hint = report["error"]["hint"].as_str().unwrap();
        assert!(hint.contains(file.to_str().unwrap()), "{report:#}");
        let variable = format!("PREFLIGHT_{}", arguments[0][2..].to_uppercase());
        let message = report["error"]["message"].as_str().unwrap();
        assert!(message.contains(&variable), "{report:#}");
        assert!(report.get("checks").is_none(), "nothing was checked");
        let mut around = told("", &[]);
        around.env(&variable, arguments[1]);
        assert_eq!(run(around, 1)["error"]["code"], "protected", "{variable}");
    }
    let mut without_a_file = application.tool(&["--skip", "disk"]);
    without_a_file.env("DEPLOY_PROTECTED", "yes");
    assert_eq!(run(without_a_file, 1)["error"]["code"], "protected");

    let text = "PREFLIGHT_SKIP=disk,inodes,memory\nPREFLIGHT_ONLY=disk,lock,layout\n";
    let report = run(told(text, &[]), 0);
    let left_out = |name: &str| {
        let checks = report["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["name"] == name).unwrap();
        assert_eq!(check["status"], "skip", "{report:#}");
        check["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(left_out("disk"), "left out by --skip");
    assert_eq!(left_out("memory"), "left out by --only");
    let fewer = ["--skip", "disk", "--only", "lock,layout,disk,permissions"];
    run(told(text, &fewer), 0);
    let more = run(told(text, &["--skip", "disk,lock"]), 1);
    assert_eq!(more["error"]["code"], "protected");
}

#[test]
fn a_caller_asks_for_no_less_than_the_file_where_it_is_protected() {
    let application = Application::new();
    let file = application.root.join("app.env");
    let text = "DEPLOY_PROTECTED=yes\nPREFLIGHT_SKIP=disk,inodes,memory\nPREFLIGHT_RUN='tests=false'\n\
                PREFLIGHT_FREEZE=1999-12-31\n";
    fs::write(&file, text).unwrap();
    let told = |arguments: &[&str], around: &[(&str, &str)]| {
        let mut command = application.tool(arguments);
        command.arg("--app").arg(&file).envs(around.iter().copied());
        command
    };
    let tests = run(told(&[], &[]), 1);
    assert_eq!(tests["error"]["code"], "check-failed", "{tests:#}");
    for (option, arguments, around) in [
        ("run", &["--run", "tests=true"][..], &[][..]),
        ("run", &[], &[("PREFLIGHT_RUN", "tests=true")]),
        ("freeze", &["--freeze", "2000-01-01"], &[]),
        ("disk-max", &["--disk-max", "95%"], &[]),
        ("max-deploys", &[], &[("DEPLOY_MAX_DEPLOYS", "none")]),
        ("memory-min", &[], &[("PREFLIGHT_MEMORY_MIN", "1")]),
    ] {
        let refused = run(told(arguments, around), 1);
        assert_eq!(refused["error"]["code"], "protected", "{refused:#}");
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(message.contains(&format!("--{option}")), "{message}");
        assert!(refused.get("checks").is_none(), "nothing was checked");
    }
    let more = [
        "--run",
        "tests=false",
        "--run",
        "more=true",
        "--disk-max",
        "1%",
    ];
    assert_eq!(run(told(&more, &[]), 1)["error"]["code"], "check-failed");
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
