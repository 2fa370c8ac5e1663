//! Installing and building, and every way in which it ends too early.

use crate::support::{Place, finish, read};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Waits for a file that another process makes.
fn await_file(path: &Path) -> String {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        match fs::read_to_string(path) {
            Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
            _ => assert!(Instant::now() < until, "{} never came", path.display()),
        }
        sleep(Duration::from_millis(5));
    }
}

/// Whether the process has ended; one that nobody reaped counts as ended.
fn is_over(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| {
        stat.rsplit(')').next().unwrap().trim().starts_with('Z')
    })
}

#[test]
fn both_run_in_the_release_and_in_their_order() {
    let place = Place::new();
    place.file("source/package.json", r#"{"scripts": {"start": "node x"}}"#);
    let report = place.stage(&[
        "--install",
        "echo one >> order",
        "--build",
        "echo two >> order; pwd",
    ]);
    assert_eq!(read(&report, "order"), "one\ntwo\n");
    assert_eq!(
        (&report["kind"], &report["start"], &report["files"]),
        (&json!("node"), &json!("npm start"), &json!(2))
    );
    assert!(
        !place.path("source/order").exists(),
        "the source is left as it is"
    );
}

#[test]
fn a_failed_build_says_its_last_words_and_leaves_nothing() {
    let place = Place::new();
    place.file("source/main", "x");
    let report = place.fails(
        &[
            "--source",
            "source",
            "--build",
            "echo begun; echo the compiler said no >&2; exit 7",
        ],
        1,
        "build-failed",
    );
    let message = report["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("the compiler said no") && message.contains('7'),
        "{message}"
    );
    place.fails(
        &[
            "--source",
            "source",
            "--install",
            "false",
            "--build",
            "true",
        ],
        1,
        "install-failed",
    );
}

#[test]
fn a_build_that_hangs_is_killed_with_all_that_it_started() {
    let place = Place::new();
    place.file("source/main", "x");
    let pids = place.path("pids");
    let build = format!(
        "setsid sh -c 'echo $$ > {0}; exec sleep 1000' & sleep 1000",
        pids.display()
    );
    let arguments = [
        "--source",
        "source",
        "--build",
        &build,
        "--build-timeout",
        "1s",
    ];
    place.fails(&arguments, 124, "build-timed-out");
    assert!(is_over(&await_file(&pids)));
}

#[test]
fn a_signal_ends_the_build_and_the_tool_dies_by_it() {
    let place = Place::new();
    place.file("source/main", "x");
    let pids = place.path("pids");
    let build = format!("echo $$ > {}; sleep 1000", pids.display());
    let child = place
        .command(&["--source", "source", "--build", &build])
        .spawn()
        .unwrap();
    let builder = await_file(&pids);
    kill(
        Pid::from_raw(child.id().try_into().unwrap()),
        Signal::SIGTERM,
    )
    .unwrap();
    let (exit, report, _) = finish(child);
    assert_eq!(
        (exit, &report["error"]["code"]),
        (143, &json!("interrupted"))
    );
    assert!(is_over(&builder));
    assert!(place.releases().is_empty());
    assert_eq!(place.state()["status"], "idle");
}

#[test]
fn what_a_killed_one_leaves_is_no_release_and_the_next_removes_it() {
    let place = Place::new();
    place.file("source/main", "x");
    let pids = place.path("pids");
    let build = format!("echo $$ > {}; exec sleep 1000", pids.display());
    let mut child = place
        .command(&["--source", "source", "--build", &build])
        .spawn()
        .unwrap();
    let builder = await_file(&pids);
    let busy = place.run(&["--source", "source"]);
    assert_eq!((busy.0, &busy.1["error"]["code"]), (75, &json!("busy")));
    child.kill().unwrap();
    child.wait().unwrap();
    let left = place.releases();
    assert!(
        left.len() == 1 && left[0].starts_with(".staging-"),
        "{left:?}"
    );
    kill(Pid::from_raw(builder.parse().unwrap()), Signal::SIGKILL).unwrap();
    let next = place.stage(&["--name", "next"]);
    assert_eq!(place.releases(), ["next"], "{next}");
}

#[test]
fn a_copy_that_takes_too_long_is_given_up() {
    let place = Place::new();
    place.file("source/main", "x");
    let arguments = ["--source", "source", "--copy-timeout", "0"];
    place.fails(&arguments, 124, "copy-timed-out");
}

#[test]
fn a_build_that_leaves_a_daemon_behind_ends_all_the_same() {
    let place = Place::new();
    place.file("source/main", "x");
    let report = place.stage(&["--build", "sleep 5 & echo built > built"]);
    assert_eq!(read(&report, "built"), "built\n");
}
