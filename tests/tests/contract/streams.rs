//! A closed or full stdout or stderr never panics and never turns a done step into a failed one.

use crate::common::acts::{complete, work};
use crate::common::process::Process;
use crate::common::{each, each_tool, place, run};
use slipway_tests::{shell, tool};

/// A report of a step that failed.
const FAILED: &str = r#"{"tool":"t","ok":false,"exit":75,"error":{"code":"busy"}}"#;

/// Ways in which nobody can hear.
const DEAF: &[&str] = &[
    ">&-",
    "2>&-",
    ">&- 2>&-",
    ">/dev/full",
    "2>/dev/full",
    ">/dev/full 2>/dev/full",
];

#[test]
fn a_closed_or_full_stream_changes_no_exit_code() {
    each_tool(|name| {
        each(DEAF, |deaf| {
            let complete = complete(name).join(" ");
            shell(&format!("exec {name} --help {deaf}"))
                .no_report()
                .run(0);
            run(
                shell(&format!("exec {name} --no-such-option {deaf}")).no_report(),
                2,
            );
            run(
                shell(&format!("exec {name} {complete} - {deaf}"))
                    .stdin(FAILED)
                    .no_report(),
                75,
            );
            run(
                shell(&format!("exec {name} {complete} - <&- {deaf}")).no_report(),
                3,
            );
        });
    });
}

#[test]
fn work_is_done_though_nobody_hears_of_it() {
    each_tool(|name| {
        each(
            ["", ">&- 2>&-", ">/dev/full 2>/dev/full", "<&- >&- 2>&-"],
            |deaf| {
                let fixture = place();
                let words: Vec<String> = work(name, &fixture)
                    .iter()
                    .map(|word| format!("'{word}'"))
                    .collect();
                let line = format!("exec {name} {} {deaf}", words.join(" "));
                run(fixture.shell(&line).no_report(), 0);
                // Nothing that was meant for a closed stream has gone into a file instead.
                let state = fixture.root.join("deploy-state.json");
                if state.exists() {
                    run(fixture.tool("deploy-state").arg("show"), 0);
                }
            },
        );
    });
}

#[test]
fn a_reader_that_is_gone_changes_no_exit_code() {
    each_tool(|name| {
        each(
            [(true, false), (false, true), (true, true)],
            |(out, err)| {
                let words = [complete(name), &["-"]].concat();
                let mut process = Process::tool(name, &words, None);
                if *out {
                    process.drop_stdout();
                }
                if *err {
                    process.drop_stderr();
                }
                process.give(FAILED);
                let end = process.end();
                assert_eq!(end.status.code(), Some(75), "{:?}", end.status);

                let mut process = Process::tool(name, &words, None);
                if *out {
                    process.drop_stdout();
                }
                if *err {
                    process.drop_stderr();
                }
                process.give("rubbish");
                let end = process.end();
                assert_eq!(end.status.code(), Some(3), "{:?}", end.status);
            },
        );
    });
}

#[test]
fn quiet_says_nothing_to_people() {
    each_tool(|name| {
        let usage = tool(name).args(["--quiet", "--no-such-option"]);
        assert_eq!(run(usage, 2).stderr, "");
        let missing = tool(name).args(complete(name)).args(["--quiet", "-"]);
        assert_eq!(run(missing, 3).stderr, "");
        let fixture = place();
        let told = fixture.tool(name).arg("--quiet");
        assert_eq!(run(told.args(work(name, &fixture)), 0).stderr, "");
        // An option can be given by its variable as well.
        let variable = format!("{}_QUIET", name.to_uppercase().replace('-', "_"));
        let fixture = place();
        let told = fixture.tool(name).env(variable, "yes");
        assert_eq!(run(told.args(work(name, &fixture)), 0).stderr, "");
    });
}

#[test]
fn without_quiet_a_failure_is_told_to_people() {
    each_tool(|name| {
        let ended = run(tool(name).arg("--no-such-option"), 2);
        assert!(
            ended.stderr.contains("--no-such-option"),
            "{}",
            ended.stderr
        );
        let hint = ended.text("/error/hint");
        assert!(ended.stderr.contains(hint), "{}", ended.stderr);
    });
}

/// Also on a terminal, whatever it says that it can show.
#[test]
fn no_escape_sequence_ever() {
    each_tool(|name| {
        for line in ["--help", "--no-such-option"] {
            for (key, value) in [
                ("NO_COLOR", "1"),
                ("CLICOLOR_FORCE", "1"),
                ("FORCE_COLOR", "3"),
            ] {
                let terminal =
                    format!("script --quiet --return --command '{name} {line}' /dev/null");
                let told = shell(&terminal)
                    .env(key, value)
                    .env("TERM", "xterm-256color");
                run(told.no_report(), if line == "--help" { 0 } else { 2 });
            }
        }
        // The report is indented there, for people.
        let terminal = format!(
            "script --quiet --return --command '{name} --quiet --no-such-option' /dev/null"
        );
        let text = run(shell(&terminal).no_report(), 2).stdout;
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(report["tool"], name);
        assert!(text.lines().count() > 5, "{text}");
    });
}
