//! The checks that options name: `outside:NAME` and `run:NAME`.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, unreachable_pub)]
mod support;

use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};
use support::{directory, one, run, tool};

/// A page that always says this; its URL.
fn page(status: &'static str, body: &'static str) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}/status.json", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let asked = lines
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty());
            assert!(asked.count() > 0);
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close");
            write!(stream, "{head}\r\n\r\n{body}").unwrap();
        }
    });
    url
}

/// One check told by one option.
fn check(option: &str, told: &str, status: &str) -> Value {
    one(
        &run(tool(&[option, told]), i32::from(status == "fail")),
        status,
    )
}

fn text(check: &Value, field: &str) -> String {
    check[field].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_page_says_what_is_expected_of_it() {
    let url = page(
        "200 OK",
        r#"{"status": {"text": "All Systems Operational"}, "open": 0}"#,
    );
    let outside =
        |expected: &str, status| check("--outside", &format!("host={url} {expected}"), status);
    assert_eq!(outside("", "pass")["name"], "outside:host");
    outside("/status/text=All Systems Operational", "pass");
    outside("/open=0", "pass");
    let outage = outside("/status/text=Partial Outage", "fail");
    assert_eq!(outage["value"], 200);
    let message = text(&outage, "message");
    assert!(
        message.contains(&url) && message.contains("All Systems"),
        "{message}"
    );
    let hint = format!("healthwait {url} --timeout 1h --expect-json '/status/text=Partial Outage'");
    assert_eq!(outage["hint"], hint);
    outside("/gone=1", "fail");
    let sick = page("503 Service Unavailable", "{}");
    check("--outside", &format!("host={sick}"), "fail");
}

#[test]
fn a_black_hole_is_a_failed_check() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let told = format!("hole=http://{}/", listener.local_addr().unwrap());
    let report = run(tool(&["--check-timeout", "200ms", "--outside", &told]), 1);
    one(&report, "fail");
}

#[test]
fn a_command_says_yes_by_its_exit_status() {
    let passed = check("--run", "tests=echo 12 passed", "pass");
    assert_eq!(passed["name"], "run:tests");
    assert_eq!(passed["message"], "it ended with 0: 12 passed");
    let lines = "for n in 1 2 3 4 5 6 7; do echo line $n; done; exit 3";
    let failed = check("--run", &format!("tests={lines}"), "fail");
    assert_eq!((&failed["value"], &failed["limit"]), (&3.into(), &0.into()));
    let expected = "exit status: 3: line 3 | line 4 | line 5 | line 6 | line 7";
    assert_eq!(failed["message"], expected);
    assert_eq!(failed["hint"], format!("sh -c '{lines}'"));
    let killed = check("--run", "tests=kill -9 $$", "fail");
    assert!(text(&killed, "message").contains("SIGKILL"), "{killed}");
    check("--run", "tests=no-such-command-anywhere", "fail");
}

#[test]
fn a_command_runs_where_the_source_is() {
    let source = directory();
    fs::write(source.join("here"), "").unwrap();
    let place = source.to_str().unwrap();
    let arguments = [
        "--only",
        "run:look",
        "--run",
        "look=test -e here",
        "--source",
    ];
    let there = [&arguments[..], &[place]].concat();
    one(&run(tool(&there), 0), "pass");
    fs::remove_dir_all(&source).unwrap();
    let gone = one(&run(tool(&there), 1), "fail");
    assert!(text(&gone, "message").contains(place), "{gone}");
    one(&run(tool(&arguments[..4]), 1), "fail");
}

#[test]
fn a_command_is_killed_whole_at_its_own_limit() {
    let place = directory();
    let alive = place.join("alive");
    let line = format!(
        "slow=(trap '' TERM; while :; do date > {}; sleep 0.05; done) & echo begun; wait",
        alive.display()
    );
    let begin = Instant::now();
    let limits = ["--run-timeout", "1m", "--run-timeout", "slow=300ms"];
    let mut command = tool(&["--run", &line, "--run", "quick=sleep 0.6; true"]);
    command.args(limits);
    let report = run(command, 1);
    assert!(
        begin.elapsed() < Duration::from_secs(20),
        "it ended at its own limit"
    );
    assert_eq!(report["checks"][0]["status"], "fail", "{report:#}");
    assert_eq!(report["checks"][1]["status"], "pass", "{report:#}");
    let message = text(&report["checks"][0], "message");
    assert!(message.ends_with("was killed: begun"), "{message}");
    fs::remove_file(&alive).ok();
    thread::sleep(Duration::from_millis(300));
    assert!(!alive.exists(), "what it started lives on");
    fs::remove_dir_all(&place).unwrap();
}

#[test]
fn they_are_chosen_by_name_like_any_other() {
    let two = ["--run", "a=true", "--run", "b=false"];
    let with = |more: &[&str], exit| run(tool(&[&two[..], more].concat()), exit);
    let status = |report: &Value| {
        let checks = report["checks"].as_array().unwrap().iter();
        checks
            .map(|check| format!("{} {}", text(check, "name"), text(check, "status")))
            .collect::<Vec<_>>()
    };
    assert_eq!(status(&with(&[], 1)), ["run:a pass", "run:b fail"]);
    assert_eq!(
        status(&with(&["--warn", "run:b"], 0)),
        ["run:a pass", "run:b warn"]
    );
    assert_eq!(
        status(&with(&["--skip", "run:b"], 0)),
        ["run:a pass", "run:b skip"]
    );
    assert_eq!(
        status(&with(&["--only", "run:a"], 0)),
        ["run:a pass", "run:b skip"]
    );
    let forced = with(&["--force"], 0);
    assert_eq!(forced["forcedPast"], serde_json::json!(["run:b"]));
    let missing = with(&["--only", "run:a", "--require", "outside:host"], 1);
    assert_eq!(missing["error"]["code"], "check-failed");
    assert_eq!(status(&missing)[2], "outside:host fail");
    for option in ["--skip", "--warn", "--only"] {
        with(&[option, "run:c"], 2);
    }
    for wrong in [
        ["--run", "a=false"],
        ["--require", "run:"],
        ["--run", "x y=true"],
    ] {
        with(&wrong, 2);
    }
    let list = run(tool(&[&two[..2], &["--list"]].concat()), 0);
    let given = |name: &str| {
        let list = list["list"].as_array().unwrap();
        let found = list.iter().find(|check| check["name"] == name);
        found.map(|check| check["given"].clone())
    };
    assert_eq!(given("run:a"), Some(true.into()));
    assert_eq!(given("outside:NAME"), Some(false.into()));
    assert_eq!(given("run:NAME"), None);
}

#[test]
fn in_the_environment_they_are_lines() {
    let mut command = tool(&["--run-timeout", "20s"]);
    command.env(
        "PREFLIGHT_RUN",
        "a=true, and no comma parts it || true\nb=true",
    );
    let report = run(command, 0);
    assert_eq!(report["passed"], 2, "{report:#}");
}
