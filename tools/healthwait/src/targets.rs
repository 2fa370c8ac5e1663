//! The targets: each asked when it is due, all of them at once when it counts.

use crate::pace::{Backoff, after_refusal};
use crate::report::{TargetReport, latency, milliseconds};
use deadline::Deadline;
use probe::{Answer, Question};
use std::thread;
use std::time::{Duration, Instant};

/// One target and what came of asking it.
#[derive(Debug)]
struct One {
    question: Question,
    answer: Option<Answer>,
    backoff: Backoff,
    /// When to ask it again.
    due: Instant,
    /// When it was last asked.
    asked: Option<Instant>,
}

/// All targets of one wait.
#[derive(Debug)]
pub(crate) struct Targets {
    all: Vec<One>,
    interval: Duration,
    max_average: Option<Duration>,
}

impl Targets {
    /// `max_average` is what their latest answers may take on average.
    pub(crate) fn new(
        questions: &[Question],
        interval: Duration,
        max_average: Option<Duration>,
    ) -> Self {
        let one = |question: &Question| One {
            question: question.clone(),
            answer: None,
            backoff: Backoff::up_to(interval),
            due: Instant::now(),
            asked: None,
        };
        Self {
            all: questions.iter().map(one).collect(),
            interval,
            max_average,
        }
    }

    /// Asks those that are due. Whether all of them are well, each by an answer that was asked for in this very look.
    pub(crate) fn look(&mut self, deadline: &Deadline) -> bool {
        let began = Instant::now();
        self.ask(deadline, |one| one.due <= began);
        if !self.well() {
            return false;
        }
        self.ask(deadline, |one| one.asked.is_none_or(|asked| asked < began));
        self.well()
    }

    /// Takes in an answer that was asked for elsewhere.
    pub(crate) fn take(&mut self, number: usize, answer: Answer) {
        if let Some(one) = self.all.get_mut(number) {
            one.answer = Some(answer);
        }
    }

    /// Asks every target now. Whether all are well.
    pub(crate) fn look_again(&mut self, deadline: &Deadline) -> bool {
        self.ask(deadline, |_| true);
        self.well()
    }

    /// Whether every target's last answer was good, and they were fast enough together.
    fn well(&self) -> bool {
        self.all
            .iter()
            .all(|one| one.answer.as_ref().is_some_and(|answer| answer.ok))
            && self.too_slow().is_none()
    }

    /// The mean latency of the last answers of those that answered.
    pub(crate) fn average(&self) -> Option<Duration> {
        let answers = self.all.iter().filter_map(|one| one.answer.as_ref());
        let latencies: Vec<Duration> = answers.filter_map(latency).collect();
        let count = u32::try_from(latencies.len())
            .ok()
            .filter(|&count| count > 0)?;
        Some(latencies.iter().sum::<Duration>() / count)
    }

    fn too_slow(&self) -> Option<String> {
        let (limit, average) = (self.max_average?, self.average()?);
        (average > limit).then(|| {
            format!(
                "on average the answers took {} ms, more than {} ms",
                milliseconds(average),
                milliseconds(limit)
            )
        })
    }

    /// When the next one is due.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.all.iter().map(|one| one.due).min()
    }

    /// Each target's last answer.
    pub(crate) fn report(&self) -> Vec<TargetReport> {
        self.all
            .iter()
            .map(|one| TargetReport::of(&one.question, one.answer.as_ref()))
            .collect()
    }

    /// What is not well, a sentence each.
    pub(crate) fn unwell(&self) -> Vec<String> {
        self.report()
            .into_iter()
            .filter(|target| !target.ok)
            .map(|target| target.sentence())
            .chain(self.too_slow())
            .collect()
    }

    /// Asks the chosen ones: alone on this thread, several side by side, since one that never answers must not keep
    /// the others from being asked.
    fn ask(&mut self, deadline: &Deadline, chosen: impl Fn(&One) -> bool) {
        let interval = self.interval;
        let count = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let mut chosen: Vec<&mut One> = self.all.iter_mut().filter(|one| chosen(one)).collect();
        if let [one] = chosen.as_mut_slice() {
            one.ask(deadline, interval, count);
            return;
        }
        thread::scope(|scope| {
            for one in chosen {
                scope.spawn(move || one.ask(deadline, interval, count));
            }
        });
    }
}

impl One {
    fn ask(&mut self, deadline: &Deadline, interval: Duration, count: u32) {
        let began = Instant::now();
        let mut answer = probe::ask(&self.question, deadline);
        // It was judged; a hundred targets would keep a hundred megabytes.
        answer.body = Vec::new();
        let pause = if answer.ok {
            self.backoff.reset();
            interval
        } else if answer.refused && answer.local {
            self.backoff.reset();
            after_refusal(began.elapsed(), count)
        } else {
            self.backoff.pause()
        };
        self.asked = Some(began);
        self.due = Instant::now() + pause;
        // A look that the deadline cut short says less than the one before it.
        if deadline.check().is_ok() || self.answer.is_none() {
            self.answer = Some(answer);
        }
    }
}
