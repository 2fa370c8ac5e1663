//! Runs the real binary against a real directory.

use serde_json::Value;
use state::{Begin, Held, Mark, Note, Store, Verdict};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

/// Long enough for anything that is to happen at all.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// An application with the release `r1` live and `r2` beside it.
pub struct Application {
    pub root: PathBuf,
}

impl Application {
    pub fn new() -> Self {
        let root = directory();
        for release in ["r1", "r2"] {
            fs::create_dir_all(root.join("releases").join(release)).unwrap();
        }
        std::os::unix::fs::symlink("releases/r1", root.join("current")).unwrap();
        Self { root }
    }

    /// The tool on this application.
    pub fn tool(&self, arguments: &[&str]) -> Command {
        let mut command = tool(&["--root", self.root.to_str().unwrap()]);
        command.args(arguments);
        command
    }

    pub fn run(&self, arguments: &[&str], exit: i32) -> Value {
        run(self.tool(arguments), exit)
    }

    /// One check alone: its entry in the report.
    pub fn check(&self, name: &str, arguments: &[&str], status: &str) -> Value {
        let all = [&["--only", name][..], arguments].concat();
        let report = self.run(&all, i32::from(status == "fail"));
        one(&report, status)
    }

    /// Marks a release as one that was seen well.
    pub fn validate(&self, release: &str) {
        self.change(|held| {
            held.state.staged(release, None);
            let good = Mark::Verdict(Verdict::Good);
            held.state.mark(release, good).unwrap()
        });
    }

    /// A deploy of that name begins, held by hand; one that was going on is replaced.
    pub fn begin(&self, id: &str) {
        self.change(|held| {
            held.state.begin(Begin {
                id: id.into(),
                at: SystemTime::now(),
                by: "ann@host".into(),
                owner: None,
                moment_of: None,
                live: Some("r1".into()),
                release: None,
                commit: None,
            })
        });
    }

    /// Changes the state as a tool would.
    pub fn change(&self, change: impl FnOnce(&mut Held) -> Note) {
        let store = Store::at(&releases::Layout::new(self.root.to_str().unwrap()));
        let mut held = store.lock(&deadline::Deadline::after(PATIENCE)).unwrap();
        let note = change(&mut held);
        held.write(note).unwrap();
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.root).ok();
    }
}

/// A new directory beneath the physical temporary one.
pub fn directory() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("preflight-test-{}-{count}", std::process::id());
    let directory = fs::canonicalize(std::env::temp_dir()).unwrap().join(name);
    fs::create_dir_all(&directory).unwrap();
    directory
}

/// The only check of a report that was not left out by `--only`. It must have that status and, failed, say what mends it.
pub fn one(report: &Value, status: &str) -> Value {
    let checks = report["checks"].as_array().unwrap();
    let chosen = |check: &&Value| check["message"] != "left out by --only";
    let checks: Vec<&Value> = checks.iter().filter(chosen).collect();
    assert_eq!(checks.len(), 1, "{report:#}");
    assert_eq!(checks[0]["status"], status, "{report:#}");
    if status == "fail" {
        let hint = checks[0]["hint"].as_str().unwrap_or_default();
        assert!(!hint.is_empty(), "{report:#}");
    }
    checks[0].clone()
}

/// The tool, with nothing of the caller's deploy in its environment.
pub fn tool(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_preflight"));
    for (key, _) in std::env::vars_os() {
        let name = key.to_string_lossy();
        if name.starts_with("DEPLOY_") || name.starts_with("PREFLIGHT_") {
            command.env_remove(&key);
        }
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs it to its end, which must be `exit`, and gives its report.
pub fn run(mut command: Command, exit: i32) -> Value {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit), "{text}\n{errors}");
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["exit"], exit, "{report:#}");
    for check in report["checks"].as_array().into_iter().flatten() {
        can_be_mended(check);
    }
    report
}

/// Every check that is not as it should be names the command that mends it, and that there is. What `--run` was told is its
/// own.
fn can_be_mended(check: &Value) {
    let hint = check["hint"].as_str().unwrap_or_default();
    if !["fail", "warn"].contains(&check["status"].as_str().unwrap()) {
        assert!(check["hint"].is_null(), "{check:#}");
        return;
    }
    assert!(!hint.is_empty(), "{check:#}");
    if check["name"].as_str().unwrap().starts_with("run:") {
        return;
    }
    let mut words = hint
        .split(' ')
        .map(|word| word.trim_end_matches([',', ';']));
    let mut is_command = || {
        let word = words.next().unwrap_or_default();
        // The runbook lies in a directory of its own until it is installed.
        if word == "deploy" || step::TOOLS.contains(&word) {
            return (true, false);
        }
        let mut look = Command::new("sh");
        look.args(["-c", &format!("command -v {word}")]);
        let found = look.env("EDITOR", "true").stdout(Stdio::null()).status();
        (found.unwrap().success(), word == "sudo")
    };
    let (exists, runs_another) = is_command();
    assert!(exists, "{hint:?} does not begin with a command: {check:#}");
    assert!(!runs_another || is_command().0, "{hint:?}: {check:#}");
}

/// Every path beneath a directory with what it is and holds, to see that nothing was changed.
pub fn tree(directory: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(next) = directories.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let kind = fs::symlink_metadata(&path).unwrap().file_type();
            let content = if kind.is_dir() {
                directories.push(path.clone());
                "a directory".to_owned()
            } else if kind.is_symlink() {
                format!("-> {}", fs::read_link(&path).unwrap().display())
            } else {
                fs::read_to_string(&path).unwrap()
            };
            found.push((path, content));
        }
    }
    found.sort();
    found
}
