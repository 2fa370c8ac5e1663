//! Memory and processor time from look to look.

use service::{Usage, share};
use std::time::{Duration, Instant};

/// What was measured so far. Nothing is looked at here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measures {
    /// Bytes at the first look.
    first: Option<u64>,
    /// The most bytes at any look.
    most: u64,
    last: Option<(Instant, Usage)>,
    /// Of the last two looks, in percent.
    between: Option<f64>,
    /// Since when processor time is added up, and how much it is.
    watch: Option<(Instant, Duration)>,
}

impl Measures {
    /// Takes in one look.
    pub(crate) fn take(&mut self, at: Instant, usage: Usage) {
        self.first.get_or_insert(usage.memory_bytes);
        self.most = self.most.max(usage.memory_bytes);
        if let Some((before, last)) = self.last.replace((at, usage)) {
            // A sum that fell is that of another run, all of which came since.
            let used = usage
                .cpu_time
                .checked_sub(last.cpu_time)
                .unwrap_or(usage.cpu_time);
            let time = at.saturating_duration_since(before);
            if !time.is_zero() {
                self.between = Some(share(used, time));
            }
            if let Some((_, sum)) = &mut self.watch {
                *sum += used;
            }
        }
    }

    /// From the last look on, processor time is added up.
    pub(crate) fn watch(&mut self) {
        if let Some((at, _)) = self.last {
            self.watch = Some((at, Duration::ZERO));
        }
    }

    pub(crate) fn memory(&self) -> Option<u64> {
        self.last.map(|(_, usage)| usage.memory_bytes)
    }

    pub(crate) fn first_memory(&self) -> Option<u64> {
        self.first
    }

    pub(crate) fn most_memory(&self) -> Option<u64> {
        self.last.map(|_| self.most)
    }

    /// The mean share of one core in percent: over the watch, else between the last two looks.
    pub(crate) fn cpu_percent(&self) -> Option<f64> {
        match (self.watch, self.last) {
            (Some((began, sum)), Some((at, _))) if at > began => {
                Some(share(sum, at.saturating_duration_since(began)))
            }
            (Some(_), _) => None,
            (None, _) => self.between,
        }
    }

    /// Processor time since the watch began.
    pub(crate) fn cpu_in_watch(&self) -> Option<Duration> {
        self.watch.map(|(_, sum)| sum)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn usage(memory_bytes: u64, cpu_milliseconds: u64) -> Usage {
        Usage {
            memory_bytes,
            cpu_time: Duration::from_millis(cpu_milliseconds),
            running_for: None,
        }
    }

    #[test]
    fn between_two_looks_and_over_a_watch() {
        let began = Instant::now();
        let mut measures = Measures::default();
        assert_eq!(measures.cpu_percent(), None);
        measures.take(began, usage(10, 5000));
        assert_eq!(measures.cpu_percent(), None, "one look is no share");
        measures.take(began + SECOND, usage(30, 5500));
        assert_eq!(measures.cpu_percent(), Some(50.0));
        measures.watch();
        assert_eq!(measures.cpu_percent(), None, "nothing of the watch yet");
        measures.take(began + 2 * SECOND, usage(20, 6500));
        measures.take(began + 5 * SECOND, usage(20, 6500));
        assert_eq!(
            measures.cpu_percent(),
            Some(25.0),
            "a spike is not the mean"
        );
        assert_eq!(measures.cpu_in_watch(), Some(SECOND));
        assert_eq!(measures.first_memory(), Some(10));
        assert_eq!(
            (measures.memory(), measures.most_memory()),
            (Some(20), Some(30))
        );
    }

    #[test]
    fn another_run_begins_anew_and_nothing_is_lost() {
        let began = Instant::now();
        let mut measures = Measures::default();
        measures.take(began, usage(1, 9000));
        measures.watch();
        measures.take(began + SECOND, usage(1, 9100));
        measures.take(began + 2 * SECOND, usage(1, 300));
        assert_eq!(measures.cpu_in_watch(), Some(Duration::from_millis(400)));
    }
}
