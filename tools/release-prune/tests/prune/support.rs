//! An application on disk, and the real binary run against it.

use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A root of its own, removed at the end.
pub(crate) struct Root(PathBuf);

impl Root {
    /// A root with these releases in their order, and their verdicts.
    pub(crate) fn with(releases: &[(&str, &str)]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("release-prune-{}-{number}", std::process::id());
        let root = Self(std::env::temp_dir().canonicalize().unwrap().join(name));
        fs::create_dir_all(root.path("releases")).unwrap();
        for (release, _) in releases {
            fs::create_dir(root.path(&format!("releases/{release}"))).unwrap();
            fs::write(
                root.path(&format!("releases/{release}/file")),
                vec![b'x'; 8192],
            )
            .unwrap();
            // Each becomes known by itself, so that the order is this one.
            root.run(&["--keep", "1000"]);
        }
        root.edit(|state| {
            for release in state["releases"].as_array_mut().unwrap() {
                let verdict = releases
                    .iter()
                    .find(|one| release["name"] == one.0)
                    .unwrap()
                    .1;
                release["verdict"] = json!(verdict);
            }
        });
        root
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    /// Makes a release the live one.
    pub(crate) fn live(&self, release: &str) {
        fs::remove_file(self.path("current")).ok();
        std::os::unix::fs::symlink(format!("releases/{release}"), self.path("current")).unwrap();
    }

    pub(crate) fn state(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path("deploy-state.json")).unwrap()).unwrap()
    }

    /// Changes the state file by hand.
    pub(crate) fn edit(&self, edit: impl FnOnce(&mut Value)) {
        let mut state = self.state();
        edit(&mut state);
        fs::write(self.path("deploy-state.json"), state.to_string()).unwrap();
    }

    /// Everything in `releases/`, dot names too.
    pub(crate) fn releases(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("releases")).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// `release-prune` with these arguments, still to be run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_release-prune"));
        command
            .env_clear()
            .arg("--root")
            .arg(&self.0)
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    /// The exit code, the report and what was said to people.
    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, Value, String) {
        finish(self.command(arguments))
    }
}

/// The exit code, the report and what was said to people.
pub(crate) fn finish(mut command: Command) -> (i32, Value, String) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code().unwrap(), report, said)
}

/// Why each release was kept.
pub(crate) fn kept(report: &Value) -> Vec<(&str, &str)> {
    let stays = report["kept"].as_array().unwrap().iter();
    stays
        .map(|one| {
            (
                one["release"].as_str().unwrap(),
                one["why"].as_str().unwrap(),
            )
        })
        .collect()
}

impl Drop for Root {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}
