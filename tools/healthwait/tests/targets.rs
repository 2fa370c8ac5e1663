//! Targets alone, without a service.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, unreachable_pub)]
mod support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};
use support::{Killed, PATIENCE, free_port, report, run, tool};

/// Answers every request with this, for as long as the test process lives.
fn server(answer: impl Fn(usize) -> String + Send + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for (count, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            assert!(stream.read(&mut request).is_ok());
            stream.write_all(answer(count).as_bytes()).ok();
        }
    });
    port
}

fn http(status: u16, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

#[test]
fn a_port_that_opens_while_it_waits() {
    let port = free_port();
    let opens = thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap()
    });
    let report = run(&[&format!("tcp://127.0.0.1:{port}")], 0);
    assert_eq!(report["healthy"], true);
    assert_eq!(report["targets"][0]["ok"], true);
    assert_eq!(report["proof"], serde_json::Value::Null);
    drop(opens.join().unwrap());
}

#[test]
fn what_gets_well_in_time_is_well() {
    let port = server(|count| http(if count < 3 { 503 } else { 204 }, ""));
    let report = run(&[&format!("http://localhost:{port}/")], 0);
    assert_eq!(report["targets"][0]["status"], 204);
}

#[test]
fn attempts_used_up_is_no_and_time_passed_is_timed_out() {
    let port = server(|_| http(500, ""));
    let target = format!("http://127.0.0.1:{port}/health");
    let used_up = run(&[&target, "--attempts", "2", "--interval", "20ms"], 1);
    assert_eq!(used_up["error"]["code"], "not-healthy");
    assert_eq!(used_up["attempts"], 2);
    assert_eq!(used_up["targets"][0]["status"], 500);
    let late = run(&[&target, "--timeout", "100ms"], 124);
    assert_eq!(late["error"]["code"], "timed-out");
    assert_eq!(late["healthy"], false);
    assert_eq!(late["targets"][0]["status"], 500);
}

#[test]
fn a_refusal_is_an_attempt_only_once_an_interval() {
    let target = format!("tcp://127.0.0.1:{}", free_port());
    let began = Instant::now();
    let report = run(&[&target, "--attempts", "3", "--interval", "100ms"], 1);
    assert_eq!(report["attempts"], 3);
    assert!(began.elapsed() >= Duration::from_millis(200));
}

#[test]
fn the_expected_status_and_body() {
    let port = server(|_| http(301, r#"{"status":"ok","n":3}"#));
    let target = format!("http://127.0.0.1:{port}/old#301");
    run(
        &[
            &target,
            "--expect-json",
            "/status=ok",
            "--expect-json",
            "/n=3",
        ],
        0,
    );
    let unlike = run(
        &[&target, "--expect-json", "/status=down", "--attempts", "1"],
        1,
    );
    assert_eq!(unlike["targets"][0]["ok"], false);
}

#[test]
fn one_of_several_that_is_not_well_is_enough() {
    let well = server(|_| http(200, ""));
    let well = format!("http://127.0.0.1:{well}/");
    let refuses = format!("tcp://127.0.0.1:{}", free_port());
    let report = run(&[&well, &refuses, "--timeout", "150ms"], 124);
    assert_eq!(report["targets"][0]["ok"], true);
    assert_eq!(report["targets"][1]["ok"], false);
    assert_eq!(report["reasons"].as_array().unwrap().len(), 1);
}

#[test]
fn successes_must_be_in_a_row() {
    // Well, sick, then well for good: the first one does not count.
    let port = server(|count| http(if count == 1 { 500 } else { 200 }, ""));
    let target = format!("http://127.0.0.1:{port}/");
    let report = run(&[&target, "--successes", "2", "--interval", "10ms"], 0);
    assert!(report["attempts"].as_u64().unwrap() >= 3, "{report:#}");
}

#[test]
fn an_endpoint_that_never_answers_ends_at_the_time_limit() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let target = format!("http://127.0.0.1:{port}/");
    let report = run(&[&target, "--timeout", "150ms"], 124);
    assert_eq!(report["targets"][0]["ok"], false);
}

#[test]
fn what_makes_no_sense_is_bad_usage() {
    for arguments in [
        &[][..],
        &["ftp://x"],
        &["tcp://x:1", "--attempts", "0"],
        &["tcp://x:1", "--max-memory", "1M"],
        &["tcp://x:1", "--expect-json", "status"],
        &["--service", "process:app"],
        &["--service", "systemd:a b"],
    ] {
        let report = run(arguments, 2);
        assert_eq!(report["ok"], false, "{arguments:?}");
    }
}

#[test]
fn a_signal_ends_it_with_a_report_and_by_that_signal() {
    use nix::sys::signal::{Signal, kill};
    use std::os::unix::process::ExitStatusExt;
    let target = format!("tcp://127.0.0.1:{}", free_port());
    let child = tool(&[&target])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut child = Killed(child);
    let pid = child.0.id();
    // It watches for signals once it has a thread for that.
    let began = Instant::now();
    let threads = || {
        std::fs::read_dir(format!("/proc/{pid}/task"))
            .unwrap()
            .count()
    };
    while threads() < 2 {
        assert!(began.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(1));
    }
    kill(
        nix::unistd::Pid::from_raw(pid.cast_signed()),
        Signal::SIGTERM,
    )
    .unwrap();
    let mut text = String::new();
    let mut stdout = child.0.stdout.take().unwrap();
    stdout.read_to_string(&mut text).unwrap();
    let status = child.0.wait().unwrap();
    assert_eq!(status.signal(), Some(15));
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["error"]["code"], "interrupted");
    assert_eq!(report["exit"], 143);
}

#[test]
fn a_failed_step_before_is_passed_on_untouched() {
    let mut child = tool(&["tcp://127.0.0.1:1", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let before = r#"{"tool":"service-start","ok":false,"exit":3}"#;
    child
        .stdin
        .take()
        .unwrap()
        .write_all(before.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), before);
    report(&output, 3);
}
