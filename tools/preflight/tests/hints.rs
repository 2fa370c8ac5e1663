//! Whatever fails names the command that mends it. That it does, and that there is such a command, is looked at in every report of
//! every test (`support::run`); here every check has failed once.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, unreachable_pub)]
mod support;

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::time::SystemTime;
use support::{Application, directory, one, run, tool};

/// What cannot fail here: only a supervisor that restarts has a limit on it, and root may write anywhere. The one fails on a
/// real systemd in the tests of the whole, both in their own unit tests.
const ELSEWHERE: [&str; 2] = ["restarts", "permissions"];

/// The names of the checks that failed, all of which must be able to.
fn failed(report: &Value) -> Vec<String> {
    let checks = report["checks"].as_array().unwrap().iter();
    let failed = checks.filter(|check| check["status"] == "fail");
    failed
        .map(|check| check["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_check_has_failed_and_said_what_mends_it() {
    let application = Application::new();
    let place = directory();
    let text = |name: &str| place.join(name).to_str().unwrap().to_owned();
    let (bare, gone, env) = (text("bare"), text("gone"), text("app.env"));
    fs::create_dir(&bare).unwrap();
    let init = Command::new("git")
        .args(["init", "-q", &bare])
        .status()
        .unwrap();
    assert!(init.success());
    fs::write(place.join("bare/new"), "").unwrap();
    fs::write(&env, "A=1\n").unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    application.validate("r1");
    application.change(|held| held.state.pause("a fair", None, SystemTime::now()));
    let all = [
        "--service",
        "process:app",
        "--port",
        &port,
        "--disk-max",
        "0%",
        "--inodes-max",
        "0%",
        "--memory-min",
        "1000T",
        "--release",
        "r1",
        "--source",
        &gone,
        "--git",
        &bare,
        "--branch",
        "never",
        "--env-file",
        &env,
        "--env-required",
        "B",
        "--freeze",
        "mon,tue,wed,thu,fri,sat,sun",
        "--outside",
        "page=http://127.0.0.1:1/",
        "--run",
        "tests=false",
        "--forbid",
        "dbg",
        "--forbid-in",
        &gone,
        "--migrations",
        &gone,
        "--dialect",
        "sqlite",
        "--id",
        "lost",
        "--check-timeout",
        "5s",
    ];
    let mut names: BTreeSet<String> = failed(&application.run(&all, 1)).into_iter().collect();
    names.extend(failed(&application.run(
        &["--only", "health", "--health-url", "http://127.0.0.1:1/"],
        1,
    )));
    let filled = [
        "--only",
        "space",
        "--releases",
        "/proc/none",
        "--source",
        &bare,
    ];
    names.extend(failed(&application.run(&filled, 1)));
    for number in 0..2 {
        application.begin(&format!("d{number}"));
    }
    names.extend(failed(
        &application.run(&["--only", "rate", "--max-deploys", "1/1h"], 1),
    ));
    fs::write(application.root.join("deploy-state.json"), "{").unwrap();
    names.extend(failed(&application.run(&["--only", "layout"], 1)));
    let list = run(tool(&["--list", "--outside", all[25], "--run", all[27]]), 0);
    for check in list["list"].as_array().unwrap() {
        let name = check["name"].as_str().unwrap();
        let expected = !ELSEWHERE.contains(&name);
        assert_eq!(names.contains(name), expected, "{name}: {names:?}");
    }
    fs::remove_dir_all(&place).unwrap();
}

#[test]
fn hints_can_be_pasted_where_an_application_is_named() {
    let application = Application::new();
    application.change(|held| held.state.pause("a fair", None, SystemTime::now()));
    let file = application.root.join("app.env");
    fs::write(&file, "").unwrap();
    let mut paused = application.tool(&["--only", "paused"]);
    paused.arg("--app").arg(&file);
    let report = run(paused, 1);
    let hint = format!("deploy-state --app {} resume", file.display());
    assert_eq!(one(&report, "fail")["hint"], hint);
    assert_eq!(report["error"]["hint"], hint);
}
