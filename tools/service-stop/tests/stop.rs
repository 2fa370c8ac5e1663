//! The real tool on real processes.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Becomes the example `stop-serve`, in the release's directory.
const SERVE: &str = "exec \"$(cat ../../examples)/stop-serve\"";

/// An application with one release and a plain process; gone when this is dropped.
struct Bench {
    root: PathBuf,
}

impl Bench {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("slipway-stop-{}-{count}", std::process::id());
        let root = std::env::temp_dir().join(name);
        fs::create_dir_all(root.join("releases/r1")).unwrap();
        let root = fs::canonicalize(root).unwrap();
        fs::write(root.join("examples"), examples().to_str().unwrap()).unwrap();
        durable::switch(root.join("current"), "releases/r1").unwrap();
        Self { root }
    }

    fn service(&self, start: &str) -> service::Service {
        let setting = service::Setting {
            root: self.root.clone(),
            current: self.root.join("current"),
            start: Some(start.to_owned()),
        };
        service::Service::parse("process:shop", &setting).unwrap()
    }

    fn start(&self, command: &str) -> u32 {
        let service = self.service(command);
        service.start(&soon()).unwrap();
        service.status(&soon()).unwrap().main_pid.unwrap()
    }

    /// The port that [`SERVE`] listens on, once it does.
    fn port(&self) -> u16 {
        until(|| {
            fs::read_to_string(self.root.join("releases/r1/port"))
                .ok()?
                .strip_suffix('\n')?
                .parse()
                .ok()
        })
    }

    fn command(&self, options: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_service-stop"));
        command
            .arg("--root")
            .arg(&self.root)
            .args(["--service", "process:shop"])
            .args(options)
            .env_remove("DEPLOY_ID")
            .env_remove("DEPLOY_APP")
            .stdin(Stdio::null());
        command
    }

    fn stop(&self, options: &[&str]) -> (i32, Value) {
        report(&self.command(options).output().unwrap())
    }

    fn state(&self) -> Value {
        let text = fs::read_to_string(self.root.join("deploy-state.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let service = self.service("true");
        service.disarm_dead_man(&soon()).ok();
        service.kill(&soon()).ok();
        fs::remove_dir_all(&self.root).ok();
    }
}

fn report(output: &Output) -> (i32, Value) {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{errors}"));
    (output.status.code().unwrap_or(-1), report)
}

fn soon() -> deadline::Deadline {
    deadline::Deadline::after(Duration::from_secs(30))
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

fn is_gone(pid: u32) -> bool {
    host::Proc::system()
        .stat(pid)
        .map_or(true, |stat| stat.is_over())
}

/// Where cargo puts this crate's examples: beside the directory of the test programs.
fn examples() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let examples = own.parent().unwrap().with_file_name("examples");
    assert!(
        examples.join("stop-serve").exists(),
        "cargo build -p service-stop --examples"
    );
    examples
}

#[test]
fn it_is_stopped_and_its_port_is_free_and_what_ran_is_on_record() {
    let bench = Bench::new();
    let pid = bench.start(SERVE);
    let port = bench.port().to_string();
    let (exit, report) = bench.stop(&["--port", &port]);
    assert_eq!(exit, 0, "{report}");
    assert_eq!(report["changed"], true);
    assert_eq!(report["pid"], pid);
    assert!(
        report["stopMs"].is_u64() && report["portFreeMs"].is_u64(),
        "{report}"
    );
    assert_eq!(report["killed"], false);
    assert_eq!(report["cut"].as_array().unwrap().len(), 0, "{report}");
    assert!(is_gone(pid));
    let state = bench.state();
    assert_eq!(state["switch"]["pid"], pid, "{state}");
    assert_eq!(state["status"], "idle", "its moment is over");

    let (exit, report) = bench.stop(&["--port", &port]);
    assert_eq!(
        (exit, &report["changed"]),
        (0, &Value::Bool(false)),
        "{report}"
    );
    assert_eq!(bench.state()["switch"]["pid"], pid, "still what ran last");
}

#[test]
fn one_that_does_not_heed_is_killed_and_named() {
    let bench = Bench::new();
    let pid = bench.start("trap '' TERM; while :; do sleep 1000; done");
    let (exit, report) = bench.stop(&["--timeout", "100ms"]);
    assert_eq!(exit, 0, "{report}");
    assert_eq!(report["killed"], true);
    assert!(is_gone(pid));
    let cut = report["cut"].as_array().unwrap();
    assert!(cut.iter().any(|cut| cut["pid"] == pid), "{report}");
}

#[test]
fn a_child_that_kept_the_port_is_killed_too() {
    let bench = Bench::new();
    let command = format!("setsid sh -c '{SERVE}' & trap 'exit 0' TERM; while :; do sleep 1; done");
    bench.start(&command);
    let port = bench.port();
    let (exit, report) = bench.stop(&["--port", &port.to_string()]);
    assert_eq!(exit, 0, "{report}");
    assert_eq!(host::Proc::system().listeners(port).unwrap(), []);
}

#[test]
fn a_stranger_on_the_port_is_named_and_left_alone() {
    let bench = Bench::new();
    bench.start("exec sleep 1000");
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port().to_string();
    let (exit, report) = bench.stop(&["--port", &port]);
    assert_eq!(exit, 1, "{report}");
    assert_eq!(report["error"]["code"], "port-held");
    let own = std::process::id().to_string();
    assert!(report["error"]["message"].as_str().unwrap().contains(&own));
    assert!(report["error"]["hint"].as_str().unwrap().contains(&own));
    assert_eq!(report["changed"], true, "the service itself is stopped");
    assert_eq!(
        bench.state()["status"],
        "idle",
        "its moment is over all the same"
    );
}

#[test]
fn a_dead_mans_switch_is_armed_before_the_stop() {
    let bench = Bench::new();
    bench.start("exec sleep 1000");
    let (exit, report) = bench.stop(&["--dead-man", "10m"]);
    assert_eq!(exit, 0, "{report}");
    assert_eq!(report["deadMan"]["afterMs"], 630_000);
    let pid = report["deadMan"]["by"]["process"].as_u64().unwrap();
    let pid = u32::try_from(pid).unwrap();
    assert!(!is_gone(pid));
    let disarmed = bench.service("true").disarm_dead_man(&soon()).unwrap();
    assert_eq!(disarmed, service::Disarmed::Now);
}

#[test]
fn without_the_lease_nothing_is_stopped() {
    let bench = Bench::new();
    let pid = bench.start("exec sleep 1000");
    let (exit, report) = bench.stop(&["--id", "20260101-000000-abcdef"]);
    assert_eq!(exit, 75, "{report}");
    assert_eq!(report["error"]["code"], "lease-lost");
    assert!(!is_gone(pid));
}

#[test]
fn a_dry_run_stops_nothing() {
    let bench = Bench::new();
    let pid = bench.start("exec sleep 1000");
    let (exit, report) = bench.stop(&["--dry-run"]);
    assert_eq!(exit, 0, "{report}");
    assert_eq!(
        (&report["changed"], &report["dryRun"]),
        (&true.into(), &true.into())
    );
    assert!(!is_gone(pid));
}

#[test]
fn a_stop_that_has_begun_is_finished_although_a_signal_comes() {
    let bench = Bench::new();
    let pid = bench.start(
        "trap 'echo asked > asked; until test -e go; do sleep 0.02; done; exit 0' TERM
         echo up > up; while :; do sleep 0.02; done",
    );
    let release = bench.root.join("releases/r1");
    until(|| release.join("up").exists().then_some(()));
    let child = bench
        .command(&[])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until(|| release.join("asked").exists().then_some(()));
    let tool = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(tool, nix::sys::signal::Signal::SIGTERM).unwrap();
    fs::write(release.join("go"), "").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(is_gone(pid));
    let (exit, report) = report(&output);
    assert_eq!(exit, -1, "it died by that very signal");
    assert_eq!(report["exit"], 143, "{report}");
    assert_eq!(report["killed"], false);
    assert!(report["stopMs"].is_u64(), "{report}");
    assert_eq!(bench.state()["status"], "idle");
}

#[test]
fn without_a_service_it_is_bad_usage() {
    let output = Command::new(env!("CARGO_BIN_EXE_service-stop"))
        .arg("--root")
        .arg(std::env::temp_dir())
        .env_remove("DEPLOY_SERVICE")
        .env_remove("DEPLOY_APP")
        .output()
        .unwrap();
    let (exit, report) = report(&output);
    assert_eq!(exit, 2, "{report}");
}
