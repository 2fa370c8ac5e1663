//! The one report on stdout, and `--field`.

use crate::common::acts::{complete, work};
use crate::common::process::Process;
use crate::common::tree::Tree;
use crate::common::{each, each_tool, place, run};
use serde_json::Value;
use slipway_tests::{Ended, tool};
use std::time::{SystemTime, UNIX_EPOCH};

/// What is wrong on a command line, and what the message has to name.
const WRONG: &[(&[&str], &str)] = &[
    (&["--no-such-option"], "--no-such-option"),
    (&["--quiet=perhaps"], "perhaps"),
    (&["--app"], "--app"),
    (&["--app", "/nowhere/app.env"], "/nowhere/app.env"),
    (
        &["--app", "no-such-application"],
        "/etc/slipway/no-such-application.env",
    ),
];

#[test]
fn bad_usage_is_a_report_too() {
    each_tool(|name| {
        each(WRONG, |(words, what)| {
            let ended = run(tool(name).args(complete(name)).args(*words), 2);
            whole(name, &ended);
            assert_eq!(ended.error_code(), "usage");
            let message = ended.text("/error/message");
            assert!(
                message.contains(what) && !message.contains('\n'),
                "{message:?}"
            );
            assert!(!ended.text("/error/hint").is_empty());
            for line in ended.stderr.lines() {
                assert!(line.starts_with(&format!("{name}: ")), "{line:?}");
            }
        });
    });
}

#[test]
fn work_that_is_done_is_one_report() {
    each_tool(|name| {
        let fixture = place();
        let ended = run(fixture.tool(name).args(work(name, &fixture)), 0);
        whole(name, &ended);
        assert_eq!(ended.at("/error"), &Value::Null);
        assert_eq!(ended.at("/upstream"), &Value::Null);
    });
}

#[test]
fn a_report_says_which_deploy_it_belongs_to() {
    each_tool(|name| {
        let told = tool(name).args(complete(name)).args(["--id", "d1", "-"]);
        assert_eq!(run(told, 3).text("/deployId"), "d1");
        let around = tool(name).args(complete(name)).arg("-");
        let around = around.env("DEPLOY_ID", "d2");
        assert_eq!(run(around, 3).text("/deployId"), "d2");
        // Also where the command line is wrong: the report goes into that deploy's history.
        let wrong = tool(name).arg("--no-such-option").env("DEPLOY_ID", "d3");
        assert_eq!(run(wrong, 2).text("/deployId"), "d3");
        let none = tool(name).args(complete(name)).arg("-");
        assert_eq!(run(none, 3).at("/deployId"), &Value::Null);
    });
}

#[test]
fn a_field_is_printed_raw_and_alone() {
    each_tool(|name| {
        each(
            [
                ("tool", name),
                ("exit", "0"),
                ("ok", "true"),
                ("error.code", ""),
            ],
            |(field, value)| {
                let fixture = place();
                let tool = fixture.tool(name).args(["--field", field]);
                let ended = run(tool.args(work(name, &fixture)).no_report(), 0);
                assert_eq!(ended.stdout, format!("{value}\n"));
            },
        );
    });
}

#[test]
fn a_field_prints_nothing_where_there_is_an_error() {
    each_tool(|name| {
        each(["error.code", "tool", "exit"], |field| {
            let tool = || tool(name).args(["--field", field]).no_report();
            assert_eq!(run(tool().arg("--no-such-option"), 2).stdout, "");
            let missing = run(tool().args(complete(name)).arg("-"), 3);
            assert_eq!(missing.stdout, "");
        });
    });
}

#[test]
fn a_field_that_is_never_reported_is_refused_before_anything_is_done() {
    each_tool(|name| {
        for field in ["no.such.field", "", "errorCode", "tool.name"] {
            let fixture = place();
            let words = work(name, &fixture);
            let before = Tree::of(&fixture.directory);
            let told = fixture.tool(name).args(["--field", field]).args(words);
            let ended = run(told.no_report(), 2);
            assert_eq!(ended.stdout, "", "{field:?}");
            assert!(ended.stderr.contains("--field"), "{}", ended.stderr);
            Tree::of(&fixture.directory).must_be(&before, field);
        }
        // Nor is anything waited for.
        let words = [complete(name), &["--field", "no.such.field", "-"]].concat();
        let end = Process::tool(name, &words, None).end();
        assert_eq!(end.status.code(), Some(2));
    });
}

/// The report has all that every report has, in the form that every report has it.
fn whole(name: &str, ended: &Ended) {
    let report = &ended.report;
    assert_eq!(report["tool"], name, "{report}");
    let version = ended.text("/version");
    assert_eq!(version.split('.').count(), 3, "{version}");
    ended.at("/durationMs").as_u64().unwrap();
    for pointer in ["/deployId", "/upstream", "/error"] {
        ended.at(pointer);
    }
    if report["ok"] == false {
        for pointer in ["/error/code", "/error/message"] {
            assert!(!ended.text(pointer).is_empty(), "{report}");
        }
        ended.at("/error/hint");
        let code = ended.error_code();
        assert!(
            code.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
            "{code}"
        );
    }
    camel_case(report);
    now(ended.text("/startedAt"));
}

/// Keys are camelCase however deep they lie.
fn camel_case(value: &Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let mut letters = key.bytes();
                assert!(
                    letters
                        .next()
                        .is_some_and(|first| first.is_ascii_lowercase())
                        && letters.all(|letter| letter.is_ascii_alphanumeric()),
                    "{key:?} is not camelCase"
                );
                camel_case(value);
            }
        }
        Value::Array(values) => values.iter().for_each(camel_case),
        _ => {}
    }
}

/// A time in UTC as RFC 3339 writes it, and a recent one.
fn now(text: &str) {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z", "{text:?}");
    let date = std::process::Command::new("date")
        .args(["--date", text, "+%s"])
        .output()
        .unwrap();
    let seconds: u64 = String::from_utf8(date.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    assert!(seconds.abs_diff(now) < 600, "{text:?} is not now");
}
