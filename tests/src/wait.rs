//! Waiting for what will come, with an end.

use std::time::{Duration, Instant};

/// How long a test waits for what it is sure will come. Far above what anything takes: it decides nothing but when a
/// broken test gives up.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `happened` answers yes, and panics with `what` when it never does.
pub fn until(what: &str, mut happened: impl FnMut() -> bool) {
    until_some(what, || happened().then_some(()));
}

/// Waits until `found` has something, and panics with `what` when it never does.
pub fn until_some<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(thing) = found() {
            return thing;
        }
        assert!(Instant::now() < end, "waited {PATIENCE:?} in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
