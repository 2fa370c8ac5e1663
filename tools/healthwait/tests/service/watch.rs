//! And that it stays so.

use super::pid;
use super::support::{Application, PATIENCE, free_port};
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

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
        assert!(began.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(1));
    }
    let stranger = std::thread::spawn(move || {
        // It gets the port as soon as the service has let go of it.
        let began = Instant::now();
        let listener = loop {
            assert!(began.elapsed() < PATIENCE);
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
        assert!(began.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(1));
    }
    let report = application.run(&["--max-log-errors", "0"], 1);
    assert_eq!(report["error"]["code"], "service-failed", "{report:#}");
    assert_eq!(report["service"]["logErrorExamples"][0], "ERROR early");
    // What an earlier run wrote is not this one's.
    let deadline = deadline::Deadline::after(PATIENCE);
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
