//! The real tool on real processes.
#![allow(clippy::unwrap_used)]

mod bench;

use bench::{Bench, soon, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use service::StartAgain;
use std::fs;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

/// Becomes the example `start-serve`, in the release's directory; the port is in the file `port` there.
const SERVE: &str = "exec \"$(cat ../../examples)/start-serve\"";

/// A port that was free a moment ago, and is what [`SERVE`] is to listen on in both releases.
fn free_port(bench: &Bench) -> String {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port().to_string();
    for release in ["r1", "r2"] {
        fs::write(
            bench.root.join("releases").join(release).join("port"),
            &port,
        )
        .unwrap();
    }
    port
}

#[test]
fn it_is_started_ready_and_proven() {
    let bench = Bench::new();
    let port = free_port(&bench);
    let (exit, report) = bench.start(SERVE, &["--port", &port]);
    assert_eq!(exit, 0, "{report}");
    assert_eq!(report["changed"], true);
    assert_eq!(report["release"], "r1");
    assert_eq!(report["proof"]["verdict"], "proven", "{report}");
    assert!(
        report["pid"].is_u64() && report["startMs"].is_u64(),
        "{report}"
    );
    assert_eq!(report["invocation"].as_str().unwrap().len(), 32);
    assert_eq!(bench.state()["status"], "idle");
    assert_eq!(bench.state()["switch"]["counted"], 0);

    let (exit, again) = bench.start(SERVE, &["--port", &port]);
    assert_eq!(exit, 0, "{again}");
    assert_eq!(again["changed"], false);
    assert_eq!(again["pid"], report["pid"]);
    assert_eq!(again["proof"]["verdict"], "proven");
}

#[test]
fn one_that_still_runs_the_release_before_is_not_taken_for_the_new_one() {
    let bench = Bench::new();
    let port = free_port(&bench);
    bench.start(SERVE, &["--port", &port]);
    bench.select("r2");
    let (exit, report) = bench.start(SERVE, &["--port", &port]);
    assert_eq!(exit, 1, "{report}");
    assert_eq!(report["error"]["code"], "still-old", "{report}");
    assert_eq!(report["proof"]["verdict"], "disproven");
    assert!(bench.is_running(), "it is left alone");
}

#[test]
fn a_crash_is_told_at_once_with_its_last_words() {
    let bench = Bench::new();
    for (start, words) in [
        ("echo 'no such database'; exit 3", "no such database"),
        ("echo gone; exit 0", "gone"),
        ("echo later; sleep 0.3; exit 1", "later"),
    ] {
        let (exit, report) = bench.start(start, &["--timeout", "10m"]);
        assert_eq!(exit, 1, "{start}: {report}");
        assert_eq!(report["error"]["code"], "start-failed", "{start}: {report}");
        let tail = report["logTail"].to_string();
        assert!(tail.contains(words), "{start}: {report}");
        assert_eq!(bench.state()["status"], "idle", "its moment is over");
    }
}

#[test]
fn one_that_never_listens_is_not_ready() {
    let bench = Bench::new();
    let port = free_port(&bench);
    let (exit, report) = bench.start("exec sleep 1000", &["--port", &port, "--timeout", "300ms"]);
    assert_eq!(exit, 124, "{report}");
    assert_eq!(report["error"]["code"], "not-ready", "{report}");
    assert!(
        bench.is_running(),
        "it is left as it is, for a rollback to stop"
    );
}

#[test]
fn a_stranger_on_the_port_is_named_before_anything_is_started() {
    let bench = Bench::new();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port().to_string();
    let (exit, report) = bench.start("exec sleep 1000", &["--port", &port]);
    assert_eq!(exit, 1, "{report}");
    assert_eq!(report["error"]["code"], "port-held");
    let own = std::process::id().to_string();
    assert!(report["error"]["hint"].as_str().unwrap().contains(&own));
    assert!(!bench.is_running());
}

#[test]
fn what_an_earlier_run_left_on_the_port_is_for_a_stop_to_remove() {
    let bench = Bench::new();
    let port = free_port(&bench);
    let start = format!("({SERVE}) & echo up; exec sleep 1000");
    let (exit, report) = bench.start(&start, &["--port", &port]);
    assert_eq!(exit, 0, "{report}");
    let pid = i32::try_from(report["pid"].as_i64().unwrap()).unwrap();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    until(|| (!bench.is_running()).then_some(()));
    let (exit, report) = bench.start(&start, &["--port", &port]);
    assert_eq!(exit, 1, "{report}");
    assert_eq!(report["error"]["code"], "port-held", "{report}");
    let hint = report["error"]["hint"].as_str().unwrap();
    assert!(hint.starts_with("service-stop"), "{report}");
}

#[test]
fn a_signal_ends_the_wait_and_leaves_what_was_started() {
    let bench = Bench::new();
    let port = free_port(&bench);
    let child = bench
        .command("exec sleep 1000", &["--port", &port, "--timeout", "10m"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until(|| bench.root.join("deploy-state.json").exists().then_some(()));
    until(|| bench.is_running().then_some(()));
    let tool = Pid::from_raw(i32::try_from(child.id()).unwrap());
    kill(tool, Signal::SIGTERM).unwrap();
    let output = child.wait_with_output().unwrap();
    let (_, report) = bench::report(&output);
    assert_eq!(report["exit"], 143, "{report}");
    assert_eq!(report["error"]["code"], "interrupted", "{report}");
    assert!(report["pid"].is_u64(), "{report}");
    assert!(bench.is_running());
    assert_eq!(bench.state()["status"], "idle", "its moment is over");
}

#[test]
fn one_that_runs_from_elsewhere_is_disproven() {
    let bench = Bench::new();
    let (exit, report) = bench.start("cd ../r2 && exec sleep 1000", &[]);
    assert_eq!(exit, 1, "{report}");
    assert_eq!(report["error"]["code"], "proof-disproven", "{report}");
    assert_eq!(report["changed"], true);
}

#[test]
fn what_cannot_be_proven_must_have_been_accepted() {
    let bench = Bench::new();
    let start = "cd / && exec sleep 1000";
    let (exit, report) = bench.start(start, &[]);
    assert_eq!(exit, 1, "{report}");
    assert_eq!(report["error"]["code"], "proof-unprovable", "{report}");
    let message = report["error"]["message"].as_str().unwrap();
    assert!(message.contains("DEPLOY_ACCEPT_UNPROVABLE"), "{report}");
    bench.service(start).kill(&soon()).unwrap();
    let (exit, report) = bench.start(start, &["--accept-unprovable"]);
    assert_eq!(exit, 0, "{report}");
    assert_eq!(report["proof"]["verdict"], "unprovable", "{report}");
}

#[test]
fn where_no_port_is_told_an_endpoint_that_answers_is_enough() {
    let bench = Bench::new();
    let port = free_port(&bench);
    let target = format!("tcp://127.0.0.1:{port}");
    let (exit, report) = bench.start(SERVE, &["--health-url", &target]);
    assert_eq!(exit, 0, "{report}");
    assert_eq!(report["proof"]["verdict"], "proven", "{report}");
}

#[test]
fn a_start_that_is_proven_disarms_the_dead_mans_switch() {
    let bench = Bench::new();
    let arm = || {
        let never = StartAgain {
            command: vec!["false".into()],
            does_more: false,
        };
        let service = bench.service("true");
        let hour = Duration::from_secs(3600);
        service.arm_dead_man(hour, &never, &soon()).unwrap();
    };
    arm();
    let (exit, report) = bench.start("exit 1", &[]);
    assert_eq!((exit, &report["disarmed"]), (1, &false.into()), "{report}");
    let (exit, report) = bench.start("exec sleep 1000", &[]);
    assert_eq!((exit, &report["disarmed"]), (0, &true.into()), "{report}");
}

#[test]
fn without_a_live_release_nothing_is_started() {
    let bench = Bench::new();
    fs::remove_file(bench.root.join("current")).unwrap();
    let (exit, report) = bench.start("exec sleep 1000", &[]);
    assert_eq!(exit, 1, "{report}");
    assert_eq!(report["error"]["code"], "no-current");
}

#[test]
fn without_the_lease_nothing_is_started() {
    let bench = Bench::new();
    let (exit, report) = bench.start("exec sleep 1000", &["--id", "20260101-000000-abcdef"]);
    assert_eq!(exit, 75, "{report}");
    assert!(!bench.is_running());
}

#[test]
fn the_dead_man_needs_no_lease_and_leaves_a_running_service_alone() {
    let bench = Bench::new();
    let options = ["--dead-man-acts", "--id", "20260101-000000-abcdef"];
    let (exit, report) = bench.start("exec sleep 1000", &options);
    assert_eq!((exit, &report["changed"]), (0, &true.into()), "{report}");
    assert!(bench.is_running());
    assert!(!bench.root.join("deploy-state.json").exists());
    let pid = bench.service("true").status(&soon()).unwrap().main_pid;
    let (exit, report) = bench.start("exec sleep 1000", &options);
    assert_eq!((exit, &report["changed"]), (0, &false.into()), "{report}");
    assert_eq!(bench.service("true").status(&soon()).unwrap().main_pid, pid);
}

#[test]
fn a_stop_without_a_start_is_made_good_by_the_switch() {
    let bench = Bench::new();
    let start = "exec sleep 1000";
    bench.start(start, &[]);
    let service = bench.service(start);
    let before = service.status(&soon()).unwrap().main_pid;
    let act = bench.command(start, &["--dead-man-acts"]);
    let mut command = vec![act.get_program().to_owned()];
    command.extend(act.get_args().map(ToOwned::to_owned));
    let soonest = Duration::from_millis(100);
    let again = StartAgain {
        command,
        does_more: false,
    };
    service.arm_dead_man(soonest, &again, &soon()).unwrap();
    service.kill(&soon()).unwrap();
    until(|| bench.is_running().then_some(()));
    assert_ne!(service.status(&soon()).unwrap().main_pid, before);
}
