//! `-`: the report of the step before comes first.

use crate::common::acts::{complete, work};
use crate::common::tree::Tree;
use crate::common::{each, each_tool, place, run};
use serde_json::{Value, json};
use slipway_tests::{Ended, Fixture, shell, tool};

/// The tool behind a pipe, in a shell: a code above 128 that is passed on is an exit status there.
fn behind(name: &str, upstream: &str, exit: i32) -> Ended {
    let line = format!("exec {name} {} -", complete(name).join(" "));
    run(shell(&line).stdin(upstream).no_report(), exit)
}

#[test]
fn a_failed_report_is_passed_on_byte_for_byte_with_its_exit() {
    each_tool(|name| {
        each([1, 2, 3, 69, 75, 124, 130, 143], |exit| {
            for text in [
                format!(r#"{{"ok":false,"exit":{exit}}}"#),
                format!("{{\"tool\":\"t\",\"ok\":false,\"exit\":{exit}}}\n"),
                format!(
                    "\n  {{ \"exit\" : {exit} ,\n\t\"zebra\":\"\\u00e4ö\", \"ok\":false, \"apple\": 1.50,\n \
                     \"upstream\":{{\"tool\":\"first\"}} }}\n\n"
                ),
            ] {
                let ended = behind(name, &text, *exit);
                assert_eq!(ended.stdout, text);
                assert_eq!(ended.stderr, "", "whoever failed has said so");
            }
        });
    });
}

#[test]
fn behind_a_failed_report_nothing_is_done() {
    each_tool(|name| {
        let fixture = place();
        let words = work(name, &fixture);
        let before = Tree::of(&fixture.directory);
        let failed = r#"{"tool":"t","ok":false,"exit":1,"release":"20260102-000000"}"#;
        let told = fixture.tool(name).args(words).arg("-").stdin(failed);
        let ended = run(told.no_report(), 1);
        assert_eq!(ended.stdout, failed);
        Tree::of(&fixture.directory).must_be(&before, "behind a failed report");
    });
}

#[test]
fn a_field_is_not_taken_from_a_report_that_is_passed_on() {
    each_tool(|name| {
        let told = tool(name)
            .args(complete(name))
            .args(["--field", "tool", "-"]);
        let failed = r#"{"tool":"t","ok":false,"exit":1}"#;
        assert_eq!(run(told.stdin(failed).no_report(), 1).stdout, "");
    });
}

#[test]
fn no_report_is_a_failure_of_its_own() {
    each_tool(|name| {
        each(["", "\n", "  \n\n"], |nothing| {
            let told = tool(name).args(complete(name)).arg("-");
            let ended = run(told.stdin(*nothing), 3);
            assert_eq!(ended.error_code(), "upstream-missing");
            assert!(!ended.text("/error/hint").is_empty());
        });
        // Where nobody gives it any stdin at all.
        let line = format!("exec {name} {} - <&-", complete(name).join(" "));
        assert_eq!(run(shell(&line), 3).error_code(), "upstream-missing");
    });
}

#[test]
fn rubbish_is_no_report() {
    each_tool(|name| {
        each(
            [
                "rubbish",
                "{",
                "[]",
                "null",
                "{}",
                r#"{"ok":true}"#,
                r#"{"exit":0}"#,
                r#"{"ok":"yes","exit":0}"#,
                r#"{"ok":false,"exit":-1}"#,
                r#"{"ok":false,"exit":1.5}"#,
                // Codes that no program exits with.
                r#"{"ok":false,"exit":256}"#,
                // A failure that would be a success to whoever looks at the exit code, and the other way round.
                r#"{"ok":false,"exit":0}"#,
                r#"{"ok":true,"exit":1}"#,
                // Two of them, or one and more.
                "{\"ok\":true,\"exit\":0}\n{\"ok\":true,\"exit\":0}\n",
                "{\"ok\":true,\"exit\":0} and more",
                "hello\n{\"ok\":true,\"exit\":0}\n",
            ],
            |rubbish| {
                let told = tool(name).args(complete(name)).arg("-");
                let ended = run(told.stdin(*rubbish), 3);
                assert_eq!(ended.error_code(), "upstream-invalid");
            },
        );
        let told = tool(name).args(complete(name)).arg("-");
        let ended = run(
            told.stdin(b"{\"ok\":true,\"exit\":0,\"x\":\"\xff\"}".as_slice()),
            3,
        );
        assert_eq!(ended.error_code(), "upstream-invalid");
    });
}

#[test]
fn a_good_report_is_nested_as_it_was() {
    each_tool(|name| {
        let fixture = place();
        let upstream = json!({
            "tool": "t", "ok": true, "exit": 0, "release": "20260102-000000", "apple": [1, {"zebra": null}],
            "upstream": {"tool": "first", "ok": true, "exit": 0},
        });
        let ended = nested(&fixture, name, &upstream);
        assert_eq!(ended.at("/upstream"), &upstream);
    });
}

fn nested(fixture: &Fixture, name: &str, upstream: &Value) -> Ended {
    let told = fixture.tool(name).args(work(name, fixture)).arg("-");
    run(told.stdin(upstream.to_string()), 0)
}

/// `record` is the one that keeps a failed report, and passes it on all the same.
#[test]
fn deploy_state_record_keeps_what_it_passes_on() {
    each(
        [(true, 0), (false, 1), (false, 75), (false, 130)],
        |(ok, exit)| {
            let fixture = place();
            let report =
                format!("{{ \"tool\":\"t\", \"ok\":{ok}, \"exit\":{exit},\"deployId\":\"d1\" }}\n");
            let told = fixture
                .shell("exec deploy-state record")
                .stdin(report.as_str());
            let ended = run(told.no_report(), *exit);
            assert_eq!(ended.stdout, report);
            let history =
                std::fs::read_to_string(fixture.root.join("deploy-history.jsonl")).unwrap();
            let line: Value = serde_json::from_str(&history).unwrap();
            assert_eq!(
                line["report"],
                serde_json::from_str::<Value>(&report).unwrap()
            );
        },
    );
    let fixture = place();
    let before = Tree::of(&fixture.root.join("releases"));
    for nothing in ["", "rubbish"] {
        let told = fixture.tool("deploy-state").arg("record").stdin(nothing);
        run(told, 3);
    }
    Tree::of(&fixture.root.join("releases")).must_be(&before, "nothing to record");
    assert!(!fixture.root.join("deploy-history.jsonl").exists());
}
