//! An application with two releases and a plain process, made by hand; gone when it is dropped.
#![allow(clippy::unwrap_used, unreachable_pub)]

use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

pub struct Bench {
    pub root: PathBuf,
}

impl Bench {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("slipway-start-{}-{count}", std::process::id());
        let root = std::env::temp_dir().join(name);
        fs::create_dir_all(root.join("releases/r1")).unwrap();
        fs::create_dir_all(root.join("releases/r2")).unwrap();
        let root = fs::canonicalize(root).unwrap();
        fs::write(root.join("examples"), examples().to_str().unwrap()).unwrap();
        let bench = Self { root };
        bench.select("r1");
        bench
    }

    pub fn select(&self, release: &str) {
        durable::switch(self.root.join("current"), format!("releases/{release}")).unwrap();
    }

    pub fn service(&self, start: &str) -> service::Service {
        let setting = service::Setting {
            root: self.root.clone(),
            current: self.root.join("current"),
            start: Some(start.to_owned()),
        };
        service::Service::parse("process:shop", &setting).unwrap()
    }

    pub fn is_running(&self) -> bool {
        let status = self.service("true").status(&soon()).unwrap();
        status.active == service::Active::Running
    }

    pub fn command(&self, start: &str, options: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_service-start"));
        command
            .arg("--root")
            .arg(&self.root)
            .args(["--service", "process:shop", "--start", start])
            .args(options)
            .env_remove("DEPLOY_ID")
            .env_remove("DEPLOY_APP")
            .env_remove("DEPLOY_PORT")
            .stdin(Stdio::null());
        command
    }

    pub fn start(&self, start: &str, options: &[&str]) -> (i32, Value) {
        report(&self.command(start, options).output().unwrap())
    }

    pub fn state(&self) -> Value {
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

/// Where cargo puts this crate's examples: beside the directory of the test programs.
fn examples() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let examples = own.parent().unwrap().with_file_name("examples");
    assert!(
        examples.join("start-serve").exists(),
        "cargo build -p service-start --examples"
    );
    examples
}

pub fn report(output: &Output) -> (i32, Value) {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{errors}"));
    (output.status.code().unwrap_or(-1), report)
}

pub fn soon() -> deadline::Deadline {
    deadline::Deadline::after(Duration::from_secs(30))
}

pub fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "it never came");
        std::thread::sleep(Duration::from_millis(5));
    }
}
