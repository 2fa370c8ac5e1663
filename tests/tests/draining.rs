//! Work in flight during a deploy: waited for, and where it never ends, cut with a receipt.
#![allow(clippy::unwrap_used)]

use slipway_tests::{Fixture, on_each_quick_supervisor, until};
use std::path::PathBuf;
use std::thread;

/// Version 1 serves and is good, version 2 is there; the runbook drains, and asks for no new work by a flag.
fn with_a_drain(fixture: &Fixture) -> PathBuf {
    let flag = fixture.directory.join("deploy-pending");
    fixture.configure("PREFLIGHT_SKIP", "disk");
    fixture.configure("DRAIN_WAIT_URL", &fixture.url("/in-flight"));
    fixture.configure("DRAIN_WAIT_JSON", "/inFlight");
    fixture.configure("DRAIN_WAIT_PENDING_FILE", flag.to_str().unwrap());
    fixture.configure("SERVICE_STOP_TIMEOUT", "2s");
    fixture.release("20260101-000000", "1", "healthy");
    fixture.deploy().run(0);
    fixture.until_version("1");
    fixture.release("20260102-000000", "2", "healthy");
    flag
}

/// The report of the drain of the last deploy, out of the history.
fn receipt(fixture: &Fixture) -> serde_json::Value {
    let history = std::fs::read_to_string(fixture.root.join("deploy-history.jsonl")).unwrap();
    let lines = history
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let mut drains = lines.filter(|line| line["report"]["tool"] == "drain-wait");
    drains.next_back().unwrap()["report"].clone()
}

on_each_quick_supervisor!(a_request_in_flight_is_waited_for, |fixture| {
    let flag = with_a_drain(&fixture);
    fixture.configure("DRAIN_WAIT_TIMEOUT", "60s");
    thread::scope(|scope| {
        let request = scope.spawn(|| fixture.get("/until?file=done"));
        until("the request is in flight", || {
            fixture.get("/in-flight").unwrap().at("/inFlight") == 1
        });
        let deploy = fixture.deploy().spawn();
        until("the flag is raised", || flag.exists());
        assert_eq!(
            fixture.version().as_deref(),
            Some("1"),
            "nothing is stopped yet"
        );
        std::fs::write(fixture.root.join("releases/20260101-000000/done"), "").unwrap();
        assert_eq!(request.join().unwrap().unwrap().status, 200);
        deploy.finish(0);
    });
    fixture.until_version("2");
    assert!(!flag.exists(), "the flag is lowered with the deploy's end");
    let receipt = receipt(&fixture);
    assert_eq!(receipt["drained"], true, "{receipt}");
    assert_eq!(receipt["remaining"], 0, "{receipt}");
});

on_each_quick_supervisor!(a_request_that_never_ends_is_cut_and_said_to_be, |fixture| {
    let flag = with_a_drain(&fixture);
    fixture.configure("DRAIN_WAIT_TIMEOUT", "1s");
    thread::scope(|scope| {
        let request = scope.spawn(|| fixture.get("/until?file=never"));
        until("the request is in flight", || {
            fixture.get("/in-flight").unwrap().at("/inFlight") == 1
        });
        fixture.deploy().run(0);
        let answer = request.join().unwrap();
        assert!(answer.is_none(), "it was answered: {answer:?}");
    });
    fixture.until_version("2");
    assert!(!flag.exists());
    let receipt = receipt(&fixture);
    assert_eq!(receipt["exit"], 124, "{receipt}");
    assert_eq!(receipt["drained"], false, "{receipt}");
    assert_eq!(receipt["remaining"], 1, "{receipt}");
});
