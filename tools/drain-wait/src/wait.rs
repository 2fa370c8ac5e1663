//! Looks until nothing is in flight any more, or the time is over.

use crate::source::{Source, Unread, count};
use deadline::{Deadline, Ended};
use serde::Serialize;
use std::time::{Duration, Instant};
use step::Failure;

/// The shortest pause between two looks.
const SHORTEST: Duration = Duration::from_millis(10);
/// The longest that one look may take; the last one may begin when the time is over.
const ONE_LOOK: Duration = Duration::from_secs(5);
/// So many looks in a row may fail once one has succeeded: a service that ends its work may be slow to answer.
const PATIENCE: u32 = 3;

/// What is waited for.
#[derive(Debug, Clone)]
pub struct DrainRequest {
    /// Where the work in flight is counted; what they say is added up.
    pub sources: Vec<Source>,
    /// The pause between two looks.
    pub interval: Duration,
    /// How long it is waited for.
    pub timeout: Duration,
}

/// What the wait came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DrainReport {
    /// Whether nothing is in flight any more.
    pub drained: bool,
    /// How much was in flight at the first look; none where that failed.
    pub at_start: Option<u64>,
    /// How much of that has ended since. New work that came in meanwhile hides as much that has ended.
    pub finished: u64,
    /// How much was in flight at the last look.
    pub remaining: Option<u64>,
    /// Milliseconds from the first look to the last.
    pub waited_ms: u64,
    /// What will be cut off if the service is stopped now; missing where nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<u64>,
}

impl DrainReport {
    /// There is nothing that could be in flight.
    pub(crate) fn nothing() -> Self {
        let mut report = Self::default();
        report.take_in(0);
        report
    }

    fn take_in(&mut self, count: u64) {
        let at_start = *self.at_start.get_or_insert(count);
        self.remaining = Some(count);
        self.finished = at_start.saturating_sub(count);
        self.drained = count == 0;
    }
}

/// How a wait failed, with the report as far as it goes.
pub type Failed = (Failure, DrainReport);

/// Waits until nothing is in flight. `see` is told every count that differs from the one before.
pub fn wait(request: &DrainRequest, mut see: impl FnMut(u64)) -> Result<DrainReport, Failed> {
    let end = Deadline::after(request.timeout);
    let began = Instant::now();
    let mut report = DrainReport::default();
    let mut failed = 0;
    let mut last = false;
    loop {
        let looked = count(&request.sources, &Deadline::after(ONE_LOOK));
        report.waited_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        match looked {
            Ok(now) => {
                failed = 0;
                if report.remaining != Some(now) {
                    see(now);
                }
                report.take_in(now);
                if report.drained {
                    return Ok(report);
                }
            }
            Err(Unread::Signal(signal)) => return Err((Ended::Signal(signal).into(), report)),
            Err(Unread::Because(why)) => {
                failed += 1;
                if last || report.at_start.is_none() || failed >= PATIENCE {
                    let message = format!("how much is in flight cannot be read: {why}");
                    return Err((Failure::impossible("source-unreadable", message), report));
                }
            }
        }
        if last {
            report.cut = report.remaining;
            return Err((not_drained(&report), report));
        }
        match end.sleep(request.interval.max(SHORTEST)) {
            Ok(()) => {}
            Err(Ended::Passed) => last = true,
            Err(ended) => return Err((ended.into(), report)),
        }
    }
}

fn not_drained(report: &DrainReport) -> Failure {
    let message = format!(
        "{} of {} still in flight after {} ms; a deploy goes on, and what is left is cut off",
        report.remaining.unwrap_or_default(),
        report.at_start.unwrap_or_default(),
        report.waited_ms
    );
    Failure::timed_out("not-drained", message).hint("drain-wait --timeout 5m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_receipt_adds_up_and_never_goes_below_nothing() {
        let mut report = DrainReport::default();
        report.take_in(5);
        report.take_in(2);
        assert_eq!((report.at_start, report.finished), (Some(5), 3));
        assert_eq!((report.remaining, report.drained), (Some(2), false));
        report.take_in(7);
        assert_eq!((report.finished, report.remaining), (0, Some(7)));
        report.take_in(0);
        assert_eq!((report.finished, report.drained), (5, true));
    }
}
