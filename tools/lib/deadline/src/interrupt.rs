//! The signal that asked this process to end, if one has come.
//!
//! A signal belongs to the whole process, so this is the one place in Slipway that holds something global: crate
//! `step` raises it, everything that waits is woken by it.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

static SIGNAL: Mutex<Option<i32>> = Mutex::new(None);
static CAME: Condvar = Condvar::new();

/// Notes that `signal` has come and wakes every wait; the first one that came is the one that counts.
pub fn raise(signal: i32) {
    SIGNAL
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get_or_insert(signal);
    CAME.notify_all();
}

/// The signal that has come, by its number.
pub fn raised() -> Option<i32> {
    *SIGNAL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for a signal for as long as `longest`.
pub(crate) fn wait(longest: Duration) -> Option<i32> {
    let until = Instant::now() + longest;
    let mut signal = SIGNAL.lock().unwrap_or_else(PoisonError::into_inner);
    while signal.is_none() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        signal = CAME
            .wait_timeout(signal, left)
            .unwrap_or_else(PoisonError::into_inner)
            .0;
    }
    *signal
}
