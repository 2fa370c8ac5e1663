//! The real tool.
#![allow(clippy::unwrap_used)]

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// An application's directory, gone when this is dropped.
struct Bench {
    root: PathBuf,
}

impl Bench {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("slipway-drain-{}-{count}", std::process::id());
        let root = std::env::temp_dir().join(name);
        fs::create_dir_all(root.join("releases")).unwrap();
        Self {
            root: fs::canonicalize(root).unwrap(),
        }
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.root.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn command(&self, options: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_drain-wait"));
        command
            .arg("--root")
            .arg(&self.root)
            .args(options)
            .env_remove("DEPLOY_ID")
            .env_remove("DEPLOY_APP")
            .current_dir(&self.root)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn drain(&self, options: &[&str]) -> (i32, Value) {
        report(&self.command(options).output().unwrap())
    }

    fn state(&self) -> Value {
        let text = fs::read_to_string(self.root.join("deploy-state.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.root).ok();
    }
}

fn report(output: &Output) -> (i32, Value) {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{errors}"));
    (output.status.code().unwrap_or(-1), report)
}

fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "it never came");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn work_that_ends_is_waited_for_and_counted() {
    let bench = Bench::new();
    // Each look counts down.
    let count_down = "n=$(cat n 2>/dev/null || echo 3); echo $n; echo $((n - 1)) > n";
    let (exit, report) = bench.drain(&["--in-flight-command", count_down, "--interval", "10ms"]);
    assert_eq!(exit, 0, "{report}");
    assert_eq!(report["drained"], true);
    assert_eq!(
        (&report["atStart"], &report["finished"]),
        (&3.into(), &3.into())
    );
    assert_eq!(report["remaining"], 0);
    assert!(report.get("cut").is_none(), "{report}");
    assert!(
        !bench.root.join("deploy-state.json").exists(),
        "nothing to write down"
    );
}

#[test]
fn what_is_left_at_the_end_is_the_receipt() {
    let bench = Bench::new();
    let file = bench.file("count", "2\n");
    let (exit, report) = bench.drain(&["--file", &file, "--timeout", "50ms", "--interval", "20ms"]);
    assert_eq!(exit, 124, "{report}");
    assert_eq!(report["error"]["code"], "not-drained");
    assert_eq!(report["drained"], false);
    assert_eq!(
        (&report["remaining"], &report["cut"]),
        (&2.into(), &2.into())
    );
}

#[test]
fn what_cannot_be_read_is_an_error_and_never_nothing() {
    let bench = Bench::new();
    let wordy = bench.file("wordy", "busy");
    for options in [
        vec!["--file", "/nonexistent/count"],
        vec!["--file", &wordy],
        vec!["--in-flight-command", "exit 3"],
        vec!["--in-flight-command", "true"],
        vec!["--url", "http://127.0.0.1:1/in-flight"],
    ] {
        let (exit, report) = bench.drain(&options);
        assert_eq!(exit, 3, "{options:?}: {report}");
        assert_eq!(report["error"]["code"], "source-unreadable", "{report}");
        assert_eq!(report["drained"], false);
        assert_eq!(report["atStart"], Value::Null);
    }
}

#[test]
fn several_sources_are_added_up() {
    let bench = Bench::new();
    let file = bench.file("count", "2");
    let options = [
        "--file",
        &file,
        "--in-flight-command",
        "echo 3",
        "--timeout",
        "0",
    ];
    let (exit, report) = bench.drain(&options);
    assert_eq!(exit, 124, "{report}");
    assert_eq!(report["remaining"], 5);
}

#[test]
fn an_endpoint_is_asked_for_the_number_at_its_pointer() {
    let bench = Bench::new();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/in-flight", socket.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        for body in [r#"{"jobs":{"n":1}}"#, r#"{"jobs":{"n":0}}"#] {
            let (mut stream, _) = socket.accept().unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).unwrap();
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}"
            )
            .unwrap();
        }
    });
    let (exit, report) = bench.drain(&["--url", &url, "--json", "/jobs/n", "--interval", "10ms"]);
    assert_eq!(exit, 0, "{report}");
    assert_eq!(report["atStart"], 1);
    server.join().unwrap();
}

