//! The watch after everything is well, without a service.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, unreachable_pub)]
mod support;

use serde_json::Value;
use std::io::Read;
use std::process::Stdio;
use std::time::{Duration, Instant};
use support::{Endpoint, Killed, PATIENCE, free_port, run, tool};

/// A watch of two seconds in which everything is asked every 20 ms.
const SHORT: [&str; 6] = [
    "--interval",
    "20ms",
    "--watch",
    "2s",
    "--error-window",
    "1s",
];

fn watched(urls: &[&str], more: &[&str], exit: i32) -> Value {
    run(&[urls, &SHORT, more].concat(), exit)
}

#[test]
fn a_target_that_stays_well_passes() {
    let well = Endpoint::answering(|_| Some(200));
    let report = watched(&[&well.url()], &[], 0);
    let watch = &report["watch"];
    assert_eq!(report["healthy"], true);
    assert_eq!(watch["plannedMs"], 2000);
    assert!(watch["watchedMs"].as_u64().unwrap() >= 2000, "{watch:#}");
    assert_eq!(watch["failures"], 0);
    assert_eq!(watch["extended"], false);
    // Every answer of the watch was asked for, beside the one that made it begin.
    assert_eq!(watch["answers"], well.asked().len() - 1);
    assert!(watch["answers"].as_u64().unwrap() <= 101, "{watch:#}");
}

#[test]
fn without_a_watch_there_is_none() {
    let well = Endpoint::answering(|_| Some(200));
    let report = run(&[&well.url()], 0);
    assert_eq!(report["watch"], Value::Null);
    assert_eq!(well.asked().len(), 1);
    let report = run(&[&well.url(), "--watch", "0"], 0);
    assert_eq!(report["watch"], Value::Null);
}

#[test]
fn a_wait_that_fails_comes_to_no_watch() {
    let report = watched(
        &[&Endpoint::answering(|_| Some(500)).url()],
        &["--attempts", "2"],
        1,
    );
    assert_eq!(report["error"]["code"], "not-healthy");
    assert_eq!(report["watch"], Value::Null);
}

#[test]
fn a_target_that_dies_is_critical_long_before_the_end() {
    let dies = Endpoint::answering(|number| Some(if number < 10 { 200 } else { 500 }));
    let report = run(
        &[
            &dies.url(),
            "--interval",
            "20ms",
            "--watch",
            "1h",
            "--watch-on",
            "1h",
        ],
        1,
    );
    assert_eq!(report["error"]["code"], "error-rate", "{report:#}");
    let watch = &report["watch"];
    // 6 of 20; those that came in the same moment may be a few more.
    assert!(watch["failures"].as_u64().unwrap() <= 12, "{watch:#}");
    assert_eq!(watch["plannedMs"], 3_600_000);
    assert!(watch["lastFailure"].as_str().unwrap().contains("500"));
    assert_eq!(report["healthy"], false);
    assert_eq!(report["reasons"].as_array().unwrap().len(), 1);
}

