//! Processes by the directory they run from.

use nix::sys::signal::{Signal, kill as send};
use nix::unistd::Pid;
use std::path::Path;

/// Every process whose working directory or program lies beneath `directory`, ourselves excepted.
pub fn beneath(directory: &Path) -> Vec<u32> {
    let ours = std::process::id();
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != ours)
        .filter(|pid| {
            ["cwd", "exe"].iter().any(|link| {
                std::fs::read_link(format!("/proc/{pid}/{link}"))
                    .is_ok_and(|to| to.starts_with(directory))
            })
        })
        .collect()
}

/// Sends a signal; a process that is gone is no error.
pub fn kill(pid: u32, signal: Signal) {
    let _ = send(Pid::from_raw(i32::try_from(pid).unwrap()), signal);
}