/// The request that a listener gets which is asked how much is in flight, by these options for its port.
fn told_to(options: impl FnOnce(u16) -> Vec<String>) -> String {
    let bench = Bench::new();
    let secret = bench.file("headers", "Authorization: Bearer s3cret\n");
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let options = options(socket.local_addr().unwrap().port());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = socket.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut more = [0; 4096];
            let length = stream.read(&mut more).unwrap();
            assert!(length > 0, "it was asked for nothing");
            request.extend_from_slice(&more[..length]);
        }
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n0").unwrap();
        String::from_utf8(request).unwrap()
    });
    let mut command = bench.command(&["--health-header-file", &secret]);
    command.args(options).env_remove("DEPLOY_HEALTH_URL");
    let (exit, report) = report(&command.output().unwrap());
    assert_eq!(exit, 0, "{report}");
    server.join().unwrap()
}

#[test]
fn the_headers_are_told_to_the_applications_own_endpoint_alone() {
    let words =
        |url: String, home: &str| vec!["--url".into(), url, "--health-url".into(), home.into()];
    let here = |port| format!("http://127.0.0.1:{port}/in-flight");
    // Every one of them leads to the same listener, and only some are where the application answers.
    for (home, is_told) in [
        ("http://127.0.0.1:PORT/health", true),
        ("http://localhost:PORT/health", true),
        ("http://[::1]:PORT/health", true),
        ("https://127.0.0.1:PORT/health", false),
        ("http://127.0.0.1:1/health", false),
        ("http://127.0.0.2:PORT/health", false),
        ("http://shop.example:PORT/health", false),
        ("tcp://127.0.0.1:PORT", false),
    ] {
        let home = |port: u16| home.replace("PORT", &port.to_string());
        let request = told_to(|port| words(here(port), &home(port)));
        assert_eq!(request.contains("s3cret"), is_told, "{request}");
    }
    let request = told_to(|port| words(format!("http://localhost:{port}/in-flight"), &here(port)));
    assert!(request.contains("s3cret"), "{request}");
    // One of several is enough; and where no other is known, this one is the application's.
    let request = told_to(|port| {
        let mut words = words(here(port), "http://shop.example/health");
        words.extend(["--health-url".into(), here(port)]);
        words
    });
    assert!(request.contains("s3cret"), "{request}");
    let request = told_to(|port| vec!["--url".into(), here(port)]);
    assert!(request.contains("s3cret"), "{request}");
}

#[test]
fn connections_are_counted_until_they_are_closed() {
    let bench = Bench::new();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let port = address.port().to_string();
    let client = TcpStream::connect(address).unwrap();
    let served = socket.accept().unwrap();
    let (exit, report) = bench.drain(&["--connections", &port, "--timeout", "0"]);
    assert_eq!((exit, &report["remaining"]), (124, &1.into()), "{report}");
    drop((client, served));
    let (exit, report) = bench.drain(&["--connections", &port]);
    assert_eq!(exit, 0, "{report}");
}

#[test]
fn a_flag_is_raised_with_its_expiry_and_cleared_again() {
    let bench = Bench::new();
    let file = bench.file("count", "0");
    let flag = bench.root.join("pending.json");
    // A relative path is the caller's, and stays true whoever lowers the flag from wherever.
    let (exit, report) = bench.drain(&["--file", &file, "--pending-file", "pending.json"]);
    assert_eq!(exit, 0, "{report}");
    assert_eq!(report["pendingFile"], flag.to_str().unwrap());
    let raised: Value = serde_json::from_slice(&fs::read(&flag).unwrap()).unwrap();
    assert_eq!(raised["expiresAt"], report["expiresAt"]);
    assert!(
        raised["deployId"].is_string() && raised["raisedAt"].is_string(),
        "{raised}"
    );
    assert!(raised["expiresAt"].as_str() > raised["raisedAt"].as_str());

    let clear = ["--pending-file", "pending.json", "--clear"];
    let (exit, report) = bench.drain(&clear);
    assert_eq!((exit, &report["changed"]), (0, &true.into()), "{report}");
    assert!(!flag.exists());
    let (exit, report) = bench.drain(&clear);
    assert_eq!((exit, &report["changed"]), (0, &false.into()), "{report}");
}

