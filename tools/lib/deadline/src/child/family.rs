//! A child and all its descendants, however far they have moved from it.

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{fs, thread};

/// The environment variable that every descendant inherits; the same idea by which Jenkins finds what a build left.
const VARIABLE: &str = "SLIPWAY_CHILD_OF";
/// How many times what was started in the meantime is looked for, before it is left to a later look.
const ROUNDS: usize = 20;

static COUNT: AtomicU64 = AtomicU64::new(0);

/// What tells the descendants of one child from all other processes.
pub(super) struct Marker(String);

impl Marker {
    pub(super) fn new() -> Self {
        let own = std::process::id();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // The time makes it differ from that of an earlier process with the same pid.
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Self(format!("{own}-{}-{count}", now.as_nanos()))
    }

    pub(super) fn mark<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env(VARIABLE, &self.0)
    }

    /// Passes a signal on to the child and to all that carry its marker, once.
    pub(super) fn tell_all(&self, signal: i32) {
        if let Ok(signal) = Signal::try_from(signal) {
            for member in self.members() {
                // It may have ended meanwhile.
                kill(member, signal).ok();
            }
        }
    }

    /// Kills the child's process group and every descendant that left it, then reaps the child.
    pub(super) fn kill_all(&self, child: &mut Child) {
        if let Ok(group) = i32::try_from(child.id()) {
            // Gone already is as good as killed.
            killpg(Pid::from_raw(group), Signal::SIGKILL).ok();
        }
        child.wait().ok();
        for _ in 0..ROUNDS {
            let strays = self.members();
            if strays.is_empty() {
                break;
            }
            for stray in strays {
                kill(stray, Signal::SIGKILL).ok();
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Living processes that carry this marker. What may not be read belongs to another user and was not ours to kill.
    fn members(&self) -> Vec<Pid> {
        let wanted = format!("{VARIABLE}={}", self.0);
        let Ok(processes) = fs::read_dir("/proc") else {
            return Vec::new();
        };
        processes
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
            .filter(|pid| {
                fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
                    environment
                        .split(|&byte| byte == 0)
                        .any(|variable| variable == wanted.as_bytes())
                })
            })
            .map(Pid::from_raw)
            .collect()
    }
}
