//! When to look again, and which looks count. Time is told to it; it never waits itself.

use std::time::{Duration, Instant};

/// The first pause after an answer that is not well; doubled up to the interval.
const SHORT: Duration = Duration::from_millis(25);
/// The pauses between two looks at a local port that refuses: never shorter, never longer.
const REFUSED: (Duration, Duration) = (Duration::from_millis(3), Duration::from_millis(5));
/// Looks at a local port that refuses may take this part of the time: 1/80 of a core.
const SHARE: u32 = 80;

/// How often is looked, and when it is enough.
#[derive(Debug, Clone)]
pub struct Pace {
    /// The time between two looks that count.
    pub interval: Duration,
    /// Give up after so many.
    pub attempts: Option<u64>,
    /// So many in a row must find everything well.
    pub successes: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(1),
            attempts: None,
            successes: 1,
        }
    }
}

/// Pauses that begin short and double up to the interval.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// One that ends at `longest`.
    pub(crate) fn up_to(longest: Duration) -> Self {
        Self {
            next: SHORT.min(longest),
            longest,
        }
    }

    /// The pause to make now. An interval of nothing still leaves a moment, or it would be a busy loop.
    pub(crate) fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (self.next * 2).min(self.longest);
        pause.max(Duration::from_millis(1))
    }

    /// Begins short again.
    pub(crate) fn reset(&mut self) {
        self.next = SHORT.min(self.longest);
    }
}

/// The pause after a look at a local port that refused, which took `cost`, where so many `targets` may be looked at.
pub(crate) fn after_refusal(cost: Duration, targets: u32) -> Duration {
    (cost * SHARE * targets).clamp(REFUSED.0, REFUSED.1 * targets.max(1))
}

/// Which looks count, and how many in a row were well.
#[derive(Debug)]
pub(crate) struct Tally {
    pace: Pace,
    attempts: u64,
    last_attempt: Option<Instant>,
    in_a_row: u64,
    last_success: Option<Instant>,
}

/// What the looks so far come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Well often enough.
    Healthy,
    /// As many looks as were allowed, and not well often enough.
    UsedUp,
    /// Look again.
    Open,
}

impl Tally {
    pub(crate) fn new(pace: Pace) -> Self {
        Self {
            pace,
            attempts: 0,
            last_attempt: None,
            in_a_row: 0,
            last_success: None,
        }
    }

    /// Looks that counted.
    pub(crate) fn attempts(&self) -> u64 {
        self.attempts
    }

    /// Takes in a look that began at `at`.
    pub(crate) fn look(&mut self, at: Instant, well: bool) -> Verdict {
        if self.is_apart(self.last_attempt, at) {
            self.attempts += 1;
            self.last_attempt = Some(at);
        }
        if !well {
            self.in_a_row = 0;
            self.last_success = None;
        } else if self.is_apart(self.last_success, at) {
            self.in_a_row += 1;
            self.last_success = Some(at);
        }
        if self.in_a_row >= self.pace.successes {
            return Verdict::Healthy;
        }
        match self.pace.attempts {
            Some(most) if self.attempts >= most => Verdict::UsedUp,
            _ => Verdict::Open,
        }
    }

    /// When the next look would count as an attempt.
    pub(crate) fn next_attempt(&self) -> Option<Instant> {
        self.last_attempt.map(|last| last + self.pace.interval)
    }

    fn is_apart(&self, last: Option<Instant>, at: Instant) -> bool {
        last.is_none_or(|last| at.saturating_duration_since(last) >= self.pace.interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn tally(attempts: Option<u64>, successes: u64) -> Tally {
        Tally::new(Pace {
            interval: SECOND,
            attempts,
            successes,
        })
    }

    #[test]
    fn quick_looks_are_one_attempt() {
        let start = Instant::now();
        let mut tally = tally(Some(3), 1);
        for milliseconds in 0..2000 {
            let at = start + Duration::from_millis(milliseconds);
            assert_eq!(tally.look(at, false), Verdict::Open, "{milliseconds}");
        }
        assert_eq!(tally.attempts(), 2);
        assert_eq!(tally.look(start + 2 * SECOND, false), Verdict::UsedUp);
    }

    #[test]
    fn the_last_attempt_may_be_the_good_one() {
        let start = Instant::now();
        let mut tally = tally(Some(2), 1);
        assert_eq!(tally.look(start, false), Verdict::Open);
        assert_eq!(tally.look(start + SECOND, true), Verdict::Healthy);
    }

    #[test]
    fn successes_are_in_a_row_and_apart() {
        let start = Instant::now();
        let mut tally = tally(None, 2);
        assert_eq!(tally.look(start, true), Verdict::Open);
        let soon = start + SECOND / 2;
        assert_eq!(tally.look(soon, true), Verdict::Open, "not apart");
        assert_eq!(tally.look(soon, false), Verdict::Open, "begins anew");
        assert_eq!(tally.look(start + SECOND, true), Verdict::Open);
        assert_eq!(tally.look(start + 2 * SECOND, true), Verdict::Healthy);
    }

    #[test]
    fn pauses_begin_short_and_end_at_the_interval() {
        let mut backoff = Backoff::up_to(SECOND);
        let pauses: Vec<u128> = (0..8).map(|_| backoff.pause().as_millis()).collect();
        assert_eq!(pauses, [25, 50, 100, 200, 400, 800, 1000, 1000]);
        backoff.reset();
        assert_eq!(backoff.pause(), SHORT);
        let mut none = Backoff::up_to(Duration::ZERO);
        assert!(none.pause() > Duration::ZERO);
    }

    #[test]
    fn a_dear_look_is_made_less_often() {
        let refused = |microseconds, targets| {
            after_refusal(Duration::from_micros(microseconds), targets).as_micros()
        };
        assert_eq!(refused(10, 1), REFUSED.0.as_micros());
        assert_eq!(refused(50, 1), 4000);
        assert_eq!(refused(50, 2), 8000);
        assert_eq!(refused(1_000_000, 1), REFUSED.1.as_micros());
    }
}
