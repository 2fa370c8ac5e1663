//! Nothing waits for ever.
//!
//! A [`Deadline`] is one instant on the monotonic clock. Whoever waits asks it, and is told early when a signal
//! has asked the tool to end. [`child::run`] starts another program that cannot outlive either, and [`Local`] speaks to one that may hang.

pub mod child;
pub mod interrupt;
mod local;

pub use local::{Local, LocalError};

use std::fmt;
use std::time::{Duration, Instant};

/// The longest wait that is ever told to an operating-system call; stands for "never".
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Why a wait ended before what was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The instant has passed.
    Passed,
    /// A signal, by its number, asked the tool to end.
    Signal(i32),
}

impl fmt::Display for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => write!(formatter, "the time limit has passed"),
            Self::Signal(number) => write!(formatter, "ended by signal {number}"),
        }
    }
}

impl std::error::Error for Ended {}

/// One absolute instant on the monotonic clock, by which something is over.
#[derive(Debug, Clone)]
pub struct Deadline {
    at: Option<Instant>,
    hears_signals: bool,
}

impl Deadline {
    /// The instant `duration` from now.
    pub fn after(duration: Duration) -> Self {
        Self {
            at: Instant::now().checked_add(duration),
            hears_signals: true,
        }
    }

    /// No instant at all: only a signal ends the wait.
    pub fn never() -> Self {
        Self {
            at: None,
            hears_signals: true,
        }
    }

    /// The earlier of this deadline and `duration` from now.
    #[must_use]
    pub fn or_after(&self, duration: Duration) -> Self {
        let other = Instant::now().checked_add(duration);
        let at = match (self.at, other) {
            (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
            (mine, theirs) => mine.or(theirs),
        };
        Self {
            at,
            hears_signals: self.hears_signals,
        }
    }

    /// The same instant, deaf to signals: for what must be finished or undone once it is begun.
    #[must_use]
    pub fn uninterruptible(&self) -> Self {
        Self {
            at: self.at,
            hears_signals: false,
        }
    }

    /// The time left; nothing once the instant has passed, a year where there is none.
    pub fn remaining(&self) -> Duration {
        self.at.map_or(LONGEST, |at| {
            at.saturating_duration_since(Instant::now()).min(LONGEST)
        })
    }

    /// Whether there is still time, and no signal has come.
    pub fn check(&self) -> Result<(), Ended> {
        if let Some(signal) = self.signal() {
            return Err(Ended::Signal(signal));
        }
        if self.at.is_some_and(|at| Instant::now() >= at) {
            return Err(Ended::Passed);
        }
        Ok(())
    }

    /// Sleeps for `duration`, or less: until the deadline, or until a signal comes.
    pub fn sleep(&self, duration: Duration) -> Result<(), Ended> {
        self.check()?;
        let remaining = self.remaining();
        let pause = duration.min(remaining);
        if self.hears_signals {
            if let Some(signal) = interrupt::wait(pause) {
                return Err(Ended::Signal(signal));
            }
        } else {
            std::thread::sleep(pause);
        }
        if duration >= remaining {
            return Err(Ended::Passed);
        }
        Ok(())
    }

    fn signal(&self) -> Option<i32> {
        if self.hears_signals {
            interrupt::raised()
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passed_deadline_leaves_no_time() {
        let deadline = Deadline::after(Duration::ZERO);
        assert_eq!(deadline.check(), Err(Ended::Passed));
        assert_eq!(deadline.remaining(), Duration::ZERO);
        assert_eq!(
            deadline.sleep(Duration::from_secs(60)),
            Err(Ended::Passed),
            "it does not sleep at all"
        );
    }

    #[test]
    fn the_earlier_deadline_counts() {
        let short = Deadline::never().or_after(Duration::from_secs(1));
        assert!(short.remaining() <= Duration::from_secs(1));
        let still_short = short.or_after(Duration::from_secs(3600));
        assert!(still_short.remaining() <= Duration::from_secs(1));
    }

    #[test]
    fn a_sleep_within_the_deadline_is_slept() {
        let deadline = Deadline::after(Duration::from_secs(60));
        assert_eq!(deadline.sleep(Duration::from_millis(1)), Ok(()));
    }
}