#[test]
fn an_error_rate_above_the_limit_fails_and_below_it_passes() {
    let one_in_ten =
        || Endpoint::answering(|number| Some(if number % 10 == 9 { 503 } else { 200 }));
    let fails = watched(&[&one_in_ten().url()], &["--max-error-rate", "5%"], 1);
    assert_eq!(fails["error"]["code"], "error-rate");
    let passes = watched(&[&one_in_ten().url()], &["--max-error-rate", "15%"], 0);
    let rate = passes["watch"]["errorRate"].as_f64().unwrap();
    assert!((5.0..15.0).contains(&rate), "{passes:#}");
    assert!(passes["watch"]["worstErrorRate"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_minor_breach_is_watched_on_and_the_rest_decides() {
    // A few bad answers early on, then well for good: borne in the end.
    let recovers =
        Endpoint::answering(|number| Some(if (3..7).contains(&number) { 500 } else { 200 }));
    let more = [
        "--watch-on",
        "1s",
        "--max-error-rate",
        "5%",
        "--min-answers",
        "20",
    ];
    let report = watched(&[&recovers.url()], &more, 0);
    let watch = &report["watch"];
    assert_eq!(watch["extended"], true, "{watch:#}");
    assert_eq!(watch["failures"], 4);
    // The answers that it was extended for are not those that decide.
    assert_eq!(watch["extension"]["failures"], 0, "{watch:#}");
    assert!(watch["watchedMs"].as_u64().unwrap() >= 2000);
    // One that stays a little bad is not.
    let stays = Endpoint::answering(|number| Some(if number % 8 == 7 { 500 } else { 200 }));
    let report = watched(&[&stays.url()], &more, 1);
    assert_eq!(report["error"]["code"], "error-rate", "{report:#}");
    assert_eq!(report["watch"]["extended"], true);
    assert!(
        report["watch"]["why"]
            .as_str()
            .unwrap()
            .contains("watched on")
    );
}

#[test]
fn a_target_that_never_answers_keeps_no_other_from_being_asked() {
    let hangs = Endpoint::answering(|number| (number == 0).then_some(200));
    let well = Endpoint::answering(|_| Some(200));
    let report = watched(
        &[&hangs.url(), &well.url()],
        &["--max-error-rate", "50%"],
        0,
    );
    assert!(well.asked().len() > 20, "{report:#}");
    assert_eq!(report["watch"]["failures"], 1, "{report:#}");
    assert_eq!(report["targets"][0]["ok"], false);
}

#[test]
fn a_local_port_that_closes_is_asked_in_the_watchs_own_beat() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let target = format!("tcp://{}", listener.local_addr().unwrap());
    let closes = std::thread::spawn(move || {
        listener.accept().unwrap();
        drop(listener);
    });
    let report = watched(
        &[&target],
        &["--max-error-rate", "100%", "--critical-error-rate", "100%"],
        0,
    );
    closes.join().unwrap();
    // Not every few milliseconds, as while it is waited for.
    assert!(
        report["watch"]["answers"].as_u64().unwrap() <= 101,
        "{report:#}"
    );
    assert!(report["watch"]["failures"].as_u64().unwrap() > 10);
}

#[test]
fn a_signal_ends_a_watch_at_once_with_its_report() {
    use nix::sys::signal::{Signal, kill};
    use std::os::unix::process::ExitStatusExt;
    let well = Endpoint::answering(|_| Some(200));
    let child = tool(&[&well.url(), "--interval", "20ms", "--watch", "1h"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut child = Killed(child);
    let began = Instant::now();
    while well.asked().len() < 10 {
        assert!(began.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(1));
    }
    let pid = nix::unistd::Pid::from_raw(child.0.id().cast_signed());
    kill(pid, Signal::SIGTERM).unwrap();
    let mut text = String::new();
    let mut stdout = child.0.stdout.take().unwrap();
    stdout.read_to_string(&mut text).unwrap();
    assert_eq!(child.0.wait().unwrap().signal(), Some(15));
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["error"]["code"], "interrupted");
    assert!(
        report["watch"]["answers"].as_u64().unwrap() >= 5,
        "{report:#}"
    );
    assert_eq!(report["watch"]["failures"], 0);
}

#[test]
fn a_command_says_whether_jobs_are_still_scheduled() {
    let report = run(&["command:exit 0"], 0);
    assert_eq!(report["targets"][0]["ok"], true);
    let gone = "command:echo looking; echo 'no timer shop-nightly' >&2; exit 4";
    let report = run(&[gone, "--attempts", "1"], 1);
    let message = report["targets"][0]["message"].as_str().unwrap();
    assert!(message.contains("exit status: 4"), "{message}");
    assert!(message.contains("no timer shop-nightly"), "{message}");
    let stays = watched(&["command:true"], &[], 0);
    assert!(stays["watch"]["answers"].as_u64().unwrap() > 1);
}

#[test]
fn what_makes_no_sense_is_bad_usage() {
    let target = format!("tcp://127.0.0.1:{}", free_port());
    for more in [
        ["--max-error-rate", "1"],
        ["--max-error-rate", "101%"],
        ["--critical-error-rate", "0.125%"],
        ["--watch", "soon"],
        ["--min-answers", "0"],
        ["--baseline", "/dev/null"],
    ] {
        let report = run(&[&[target.as_str()][..], &more].concat(), 2);
        assert_eq!(report["error"]["code"], "usage", "{more:?}");
    }
}
