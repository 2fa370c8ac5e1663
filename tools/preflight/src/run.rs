//! All checks side by side, each within its time.

use crate::checks::Entry;
use crate::finding::Finding;
use crate::given::Given;
use deadline::{Deadline, Ended};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How soon a signal is noticed.
const SIGNAL_LOOK: Duration = Duration::from_millis(20);

/// One check's finding and how long it took.
pub(crate) struct Done {
    pub(crate) name: String,
    pub(crate) finding: Finding,
    pub(crate) took: Duration,
}

struct Running {
    name: String,
    began: Instant,
    deadline: Deadline,
    /// When nobody waits for it any more: all of them at once where several hang.
    last: Instant,
    answer: Receiver<(Finding, Duration)>,
}

/// Runs the checks, each with a deadline made of its own limit; their findings come in the order in which the checks were
/// given. An error is a signal.
pub(crate) fn side_by_side(
    checks: &[Entry],
    given: &Arc<Given>,
    deadline: impl Fn(Duration) -> Deadline,
) -> Result<Vec<Done>, Ended> {
    let started: Vec<Running> = checks
        .iter()
        .map(|check| start(check, given, deadline(check.limit(&given.args))))
        .collect();
    started.into_iter().map(Running::finish).collect()
}

fn start(check: &Entry, given: &Arc<Given>, deadline: Deadline) -> Running {
    let (sender, answer) = channel();
    let began = Instant::now();
    // A thread that cannot be started drops the sender, which is seen where the answer is waited for. One that hangs is
    // left behind and ends with the process.
    thread::Builder::new()
        .name(check.name())
        .spawn({
            let (check, given, deadline) = (check.clone(), Arc::clone(given), deadline.clone());
            move || {
                let finding = check.run(&given, &deadline);
                // Nobody listens any more where it came too late.
                sender.send((finding, began.elapsed())).ok();
            }
        })
        .ok();
    Running {
        name: check.name(),
        began,
        last: began + deadline.remaining() + check.grace(),
        deadline,
        answer,
    }
}

impl Running {
    fn finish(self) -> Result<Done, Ended> {
        loop {
            let left = self.last.saturating_duration_since(Instant::now());
            match self.answer.recv_timeout(SIGNAL_LOOK.min(left)) {
                Ok((finding, took)) => return Ok(self.done(finding, took)),
                Err(RecvTimeoutError::Disconnected) => {
                    let finding = Finding::fail(
                        "a defect in this check: it ended without a result",
                        "preflight --version",
                    );
                    return Ok(self.done(finding, self.began.elapsed()));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Err(signal @ Ended::Signal(_)) = self.deadline.check() {
                return Err(signal);
            }
            if left.is_zero() {
                let took = self.began.elapsed();
                let finding = Finding::fail(
                    format!("it did not end within {} ms", took.as_millis()),
                    "preflight --check-timeout 1m",
                );
                return Ok(self.done(finding, took));
            }
        }
    }

    fn done(&self, finding: Finding, took: Duration) -> Done {
        Done {
            name: self.name.clone(),
            finding,
            took,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::finding::Status;

    fn running(check: fn(&Deadline) -> Finding, limit: Duration) -> Status {
        let deadline = Deadline::after(limit);
        let (sender, answer) = channel();
        let within = deadline.clone();
        thread::spawn(move || {
            let began = Instant::now();
            sender.send((check(&within), began.elapsed())).ok();
        });
        let running = Running {
            name: "hangs".into(),
            began: Instant::now(),
            last: Instant::now() + deadline.remaining() + Duration::from_millis(100),
            deadline,
            answer,
        };
        running.finish().unwrap().finding.status
    }

    #[test]
    fn one_that_hangs_has_failed() {
        let never = |_: &Deadline| loop {
            thread::park();
        };
        assert_eq!(running(never, Duration::from_millis(30)), Status::Fail);
    }

    #[test]
    fn one_that_hands_in_at_the_last_moment_is_heard() {
        let late = |deadline: &Deadline| {
            deadline.sleep(Duration::from_secs(60)).ok();
            Finding::pass("")
        };
        assert_eq!(running(late, Duration::from_millis(30)), Status::Pass);
    }

    #[test]
    fn one_that_panics_has_failed() {
        let broken = |_: &Deadline| panic!("a defect");
        assert_eq!(running(broken, Duration::from_secs(60)), Status::Fail);
    }
}
