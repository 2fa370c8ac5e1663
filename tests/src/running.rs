//! A tool at work, and what every tool promises of its end.

use crate::tool::{Stderr, Tool};
use crate::{hint, processes};
use nix::sys::signal::Signal;
use serde_json::Value;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// No tool in any test takes this long; one that does hangs.
const LIMIT: Duration = Duration::from_secs(180);

/// A tool at work.
#[derive(Debug)]
pub struct Running {
    tool: Tool,
    child: Child,
    stdout: Stream,
    stderr: Stream,
}

impl Running {
    pub(crate) fn new(tool: Tool, mut child: Child) -> Self {
        let stdout = Stream::collect(child.stdout.take().unwrap());
        let stderr = Stream::collect(child.stderr.take().unwrap());
        Self {
            tool,
            child,
            stdout,
            stderr,
        }
    }

    /// The tool's own pid.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        processes::kill(self.pid(), signal);
    }

    /// What it has written to stderr until now.
    pub fn stderr_so_far(&self) -> String {
        String::from_utf8_lossy(&self.stderr.bytes.lock().unwrap()).into_owned()
    }

    /// Whether it has ended.
    pub fn ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end, which must be `exit`, and checks what it said.
    pub fn finish(mut self, exit: i32) -> Ended {
        let line = self.tool.line();
        let end = Instant::now() + LIMIT;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break Some(status);
            }
            if Instant::now() >= end {
                let _ = self.child.kill();
                let _ = self.child.wait();
                break None;
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let stdout = self.stdout.whole(&line, "stdout");
        let stderr = self.stderr.whole(&line, "stderr");
        let story = format!("{line}\n--- stdout\n{stdout}\n--- stderr\n{stderr}\n---");
        let status = status.unwrap_or_else(|| panic!("hangs: {story}"));
        let ended = number(status, self.tool.shell, &story);
        assert!(
            ended == exit,
            "ended with {ended} instead of {exit}: {story}"
        );
        match &self.tool.stderr {
            Stderr::Any => {}
            Stderr::Empty => assert!(stderr.is_empty(), "stderr is not empty: {story}"),
            Stderr::With(texts) => {
                for text in texts {
                    assert!(
                        stderr.contains(text),
                        "stderr does not say {text:?}: {story}"
                    );
                }
            }
        }
        let report = if self.tool.report {
            report(&stdout, exit, &story)
        } else {
            Value::Null
        };
        Ended {
            report,
            stdout,
            stderr,
        }
    }
}

/// What became of a run.
#[derive(Debug)]
pub struct Ended {
    /// The report; null where none was expected.
    pub report: Value,
    /// All of stdout.
    pub stdout: String,
    /// All of stderr.
    pub stderr: String,
}

impl Ended {
    /// The report's value at a JSON pointer; one that is not there fails the test.
    pub fn at(&self, pointer: &str) -> &Value {
        let value = self.report.pointer(pointer);
        value.unwrap_or_else(|| panic!("no {pointer} in {}", self.report))
    }

    /// The report's text at a JSON pointer.
    pub fn text(&self, pointer: &str) -> &str {
        let value = self.at(pointer);
        value
            .as_str()
            .unwrap_or_else(|| panic!("{pointer} is {value}, not text, in {}", self.report))
    }

    /// The error's code.
    pub fn error_code(&self) -> &str {
        self.text("/error/code")
    }
}

/// A stream that is read to its end, beside whatever else happens.
#[derive(Debug)]
struct Stream {
    bytes: Arc<Mutex<Vec<u8>>>,
    ended: Receiver<()>,
}

impl Stream {
    fn collect(mut stream: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let (sender, ended) = channel();
        let shared = Arc::clone(&bytes);
        std::thread::spawn(move || {
            let mut part = [0; 8192];
            while let Ok(length @ 1..) = stream.read(&mut part) {
                shared.lock().unwrap().extend_from_slice(&part[..length]);
            }
            let _ = sender.send(());
        });
        Self { bytes, ended }
    }

    /// All of it. The tool is gone; a stream that does not end is held by something it left behind.
    fn whole(&self, line: &str, name: &str) -> String {
        let ended = self.ended.recv_timeout(crate::PATIENCE);
        assert!(
            ended.is_ok(),
            "{line}: something it left behind holds its {name}"
        );
        String::from_utf8(std::mem::take(&mut self.bytes.lock().unwrap())).unwrap()
    }
}

/// A tool that was ended by a signal dies by it; only a shell turns that into an exit status.
fn number(status: ExitStatus, shell: bool, story: &str) -> i32 {
    match (status.code(), status.signal()) {
        (Some(code), _) => {
            assert!(
                shell || code <= 128,
                "{code} is an exit status and not a death by signal: {story}"
            );
            code
        }
        (None, Some(signal)) => 128 + signal,
        (None, None) => panic!("neither exited nor was ended: {story}"),
    }
}

/// Exactly one JSON object and a newline, which says of the exit what is so.
fn report(stdout: &str, exit: i32, story: &str) -> Value {
    let report: Value = serde_json::from_str(stdout)
        .unwrap_or_else(|error| panic!("stdout is not one JSON object ({error}): {story}"));
    assert!(report.is_object(), "stdout is JSON, but no object: {story}");
    assert!(
        stdout.ends_with('\n') && stdout.trim_end_matches('\n').len() + 1 == stdout.len(),
        "stdout does not end in exactly one newline: {story}"
    );
    assert!(
        !stdout.trim_end().contains('\n'),
        "the report in a pipe is more than one line: {story}"
    );
    assert!(
        report["exit"] == exit,
        "the report says another exit: {story}"
    );
    assert!(
        report["ok"] == (exit == 0),
        "the report's ok is not its exit: {story}"
    );
    hint::all_are_commands(&report, story);
    report
}
