//! Whatever waits can be ended, says so, and dies by the signal that ended it.

use crate::common::acts::complete;
use crate::common::process::{End, Process};
use crate::common::{each, each_tool, place};
use nix::sys::signal::Signal::{self, SIGHUP, SIGINT, SIGTERM};
use slipway_tests::{beneath, until};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

const SIGNALS: [Signal; 3] = [SIGINT, SIGTERM, SIGHUP];

/// It died by this very signal, after it had printed its report.
fn died_by(signal: Signal, end: &End) {
    let number = signal as i32;
    assert_eq!(end.status.signal(), Some(number), "{:?}", end.status);
    let report = end.report();
    assert_eq!(report["exit"], 128 + number, "{report}");
    assert_eq!(report["ok"], false, "{report}");
    assert_eq!(report["error"]["code"], "interrupted", "{report}");
}

fn ended_by(signal: Signal, name: &str, words: &[&str], app: Option<&Path>) {
    let process = Process::tool(name, words, app);
    process.until_it_watches_for(&SIGNALS);
    process.signal(signal);
    died_by(signal, &process.end());
}

#[test]
fn a_tool_that_waits_for_a_report_dies_by_the_signal_that_came() {
    each_tool(|name| {
        each(SIGNALS, |signal| {
            ended_by(*signal, name, &[complete(name), &["-"]].concat(), None);
        });
    });
}

#[test]
fn healthwait_dies_by_the_signal_that_came_while_it_waits() {
    each(SIGNALS, |signal| {
        let target = "command:exec sleep 100";
        ended_by(*signal, "healthwait", &[target], None);
    });
}

#[test]
fn deploy_state_wait_dies_by_the_signal_that_came_while_it_waits() {
    each(SIGNALS, |signal| {
        let fixture = place();
        fixture
            .tool("deploy-state")
            .arg("begin")
            .stderr_any()
            .run(0);
        let app = fixture.app();
        ended_by(*signal, "deploy-state", &["wait"], Some(&app));
    });
}

#[test]
fn drain_wait_dies_by_the_signal_that_came_while_it_waits() {
    each(SIGNALS, |signal| {
        let words = ["--in-flight-command", "echo 1"];
        let fixture = place();
        let app = fixture.app();
        ended_by(*signal, "drain-wait", &words, Some(&app));
    });
}

/// The step's tool is ended as well, and then the step says so.
#[test]
fn deploy_state_step_dies_by_the_signal_that_came_and_leaves_no_tool_behind() {
    each(SIGNALS, |signal| {
        let fixture = place();
        let state = fixture.tool("deploy-state").arg("begin").stderr_any();
        let begun = state.run(0);
        let app = fixture.app();
        let here = format!("cd {}; exec sleep 100", fixture.directory.display());
        let id = begun.text("/deployId");
        let words = ["--id", id, "step", "build", "--", "sh", "-c", &here];
        let process = Process::tool("deploy-state", &words, Some(&app));
        until("the step's tool is at work", || {
            !beneath(&fixture.directory).is_empty()
        });
        process.signal(*signal);
        let end = process.end();
        assert_eq!(end.status.signal(), Some(*signal as i32), "{}", end.stdout);
        assert_eq!(beneath(&fixture.directory), Vec::<u32>::new());
    });
}

/// `nohup` and a shell's background ask for it.
#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    each_tool(|name| {
        each(SIGNALS, |ignored| {
            let number = *ignored as i32;
            let line = format!(
                "trap '' {number}; exec {name} {} -",
                complete(name).join(" ")
            );
            let mut process = Process::start("sh", &["-c", &line], None);
            let others: Vec<Signal> = SIGNALS
                .into_iter()
                .filter(|other| other != ignored)
                .collect();
            process.until_it_watches_for(&others);
            process.signal(*ignored);
            assert!(process.ignores(*ignored));
            process.give(r#"{"ok":false,"exit":75}"#);
            let end = process.end();
            assert_eq!(end.status.code(), Some(75), "{:?}", end.status);
        });
    });
}

/// Its story is just what has to be kept when everything before it was interrupted.
#[test]
fn deploy_state_record_outlives_a_signal() {
    each(SIGNALS, |signal| {
        let fixture = place();
        let app = fixture.app();
        let mut process = Process::tool("deploy-state", &["record"], Some(&app));
        process.until_it_watches_for(&SIGNALS);
        process.signal(*signal);
        let report = r#"{"tool":"t","ok":false,"exit":130,"deployId":"d1"}"#;
        process.give(report);
        let end = process.end();
        assert_eq!(end.stdout, report);
        assert_eq!(end.status.code(), Some(130), "{:?}", end.status);
        let history = std::fs::read_to_string(fixture.root.join("deploy-history.jsonl")).unwrap();
        assert!(history.contains(r#""deployId":"d1""#), "{history}");
    });
}
