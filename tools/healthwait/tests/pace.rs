//! How often is asked, counted by the endpoint that is asked.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, unreachable_pub)]
mod support;

use std::time::Duration;
use support::{Endpoint, run};

/// Ten attempts, three seconds apart: ten questions that far apart, no more, and a handful of early ones.
#[test]
fn ten_attempts_three_seconds_apart() {
    let endpoint = Endpoint::answering(|_| Some(503));
    let report = run(
        &[
            &endpoint.url(),
            "--attempts",
            "10",
            "--interval",
            "3s",
            "--timeout",
            "5m",
        ],
        1,
    );
    assert_eq!(report["error"]["code"], "not-healthy");
    assert_eq!(report["attempts"], 10);
    let asked = endpoint.asked();
    // Early ones after 25, 50, 100, 200, 400 and 800 ms of pause, none of which is an attempt.
    assert!(
        (10..=16).contains(&asked.len()),
        "{} questions",
        asked.len()
    );
    // Nine intervals lie between ten attempts, however slow the machine is.
    assert!(report["durationMs"].as_u64().unwrap() >= 27_000, "{report}");
}

/// The tenth attempt may be the good one, and no eleventh question is asked.
#[test]
fn the_last_attempt_is_asked_and_none_after_it() {
    let endpoint = Endpoint::answering(|_| Some(503));
    let url = endpoint.url();
    let arguments = [&url, "--attempts", "4", "--interval", "200ms"];
    run(&arguments, 1);
    let all = endpoint.asked().len();
    let good_at_last =
        Endpoint::answering(move |number| Some(if number + 1 < all { 503 } else { 204 }));
    let url = good_at_last.url();
    let arguments = [&url, "--timeout", "1m", "--interval", "200ms"];
    let report = run(&arguments, 0);
    assert_eq!(report["targets"][0]["status"], 204);
    assert_eq!(good_at_last.asked().len(), all);
}

/// Every five seconds for up to two minutes, a tenth of the size: any 2xx ends it, and what is not well is asked again all the
/// time until then.
#[test]
fn at_an_interval_up_to_a_time_limit() {
    let gets_well = Endpoint::answering(|number| Some(if number < 8 { 500 } else { 202 }));
    let arguments = ["--interval", "500ms", "--timeout", "12s"];
    let report = run(&[&[gets_well.url().as_str()][..], &arguments].concat(), 0);
    assert_eq!(report["targets"][0]["status"], 202);
    assert_eq!(gets_well.asked().len(), 9, "asked until it was well");
    let never = Endpoint::answering(|_| Some(404));
    let report = run(&[&[never.url().as_str()][..], &arguments].concat(), 124);
    assert_eq!(report["error"]["code"], "timed-out");
    let asked = never.asked();
    // 0 to 12 s, every half second, and at most five early ones. A busy machine may make it ask less often, never more.
    assert!((12..=30).contains(&asked.len()), "{}", asked.len());
}

/// One that is well every other time is never well three times in a row.
#[test]
fn a_target_that_flaps_is_not_well() {
    let flaps = Endpoint::answering(|number| Some(if number % 2 == 0 { 200 } else { 500 }));
    let arguments = [
        &flaps.url(),
        "--successes",
        "3",
        "--interval",
        "50ms",
        "--attempts",
        "12",
    ];
    let report = run(&arguments, 1);
    assert_eq!(report["error"]["code"], "not-healthy");
    assert_eq!(report["healthy"], false);
    assert!(flaps.asked().len() >= 12);
}

/// Three in a row are three questions, an interval apart.
#[test]
fn successes_are_as_many_questions_apart() {
    let well = Endpoint::answering(|_| Some(200));
    let arguments = [&well.url(), "--successes", "3", "--interval", "100ms"];
    let report = run(&arguments, 0);
    assert_eq!(report["attempts"], 3);
    let asked = well.asked();
    assert_eq!(asked.len(), 3);
    let from_first_to_last = asked[2] - asked[0];
    assert!(
        from_first_to_last >= Duration::from_millis(180),
        "{from_first_to_last:?}"
    );
}
