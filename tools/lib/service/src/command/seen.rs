//! The processes that a command named while its service ran.
//!
//! A script of the plainest kind prints what is in its file of process numbers, and goes on printing it after the process has
//! died: by then the number may be anybody's.

use std::sync::{Mutex, PoisonError};

use host::Proc;

use crate::processes::Known;

/// What was seen running, each by its number and its start time.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<Vec<Known>>);

impl Seen {
    /// The service runs, and these are its processes.
    pub(super) fn see(&self, proc: &Proc, pids: &[u32]) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|one| one.lives(proc) && !pids.contains(&one.pid));
        seen.extend(Known::of(proc, pids));
    }

    /// Whether the process that has this number now is one of them.
    pub(super) fn lives(&self, proc: &Proc, pid: u32) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().any(|one| one.pid == pid && one.lives(proc))
    }
}
