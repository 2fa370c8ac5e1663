//! A directory of a test's own, and the test itself run again in another process.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// An empty directory, removed at the end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("durable-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().canonicalize().unwrap().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The names in a directory, sorted.
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The permission bits of what is at a path.
pub(crate) fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// The variable by which a test that was started by itself knows where to work.
const ROLE: &str = "DURABLE_TEST_DIRECTORY";

/// Where this process is to play the other part, if it is the other process.
pub(crate) fn role() -> Option<PathBuf> {
    std::env::var_os(ROLE).map(PathBuf::from)
}

/// Arguments that make this very program run one test alone.
pub(crate) fn alone(test: &str) -> [String; 4] {
    let program = std::env::current_exe().unwrap();
    let program = program.to_str().unwrap().to_string();
    [program, "--exact".into(), test.into(), "--nocapture".into()]
}

/// The command, told where to work.
pub(crate) fn with_role(mut command: Command, directory: &Path) -> Command {
    command.env(ROLE, directory);
    command
}

/// The test `test` in another process, playing the other part in `directory`.
pub(crate) fn again(test: &str, directory: &Path) -> Command {
    let [program, arguments @ ..] = alone(test);
    let mut command = Command::new(program);
    command.args(arguments).env(ROLE, directory);
    command
}

/// The test in another process, after the shell has run `preparation`.
pub(crate) fn again_after(preparation: &str, test: &str, directory: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-ec", &format!("{preparation}\nexec \"$@\""), "sh"]);
    command.args(alone(test)).env(ROLE, directory);
    command
}

/// The same in a mount namespace of its own, whose mounts vanish with it; by way of a user namespace for who is not root.
///
/// Where the machine allows neither, the test fails if `CI=true` and says otherwise that it was left out: `None`.
pub(crate) fn again_with_mounts(
    preparation: &str,
    test: &str,
    directory: &Path,
) -> Option<Command> {
    let flags = ["--mount", "--map-root-user"];
    let flags = if nix::unistd::geteuid().is_root() {
        &flags[..1]
    } else {
        &flags[..]
    };
    let possible = Command::new("unshare")
        .args(flags)
        .args(["mount", "-t", "tmpfs", "tmpfs"])
        .arg(directory)
        .output()
        .is_ok_and(|output| output.status.success());
    if !possible {
        left_out(test, "mounts are not allowed here");
        return None;
    }
    let inner = again_after(preparation, test, directory);
    let mut command = Command::new("unshare");
    command.args(flags).arg("sh").args(inner.get_args());
    command.env(ROLE, directory);
    Some(command)
}

/// Says that a test could not be made here; with `CI=true` that is a failure.
#[allow(clippy::print_stderr, reason = "a test that is left out says so")]
pub(crate) fn left_out(test: &str, why: &str) {
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!ci, "{test} cannot be left out: {why}");
    eprintln!("LEFT OUT: {test}: {why}");
}

/// Runs it and insists that it passed.
pub(crate) fn passes(mut command: Command) {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(output.status.success(), "{}\n{text}", output.status);
    assert!(text.contains("1 passed"), "no such test:\n{text}");
}
