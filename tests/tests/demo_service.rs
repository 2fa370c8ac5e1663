//! The demo service misbehaves exactly as it is told to; what is shown with it rests on that.
#![allow(clippy::unwrap_used)]

use nix::sys::signal::Signal;
use slipway_tests::{Fixture, Running, Supervisor, beneath, tool, until};
use std::time::{Duration, Instant};

/// Starts the service itself, without a supervisor, as a release with this behaviour.
fn serve(fixture: &Fixture, behaviour: &str) -> Running {
    let release = fixture.release("release", "1", behaviour);
    let port = fixture.port.number.to_string();
    tool("demo-service")
        .args(["--port", &port])
        .in_directory(&release)
        .no_report()
        .stderr_any()
        .spawn()
}

/// Waits until the service has said this; before it starts it does not heed signals either.
fn says(service: &Running, text: &str) {
    until(text, || service.stderr_so_far().contains(text));
}

fn fixture() -> Fixture {
    Fixture::on(Supervisor::Process).unwrap()
}

#[test]
fn a_healthy_one_says_who_it_is_and_finishes_what_is_in_flight() {
    let fixture = fixture();
    let service = serve(&fixture, "healthy");
    fixture.until_version("1");
    let health = fixture.get("/health").unwrap();
    assert_eq!(
        (health.status, health.at("/pid")),
        (200, service.pid().into())
    );
    assert_eq!(fixture.get("/missing").unwrap().status, 404);
    assert_eq!(fixture.get("/stream?lines=2").unwrap().body, "1 1\n2 1\n");

    std::thread::scope(|scope| {
        let slow = scope.spawn(|| fixture.get("/until?file=go"));
        until("it is in flight", || {
            fixture.get("/in-flight").unwrap().at("/inFlight") == 1
        });
        service.signal(Signal::SIGTERM);
        until("the port is free", || fixture.get("/health").is_none());
        std::fs::write(fixture.root.join("releases/release/go"), "").unwrap();
        assert_eq!(slow.join().unwrap().unwrap().status, 200);
    });
    service.finish(0);
}

#[test]
fn crashes_have_the_exit_status_of_choice() {
    let fixture = fixture();
    serve(&fixture, "crash").finish(1);
    serve(&fixture, "crash\nexit-status=0").finish(0);
    let late = serve(&fixture, "crash-after=100ms\nexit-status=7").finish(7);
    assert!(late.stderr.contains("listens on"), "{}", late.stderr);
}

#[test]
fn a_held_port_is_met_as_told() {
    let fixture = fixture();
    let held = fixture.hold_port();
    serve(&fixture, "healthy").finish(1);
    let ended = serve(&fixture, "port-taken=0").finish(0);
    assert!(
        ended.stderr.contains("ERROR cannot listen"),
        "{}",
        ended.stderr
    );
    let mut stays = serve(&fixture, "port-taken=stay");
    says(&stays, "cannot listen");
    drop(held);
    assert!(!stays.ended());
    stays.signal(Signal::SIGTERM);
    stays.finish(0);
}

#[test]
fn one_that_hangs_never_listens_and_one_that_is_slow_does() {
    let fixture = fixture();
    let mut hangs = serve(&fixture, "hang");
    says(&hangs, "starts in");
    assert_eq!(fixture.version(), None);
    assert!(!hangs.ended());
    hangs.signal(Signal::SIGTERM);
    hangs.finish(0);
    let began = Instant::now();
    let slow = serve(&fixture, "slow-start=300ms");
    fixture.until_version("1");
    assert!(began.elapsed() >= Duration::from_millis(300));
    slow.signal(Signal::SIGINT);
    slow.finish(0);
}

#[test]
fn it_lies_and_answers_500_as_told() {
    let fixture = fixture();
    let service = serve(&fixture, "version=9.9\nhealth-status=500");
    until("it answers", || fixture.get("/health").is_some());
    assert_eq!(fixture.get("/health").unwrap().status, 500);
    assert_eq!(fixture.version().as_deref(), Some("9.9"));
    service.signal(Signal::SIGTERM);
    service.finish(0);
}

#[test]
fn one_that_ignores_sigterm_takes_more() {
    let fixture = fixture();
    let service = serve(&fixture, "ignore-term");
    fixture.until_version("1");
    service.signal(Signal::SIGTERM);
    says(&service, "SIGTERM: not heeded");
    assert_eq!(fixture.version().as_deref(), Some("1"));
    service.signal(Signal::SIGKILL);
    service.finish(137);
}

#[test]
fn a_leak_grows_and_errors_are_logged() {
    let fixture = fixture();
    let service = serve(&fixture, "leak=200M\nleak-limit=60M\nlog-errors=10ms");
    until("it has grown", || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", service.pid())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("RssAnon"))
            .unwrap()
            .to_owned();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            > 50 * 1024
    });
    service.signal(Signal::SIGTERM);
    assert!(service.finish(0).stderr.contains("ERROR error number 3"));
}

#[test]
fn an_orphan_keeps_the_port_and_answers_on_it_or_does_not() {
    for (behaviour, answers) in [("orphan", true), ("orphan=silent", false)] {
        let fixture = fixture();
        let release = fixture.release("release", "1", behaviour);
        let port = fixture.port.number.to_string();
        // Its streams go nowhere: the orphan would keep them open, and the runner rightly minds.
        let mut service = std::process::Command::new(release.join("demo-service"))
            .args(["--port", &port])
            .current_dir(&release)
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        fixture.until_version("1");
        let parent = service.id();
        slipway_tests::kill(parent, Signal::SIGTERM);
        assert!(service.wait().unwrap().success());
        let left = beneath(&release);
        assert_eq!(left.len(), 1, "{left:?}");
        if answers {
            fixture.until_version("1");
            assert_eq!(fixture.get("/health").unwrap().at("/pid"), left[0]);
        } else {
            tool("demo-service")
                .args(["--port", &port])
                .no_report()
                .stderr_with("cannot listen")
                .run(1);
        }
    }
}

#[test]
fn load_counts_what_it_sent_and_what_failed() {
    let fixture = fixture();
    let once = || {
        let load =
            tool("demo-service").args(["load", &fixture.url("/health"), "--until-file", "/"]);
        let tally = load.no_report().run(0).stdout;
        tally.replace(char::is_whitespace, "")
    };
    let failed = once();
    assert!(
        failed.starts_with(r#"{"sent":1,"failed":1,"#) && failed.contains("refused"),
        "{failed}"
    );
    let service = serve(&fixture, "healthy");
    fixture.until_version("1");
    let answered = once();
    assert!(
        answered.starts_with(r#"{"sent":1,"failed":0,"#),
        "{answered}"
    );
    assert!(
        answered.ends_with(r#""versions":{"1":1},"firstFailure":null}"#),
        "{answered}"
    );
    service.signal(Signal::SIGTERM);
    service.finish(0);
}
