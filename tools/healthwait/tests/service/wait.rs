//! Until it is well.

use super::pid;
use super::support::{Application, PATIENCE, free_port};
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

#[test]
fn the_process_that_holds_the_port_is_proven() {
    let port = free_port();
    let application = Application::serving(port, "well");
    let target = format!("http://127.0.0.1:{port}/");
    let report = application.run(
        &[&target, "--port", &port.to_string(), "--release", "r1"],
        0,
    );
    assert_eq!(report["proof"], "proven", "{report:#}");
    assert_eq!(report["service"]["active"], "running");
    assert_eq!(report["service"]["pid"].to_string(), pid(&application));
    assert!(!report["reasons"].as_array().unwrap().is_empty());
}

#[test]
fn another_process_that_answers_is_not_believed() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let application = Application::new("exec sleep 600");
    let target = format!("tcp://127.0.0.1:{port}");
    let port = port.to_string();
    let late = application.run(&[&target, "--port", &port, "--timeout", "300ms"], 124);
    assert_eq!(late["error"]["code"], "proof-disproven", "{late:#}");
    assert_eq!(late["proof"], "disproven");
    assert_eq!(late["targets"][0]["ok"], true);
    let arguments = [
        &target,
        "--port",
        &port,
        "--attempts",
        "2",
        "--interval",
        "20ms",
    ];
    let used_up = application.run(&arguments, 1);
    assert_eq!(used_up["error"]["code"], "proof-disproven");
    // Nobody can accept what is disproven.
    let accepting = [&arguments[..], &["--accept-unprovable"]].concat();
    application.run(&accepting, 1);
}

#[test]
fn the_old_process_and_another_release_are_not_the_new_one() {
    let port = free_port();
    let application = Application::serving(port, "well");
    let target = format!("http://127.0.0.1:{port}/");
    let once = ["--attempts", "3", "--interval", "50ms"];
    let pid = pid(&application);
    let old = [&[target.as_str(), "--not-pid", &pid][..], &once].concat();
    let report = application.run(&old, 1);
    assert_eq!(report["proof"], "disproven", "{report:#}");
    let other = [&[target.as_str(), "--release", "r2"][..], &once].concat();
    let report = application.run(&other, 1);
    assert_eq!(report["proof"], "disproven", "{report:#}");
    application.run(&[&target, "--not-pid", "1"], 0);
    for (release, code, exit) in [
        ("r9", "no-such-release", 1),
        ("../r1", "bad-release-name", 2),
    ] {
        let report = application.run(&[&target, "--release", release], exit);
        assert_eq!(report["error"]["code"], code);
    }
}

#[test]
fn inside_a_deploy_the_state_says_what_was_before() {
    let port = free_port();
    let application = Application::serving(port, "well");
    let layout = releases::Layout::new(application.root.to_str().unwrap());
    let store = state::Store::at(&layout);
    let deadline = deadline::Deadline::after(PATIENCE);
    let before = |pid: Option<u32>, start_time: Option<u64>| {
        let mut held = store.lock(&deadline).unwrap();
        let switch = state::Switch {
            pid,
            start_time,
            ..state::Switch::default()
        };
        let intent = state::Intent {
            action: "swap".into(),
            from: None,
            to: "r1".into(),
        };
        let note = held.state.intend("d1", intent, switch).unwrap();
        held.write(note).unwrap();
        let note = held.state.switched("d1").unwrap();
        held.write(note).unwrap();
    };
    let begin = state::Begin {
        id: "d1".into(),
        at: std::time::SystemTime::now(),
        by: "ann@host".into(),
        owner: None,
        moment_of: None,
        live: None,
        release: None,
        commit: None,
    };
    let mut held = store.lock(&deadline).unwrap();
    let note = held.state.begin(begin);
    held.write(note).unwrap();
    let note = held.state.enter("d1", state::Phase::Restart).unwrap();
    held.write(note.unwrap()).unwrap();
    drop(held);
    let status = application.service.status(&deadline).unwrap();
    let target = format!("http://127.0.0.1:{port}/");
    let arguments = [
        &target,
        "--attempts",
        "2",
        "--interval",
        "50ms",
        "--id",
        "d1",
    ];
    let now = host::Proc::system()
        .stat(status.main_pid.unwrap())
        .unwrap()
        .start_time;
    before(status.main_pid, Some(now));
    let same = application.run(&arguments, 1);
    assert_eq!(same["proof"], "disproven", "{same:#}");
    before(status.main_pid, Some(now - 1));
    let another = application.run(&arguments, 0);
    assert_eq!(another["proof"], "proven", "{another:#}");
    // The link was switched, and nobody restarted the service.
    fs::remove_file(application.root.join("current")).unwrap();
    std::os::unix::fs::symlink("releases/r2", application.root.join("current")).unwrap();
    let stale = application.run(&arguments, 1);
    assert_eq!(stale["proof"], "disproven", "{stale:#}");
    let outside = application.run(&[&target], 0);
    assert_eq!(outside["proof"], serde_json::Value::Null);
}

#[test]
fn a_service_that_died_ends_the_wait_at_once() {
    let application = Application::new("echo its last words; exit 7");
    let port = free_port();
    let began = Instant::now();
    let report = application.run(&[&format!("tcp://127.0.0.1:{port}")], 1);
    assert_eq!(report["error"]["code"], "service-failed");
    assert!(began.elapsed() < Duration::from_secs(30), "of the 60 s");
    let tail = report["logTail"].as_array().unwrap();
    assert!(
        tail.iter().any(|line| line == "its last words"),
        "{report:#}"
    );
}

#[test]
fn one_that_dies_while_it_is_waited_for_does_too() {
    let application = Application::new("while [ ! -e ../../die ]; do sleep 0.01; done; exit 1");
    let root = application.root.clone();
    let dies = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        fs::write(root.join("die"), "").unwrap();
    });
    let target = format!("tcp://127.0.0.1:{}", free_port());
    let report = application.run(&[&target], 1);
    assert_eq!(report["error"]["code"], "service-failed");
    dies.join().unwrap();
}

#[test]
fn limits_of_memory_and_of_errors() {
    let port = free_port();
    let application = Application::serving(port, "log-errors");
    let target = format!("http://127.0.0.1:{port}/");
    let memory = application.run(
        &[
            &target,
            "--max-memory",
            "1K",
            "--attempts",
            "2",
            "--interval",
            "100ms",
        ],
        1,
    );
    assert_eq!(memory["error"]["code"], "not-healthy", "{memory:#}");
    assert!(memory["service"]["memoryBytes"].as_u64().unwrap() > 1024);
    let arguments = [
        &target,
        "--successes",
        "3",
        "--interval",
        "50ms",
        "--max-log-errors",
    ];
    let errors = application.run(&[&arguments[..], &["0"]].concat(), 1);
    assert_eq!(errors["error"]["code"], "service-failed", "{errors:#}");
    assert_eq!(
        errors["service"]["logErrorExamples"][0],
        "ERROR a request came"
    );
    let borne = application.run(&[&arguments[..], &["1000"]].concat(), 0);
    assert_eq!(borne["healthy"], true);
    let cpu = application.run(&[&target, "--max-cpu", "100000%", "--interval", "50ms"], 0);
    assert!(cpu["service"]["cpuPercent"].is_number(), "{cpu:#}");
}

#[test]
fn a_service_alone_is_waited_for_too() {
    let application = Application::new("exec sleep 600");
    let report = application.run(&[], 0);
    assert_eq!(report["targets"].as_array().unwrap().len(), 0);
    assert_eq!(report["service"]["active"], "running");
}
