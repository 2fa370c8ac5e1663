//! A tool whose streams and signals the test holds in its own hands.

use nix::sys::signal::Signal;
use serde_json::Value;
use slipway_tests::{binaries, kill, until, until_some};
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

/// A process that is at work, with its stdin open.
pub(crate) struct Process {
    child: Child,
    story: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended is not there to be killed, which is no error.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What became of one.
pub(crate) struct End {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Process {
    /// Starts a tool with these words; its stdin stays open and empty until the test says otherwise.
    pub(crate) fn tool<T: AsRef<str>>(tool: &str, words: &[T], app: Option<&Path>) -> Self {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        Self::start(&binaries().join(tool).display().to_string(), &words, app)
    }

    /// Starts any program like this.
    pub(crate) fn start(program: &str, words: &[&str], app: Option<&Path>) -> Self {
        let mut command = Command::new(program);
        for (key, _) in std::env::vars_os() {
            if key.to_string_lossy().starts_with("DEPLOY_") {
                command.env_remove(key);
            }
        }
        let mut path = binaries().into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        command.args(words).env("PATH", path);
        if let Some(app) = app {
            command.env("DEPLOY_APP", app);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        let story = format!("{program} {}", words.join(" "));
        Self { child, story }
    }

    /// Waits until it has set itself up to be told of these signals: from then on they no longer just kill it.
    pub(crate) fn until_it_watches_for(&self, signals: &[Signal]) {
        let wanted: u64 = signals.iter().map(|signal| bit(*signal)).sum();
        until("the tool watches for signals", || {
            self.mask("SigCgt:") & wanted == wanted
        });
    }

    /// Whether it ignores this signal.
    pub(crate) fn ignores(&self, signal: Signal) -> bool {
        self.mask("SigIgn:") & bit(signal) != 0
    }

    /// A mask of signals as the kernel shows it.
    fn mask(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix(name));
        u64::from_str_radix(mask.unwrap_or("0").trim(), 16).unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.child.id(), signal);
    }

    /// Leaves nobody to read its stdout.
    pub(crate) fn drop_stdout(&mut self) {
        self.child.stdout = None;
    }

    /// Leaves nobody to read its stderr.
    pub(crate) fn drop_stderr(&mut self) {
        self.child.stderr = None;
    }

    /// Writes to its stdin and ends it.
    pub(crate) fn give(&mut self, text: &str) {
        let mut stdin = self.child.stdin.take().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
    }

    /// Its end, which must come without anything more on its stdin.
    pub(crate) fn end(mut self) -> End {
        let mut stdout = String::new();
        let mut stderr = String::new();
        let what = format!("{} ends", self.story);
        let status = until_some(&what, || self.child.try_wait().unwrap());
        // What a tool says of its end fits into a pipe, so that it may be read now.
        if let Some(mut stream) = self.child.stdout.take() {
            stream.read_to_string(&mut stdout).unwrap();
        }
        if let Some(mut stream) = self.child.stderr.take() {
            stream.read_to_string(&mut stderr).unwrap();
        }
        super::plain(&stdout);
        super::plain(&stderr);
        End {
            status,
            stdout,
            stderr,
        }
    }
}

impl End {
    /// The one report on stdout.
    pub(crate) fn report(&self) -> Value {
        assert_eq!(self.stdout.matches('\n').count(), 1, "{}", self.stdout);
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {:?} {:?}", self.stdout, self.stderr))
    }
}

fn bit(signal: Signal) -> u64 {
    1 << (signal as i32 - 1)
}
