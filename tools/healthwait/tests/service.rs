//! A plain process as the service behind the targets.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, unreachable_pub)]
mod support;

use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};
use support::{Application, free_port};

/// No test: run again by the tests below, it is the service.
#[test]
#[allow(clippy::print_stdout)] // The service's log.
fn acts_as_server() {
    let Ok(port) = std::env::var("SERVE") else {
        return;
    };
    let behaviour = std::env::var("BEHAVIOUR").unwrap_or_default();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse().unwrap())).unwrap();
    if behaviour == "burn" {
        std::thread::spawn(|| {
            let mut number = 1_u64;
            loop {
                number = std::hint::black_box(number.wrapping_mul(3));
            }
        });
    }
    for (count, stream) in listener.incoming().enumerate() {
        if count == 15 && behaviour == "loses-port" {
            break;
        }
        assert!(count < 15 || behaviour != "dies", "as it was told");
        let mut stream = stream.unwrap();
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).is_ok());
        if behaviour == "log-errors" {
            println!("ERROR a request came");
        }
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        stream.write_all(answer.as_bytes()).ok();
    }
    drop(listener);
    std::thread::sleep(Duration::MAX);
}

fn pid(application: &Application) -> String {
    let deadline = deadline::Deadline::after(support::PATIENCE);
    let status = application.service.status(&deadline).unwrap();
    status.main_pid.unwrap().to_string()
}

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
    let deadline = deadline::Deadline::after(support::PATIENCE);
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

/// The application with its own port and target, watched for so long.
fn watched(application: &Application, port: u16, watch: &str, more: &[&str], exit: i32) -> Value {
    let target = format!("http://127.0.0.1:{port}/");
    let port = port.to_string();
    let arguments = [
        &target,
        "--port",
        &port,
        "--interval",
        "50ms",
        "--watch",
        watch,
    ];
    application.run(&[&arguments[..], more].concat(), exit)
}

