//! An application and a source on disk, and the real binary run against them.

use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory of its own with `app/`, the application's root, and `source/`; removed at the end.
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("release-stage-{}-{number}", std::process::id());
        let place = Self(std::env::temp_dir().canonicalize().unwrap().join(name));
        fs::create_dir_all(place.path("app")).unwrap();
        fs::create_dir_all(place.path("source")).unwrap();
        place
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    /// A file, with the directories above it.
    pub(crate) fn file(&self, path: &str, content: &str) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// `release-stage` with these arguments, still to be started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_release-stage"));
        command
            .current_dir(&self.0)
            .args(["--root", "app"])
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The exit code, the report and what was said to people.
    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, Value, String) {
        finish(self.command(arguments).spawn().unwrap())
    }

    /// Stages `source/` with these arguments as well, and insists that it works.
    pub(crate) fn stage(&self, arguments: &[&str]) -> Value {
        let arguments = [&["--source", "source"], arguments].concat();
        let (exit, report, said) = self.run(&arguments);
        assert_eq!(exit, 0, "{report}\n{said}");
        report
    }

    /// Stages and insists on that failure, and that nothing is left of it.
    pub(crate) fn fails(&self, arguments: &[&str], exit: i32, code: &str) -> Value {
        let before = self.releases();
        let (found, report, said) = self.run(arguments);
        assert_eq!(
            (found, &report["error"]["code"]),
            (exit, &Value::from(code)),
            "{report}\n{said}"
        );
        assert_eq!(self.releases(), before);
        assert!(!self.path("app/deploy-state.json").exists() || self.state()["status"] == "idle");
        report
    }

    /// Everything in `releases/`, dot names too.
    pub(crate) fn releases(&self) -> Vec<String> {
        names(&self.path("app/releases"))
    }

    pub(crate) fn state(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path("app/deploy-state.json")).unwrap()).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// The exit code (128+N for a signal), the report and what was said to people.
pub(crate) fn finish(child: Child) -> (i32, Value, String) {
    use std::os::unix::process::ExitStatusExt;
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let status = output.status;
    let exit = status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap());
    (exit, report, said)
}

/// The names in a directory, sorted; none where there is no directory.
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The permission bits.
pub(crate) fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// A file of a release.
pub(crate) fn read(release: &Value, path: &str) -> String {
    let directory = release["path"].as_str().unwrap();
    fs::read_to_string(Path::new(directory).join(path)).unwrap()
}