#[test]
fn while_it_waits_the_state_knows_of_the_flag_and_a_signal_takes_it_back() {
    let bench = Bench::new();
    let file = bench.file("count", "1");
    let flag = bench.root.join("pending.json");
    let child = bench
        .command(&[
            "--file",
            &file,
            "--timeout",
            "10m",
            "--pending-file",
            "pending.json",
        ])
        .spawn()
        .unwrap();
    until(|| flag.exists().then_some(()));
    assert_eq!(bench.state()["pendingFile"], flag.to_str().unwrap());
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    kill(pid, Signal::SIGTERM).unwrap();
    let (_, report) = report(&child.wait_with_output().unwrap());
    assert_eq!(report["exit"], 143, "{report}");
    assert!(!flag.exists(), "no deploy's end would lower it");
    assert_eq!(bench.state()["status"], "idle");
}

#[test]
fn a_killed_wait_leaves_a_flag_that_the_next_command_lowers() {
    let bench = Bench::new();
    let file = bench.file("count", "1");
    let flag = bench.root.join("pending.json");
    let mut child = bench
        .command(&[
            "--file",
            &file,
            "--timeout",
            "10m",
            "--pending-file",
            "pending.json",
        ])
        .spawn()
        .unwrap();
    until(|| flag.exists().then_some(()));
    child.kill().unwrap();
    child.wait().unwrap();
    let nothing = bench.file("nothing", "0");
    let (exit, report) = bench.drain(&["--file", &nothing, "--pending-file", "other.json"]);
    assert_eq!(exit, 0, "{report}");
    assert!(!flag.exists());
}

#[test]
fn without_the_lease_no_flag_is_raised() {
    let bench = Bench::new();
    let file = bench.file("count", "0");
    let options = [
        "--file",
        &file,
        "--pending-file",
        "pending.json",
        "--id",
        "d0",
    ];
    let (exit, report) = bench.drain(&options);
    assert_eq!(exit, 75, "{report}");
    assert!(!bench.root.join("pending.json").exists());
}

#[test]
fn a_dry_run_looks_once_and_raises_nothing() {
    let bench = Bench::new();
    let file = bench.file("count", "4");
    let (exit, report) = bench.drain(&["--file", &file, "--pending-file", "p", "--dry-run"]);
    assert_eq!((exit, &report["remaining"]), (0, &4.into()), "{report}");
    assert!(!bench.root.join("p").exists());
}

#[test]
fn what_is_not_understood_is_bad_usage() {
    let bench = Bench::new();
    for (options, code) in [
        (vec![], "usage"),
        (vec!["--clear"], "usage"),
        (vec!["--json", "/n"], "usage"),
        (vec!["--file", "x", "--json", "n"], "usage"),
        (vec!["--url", "ftp://x/y"], "usage"),
        (vec!["--file", "x", "--pending-file", "current"], "usage"),
        (vec!["--haproxy", "haproxy.sock,b/s"], "usage"),
        (vec!["--haproxy", "/run/haproxy.sock,b"], "usage"),
    ] {
        let (exit, report) = bench.drain(&options);
        assert_eq!(exit, 2, "{options:?}: {report}");
        assert_eq!(report["error"]["code"], code, "{options:?}: {report}");
    }
    assert!(!bench.root.join("deploy-state.json").exists());
}