#[test]
fn a_watch_measures_the_service_and_proves_it_again_at_the_end() {
    let port = free_port();
    let application = Application::serving(port, "well");
    let baseline = application.root.join("baseline.json");
    fs::write(&baseline, r#"{"memoryBytes": 4096, "cpuPercent": 99.5}"#).unwrap();
    let baseline = baseline.to_str().unwrap();
    let more = [
        "--baseline",
        baseline,
        "--max-cpu",
        "80%",
        "--release",
        "r1",
    ];
    let report = watched(&application, port, "1s", &more, 0);
    let service = &report["service"];
    assert_eq!(report["proof"], "proven");
    let memory = service["memoryBytes"].as_u64().unwrap();
    assert!(memory > 4096, "{report:#}");
    assert!(service["memoryBytesMost"].as_u64().unwrap() >= memory);
    assert_eq!(service["baseline"]["memoryBytes"], 4096);
    assert_eq!(service["baseline"]["from"], baseline);
    assert!(service["memoryGrowthPercent"].as_f64().unwrap() > 0.0);
    let cpu = service["cpuPercent"].as_f64().unwrap();
    assert!(cpu < 80.0, "{report:#}");
    assert!((service["cpuGrowthPercent"].as_f64().unwrap() - (cpu - 99.5)).abs() < 0.011);
    // What ran before took less than a hundredth of it.
    let more = ["--baseline", baseline, "--max-memory-growth", "50%"];
    let grown = application.run(&[&["--attempts", "1"][..], &more].concat(), 1);
    assert_eq!(grown["error"]["code"], "not-healthy");
    assert!(
        grown["reasons"][0]
            .as_str()
            .unwrap()
            .contains("before the deploy"),
        "{grown:#}"
    );
}

#[test]
fn processor_time_is_judged_over_the_whole_watch() {
    let port = free_port();
    let application = Application::serving(port, "burn");
    let report = watched(&application, port, "1h", &["--max-cpu", "0%"], 1);
    assert_eq!(report["error"]["code"], "limit-exceeded", "{report:#}");
    assert!(report["service"]["cpuPercent"].as_f64().unwrap() > 0.0);
    // A budget of an hour's 1 % is not used up in a second; the mean is beyond it all the same.
    let report = watched(&application, port, "1s", &["--max-cpu", "1%"], 1);
    assert_eq!(report["error"]["code"], "limit-exceeded", "{report:#}");
    assert!(!report["logTail"].is_null());
}

#[test]
fn a_port_that_is_lost_and_a_process_that_dies_end_a_watch() {
    for (behaviour, code) in [("loses-port", "port-lost"), ("dies", "service-failed")] {
        let port = free_port();
        let application = Application::serving(port, behaviour);
        let borne = ["--max-error-rate", "100%", "--critical-error-rate", "100%"];
        let report = watched(&application, port, "1h", &borne, 1);
        assert_eq!(report["error"]["code"], code, "{report:#}");
        assert!(!report["logTail"].as_array().unwrap().is_empty());
        assert!(report["watch"]["why"].is_string());
    }
}

#[test]
fn another_process_that_took_the_port_during_the_watch_is_not_believed() {
    let port = free_port();
    let application = Application::serving(port, "loses-port");
    let began = Instant::now();
    while host::Proc::system().listeners(port).unwrap().is_empty() {
        assert!(began.elapsed() < support::PATIENCE);
        std::thread::sleep(Duration::from_millis(1));
    }
    let stranger = std::thread::spawn(move || {
        // It gets the port as soon as the service has let go of it.
        let began = Instant::now();
        let listener = loop {
            assert!(began.elapsed() < support::PATIENCE);
            match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
                Ok(listener) => break listener,
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        };
        let end = Instant::now() + Duration::from_secs(20);
        listener.set_nonblocking(true).unwrap();
        while Instant::now() < end {
            if let Ok((mut stream, _)) = listener.accept() {
                stream.set_nonblocking(false).ok();
                let mut request = [0; 4096];
                let _asked = stream.read(&mut request);
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                    .ok();
            }
        }
    });
    let borne = ["--max-error-rate", "100%", "--critical-error-rate", "100%"];
    let report = watched(&application, port, "3s", &borne, 1);
    assert_eq!(report["error"]["code"], "proof-disproven", "{report:#}");
    drop(stranger);
}

#[test]
fn errors_count_from_the_start_of_the_run_and_not_from_the_first_look() {
    let application = Application::new("echo ERROR early; exec sleep 600");
    let began = Instant::now();
    let log = application.root.join("run/app.log");
    while !fs::read_to_string(&log)
        .unwrap_or_default()
        .contains("ERROR early")
    {
        assert!(began.elapsed() < support::PATIENCE);
        std::thread::sleep(Duration::from_millis(1));
    }
    let report = application.run(&["--max-log-errors", "0"], 1);
    assert_eq!(report["error"]["code"], "service-failed", "{report:#}");
    assert_eq!(report["service"]["logErrorExamples"][0], "ERROR early");
    // What an earlier run wrote is not this one's.
    let deadline = deadline::Deadline::after(support::PATIENCE);
    application.service.kill(&deadline).unwrap();
    let setting = service::Setting {
        root: application.root.clone(),
        current: application.root.join("current"),
        start: Some("exec sleep 600".into()),
    };
    let next = service::Service::parse("process:app", &setting).unwrap();
    next.start(&deadline).unwrap();
    let report = application.run(&["--max-log-errors", "0"], 0);
    assert_eq!(report["service"]["logErrors"], 0);
}

#[test]
fn every_failure_shows_the_last_lines_of_the_log() {
    let application = Application::new("echo its last words; exec sleep 600");
    let refused = format!("tcp://127.0.0.1:{}", free_port());
    let shown = |arguments: &[&str], exit: i32| {
        let report = application.run(arguments, exit);
        let tail = report["logTail"].as_array().unwrap();
        assert!(
            tail.iter().any(|line| line == "its last words"),
            "{report:#}"
        );
        report["error"]["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(shown(&[&refused, "--timeout", "200ms"], 124), "timed-out");
    assert_eq!(shown(&[&refused, "--attempts", "1"], 1), "not-healthy");
    assert_eq!(
        shown(
            &["--not-pid", &pid(&application), "--timeout", "200ms"],
            124
        ),
        "proof-disproven"
    );
    assert_eq!(
        shown(&["--max-memory", "1K", "--attempts", "1"], 1),
        "not-healthy"
    );
}
