//! What the tests of this crate share: a directory of their own, and children that do not outlive them.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use host::{Proc, Stat};

/// A directory that is gone when the test is over.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "host-test-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = fs::canonicalize(std::env::temp_dir()).unwrap().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn directory(&self, name: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(&path).unwrap();
        path
    }

    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    pub fn link(&self, name: &str, target: impl AsRef<Path>) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }

    /// This tree as a `/proc`, of the boot and the pid namespace that the test really runs in.
    pub fn as_proc(&self) -> Proc {
        self.file(
            "sys/kernel/random/boot_id",
            &format!("{}\n", host::boot_id().unwrap()),
        );
        self.link("self/ns/pid", fs::read_link("/proc/self/ns/pid").unwrap());
        Proc::at(self.path())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// A child that is killed when the test is over, however it ends.
pub struct Kept(pub Child);

impl Kept {
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    pub fn end(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

pub fn start(command: &mut Command) -> Kept {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let kept = Kept(child);
    // For a moment after its start a process has its new name and not yet its new arguments.
    eventually(|| !Proc::system().arguments(kept.pid()).unwrap().is_empty());
    kept
}

pub fn sleeper() -> Kept {
    start(Command::new("sleep").arg("600"))
}

/// Waits until that is so; the wait has an end only so that a failing test has one.
pub fn eventually(so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !so() {
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "it never came to be"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until the process is as wanted; the wait has an end only so that a failing test has one.
pub fn until(pid: u32, wanted: impl Fn(&Stat) -> bool) -> Stat {
    let begin = Instant::now();
    loop {
        let stat = Proc::system().stat(pid).unwrap();
        if wanted(&stat) {
            return stat;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "{stat:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
