//! Runs the real binary, against real sockets and a real process.

use deadline::Deadline;
use serde_json::Value;
use service::{Service, Setting};
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Long enough for anything that is to happen at all.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The tool, with nothing of the caller's deploy in its environment.
pub fn tool(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_healthwait"));
    for (key, _) in std::env::vars_os() {
        let name = key.to_string_lossy();
        if name.starts_with("DEPLOY_") || name.starts_with("HEALTHWAIT_") {
            command.env_remove(&key);
        }
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs the tool to its end, which must be `exit`, and gives its report.
pub fn run(arguments: &[&str], exit: i32) -> Value {
    report(&tool(arguments).output().unwrap(), exit)
}

/// The report of a run that must have ended with `exit`.
pub fn report(output: &Output, exit: i32) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit), "{text}\n{errors}");
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["exit"], exit, "{report:#}");
    report
}

/// A real HTTP endpoint that notes when it was asked, and answers by the number of the request, from 0 on: with this status,
/// or never.
pub struct Endpoint {
    pub port: u16,
    asked: Arc<Mutex<Vec<Instant>>>,
}

impl Endpoint {
    pub fn answering(status: impl Fn(usize) -> Option<u16> + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        std::thread::spawn(move || {
            let mut kept = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 4096];
                // A caller that goes away without a word has asked nothing.
                if !matches!(stream.read(&mut request), Ok(1..)) {
                    continue;
                }
                let number = {
                    let mut noted = noted.lock().unwrap();
                    noted.push(Instant::now());
                    noted.len() - 1
                };
                match status(number) {
                    Some(status) => {
                        let answer = format!(
                            "HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                        );
                        stream.write_all(answer.as_bytes()).ok();
                    }
                    None => kept.push(stream),
                }
            }
        });
        Self { port, asked }
    }

    /// Its address, for a target.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/health", self.port)
    }

    /// When it was asked.
    pub fn asked(&self) -> Vec<Instant> {
        self.asked.lock().unwrap().clone()
    }
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    // For an instant, what another test starts holds the socket too.
    while TcpStream::connect(address).is_ok() {
        std::thread::sleep(Duration::from_millis(1));
    }
    address.port()
}

/// An application with one release and a plain process as its service; dropping it ends the process.
pub struct Application {
    pub root: PathBuf,
    pub service: Service,
}

impl Application {
    /// One whose service is started by `start`, in its only release, `r1`.
    pub fn new(start: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("healthwait-test-{}-{count}", std::process::id());
        let root = fs::canonicalize(std::env::temp_dir()).unwrap().join(name);
        fs::create_dir_all(root.join("releases/r1")).unwrap();
        fs::create_dir_all(root.join("releases/r2")).unwrap();
        std::os::unix::fs::symlink("releases/r1", root.join("current")).unwrap();
        let setting = Setting {
            root: root.clone(),
            current: root.join("current"),
            start: Some(start.to_owned()),
        };
        let service = Service::parse("process:app", &setting).unwrap();
        service.start(&Deadline::after(PATIENCE)).unwrap();
        Self { root, service }
    }

    /// One whose service answers every request on `port` with `status`; see `acts_as_server`.
    pub fn serving(port: u16, behaviour: &str) -> Self {
        let program = std::env::current_exe().unwrap();
        Self::new(&format!(
            "SERVE={port} BEHAVIOUR={behaviour} {} --exact acts_as_server --nocapture",
            program.display()
        ))
    }

    /// The options that name it.
    pub fn options(&self) -> [&str; 4] {
        let root = self.root.to_str().unwrap();
        ["--root", root, "--service", "process:app"]
    }

    pub fn run(&self, arguments: &[&str], exit: i32) -> Value {
        let all = [&self.options()[..], arguments].concat();
        run(&all, exit)
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        self.service.kill(&Deadline::after(PATIENCE)).ok();
        remove(&self.root);
    }
}

fn remove(directory: &Path) {
    fs::remove_dir_all(directory).ok();
}

/// A child that does not outlive its test.
pub struct Killed(pub Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
