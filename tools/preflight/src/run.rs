//! All checks side by side, each within its time.

use crate::checks::Check;
use crate::finding::Finding;
use crate::given::Given;
use deadline::{Deadline, Ended};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long after its deadline a check may still hand in what it has.
const GRACE: Duration = Duration::from_millis(100);
/// How soon a signal is noticed.
const SIGNAL_LOOK: Duration = Duration::from_millis(20);

/// One check's finding and how long it took.
pub(crate) struct Done {
    pub(crate) name: &'static str,
    pub(crate) finding: Finding,
    pub(crate) took: Duration,
}

struct Running {
    check: &'static Check,
    began: Instant,
    answer: Receiver<(Finding, Duration)>,
}

/// Runs the checks; their findings come in the order in which the checks were given. An error is a signal.
pub(crate) fn side_by_side(
    checks: &[&'static Check],
    given: &Arc<Given>,
    deadline: &Deadline,
) -> Result<Vec<Done>, Ended> {
    let started: Vec<Running> = checks
        .iter()
        .map(|check| start(check, given, deadline))
        .collect();
    started
        .into_iter()
        .map(|running| running.finish(deadline))
        .collect()
}

fn start(check: &'static Check, given: &Arc<Given>, deadline: &Deadline) -> Running {
    let (sender, answer) = channel();
    let (given, deadline) = (Arc::clone(given), deadline.clone());
    let began = Instant::now();
    // A thread that cannot be started drops the sender, which is seen where the answer is waited for. One that hangs is
    // left behind and ends with the process.
    thread::Builder::new()
        .name(check.name.to_owned())
        .spawn(move || {
            let finding = (check.run)(&given, &deadline);
            // Nobody listens any more where it came too late.
            sender.send((finding, began.elapsed())).ok();
        })
        .ok();
    Running {
        check,
        began,
        answer,
    }
}

impl Running {
    fn finish(self, deadline: &Deadline) -> Result<Done, Ended> {
        let last = Instant::now() + deadline.remaining() + GRACE;
        loop {
            let left = last.saturating_duration_since(Instant::now());
            match self.answer.recv_timeout(SIGNAL_LOOK.min(left)) {
                Ok((finding, took)) => return Ok(self.done(finding, took)),
                Err(RecvTimeoutError::Disconnected) => {
                    let finding = Finding::fail(
                        "a defect in this check: it ended without a result",
                        format!("preflight --skip {}", self.check.name),
                    );
                    return Ok(self.done(finding, self.began.elapsed()));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Err(signal @ Ended::Signal(_)) = deadline.check() {
                return Err(signal);
            }
            if left.is_zero() {
                let took = self.began.elapsed();
                let finding = Finding::fail(
                    format!("it did not end within {} ms", took.as_millis()),
                    format!("preflight --only {} --check-timeout 1m", self.check.name),
                );
                return Ok(self.done(finding, took));
            }
        }
    }

    fn done(&self, finding: Finding, took: Duration) -> Done {
        Done {
            name: self.check.name,
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
        const HANGS: Check = Check {
            name: "hangs",
            about: "",
            needs: "",
            given: |_| true,
            run: |_, _| Finding::pass(""),
        };
        let deadline = Deadline::after(limit);
        let (sender, answer) = channel();
        let within = deadline.clone();
        thread::spawn(move || {
            let began = Instant::now();
            sender.send((check(&within), began.elapsed())).ok();
        });
        let running = Running {
            check: &HANGS,
            began: Instant::now(),
            answer,
        };
        running.finish(&deadline).unwrap().finding.status
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
