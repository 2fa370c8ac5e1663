//! The service behind the targets: looked at from time to time, and proven new at the end.

use crate::baseline::Before;
use crate::judge::{Judgement, Limits, Seen, is_beyond, judge, judge_in_watch, memory};
use crate::measures::Measures;
use crate::pace::Backoff;
use crate::report::ServiceReport;
use application::{fail, runs};
use deadline::Deadline;
use host::Proc;
use service::{Active, Expectation, Mark, Proof, Service, Status};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use step::Failure;

/// Asking a supervisor costs some ten milliseconds of processor time, so the pauses grow to this while no target answers. A main
/// process that ends is seen at once all the same.
const RAREST: Duration = Duration::from_secs(2);
/// One look at the service, however slow its supervisor.
const PATIENCE: Duration = Duration::from_secs(10);
/// In a watch the service is looked at as often as the targets, but never less often than this where looks are cheap.
const RAREST_IN_WATCH: Duration = Duration::from_secs(5);
/// A look may take this part of the time in a watch: a supervisor that is slow to answer is asked rarely.
const SHARE_IN_WATCH: u32 = 50;
/// However dear a look is, one is made this often in a watch.
const DEAREST_IN_WATCH: Duration = Duration::from_secs(60);
/// Neither a signal nor the end of a wait for a supervisor that does not answer is kept waiting for the last lines of a log.
const PATIENCE_AT_THE_END: Duration = Duration::from_secs(2);
/// How many of the service's last lines are shown where it did not end well.
const TAIL: usize = 20;

/// A service that must be well too.
#[derive(Debug, Clone)]
pub struct Watch {
    /// The service.
    pub service: Service,
    /// Which process is to be proven to answer. Nothing is proven where nothing is expected.
    pub expectation: Expectation,
    /// The restarts at the switch and since, as the state knows them; without them restarts count from the first look.
    pub switch: Option<state::Switch>,
    /// What ran before the deploy took; without it growth is held against the first look alone.
    pub baseline: Option<Before>,
    /// Where its log ended before the start of what runs, as the state knows it: what stands before is an earlier run's.
    pub log_since: Option<Mark>,
    /// What it may at most be or do.
    pub limits: Limits,
    /// Well even where it cannot be proven which process answers.
    pub accept_unprovable: bool,
}

impl Watch {
    /// A watch over a service of which nothing is expected but that it runs and does not crash.
    pub fn over(service: Service) -> Self {
        Self {
            service,
            expectation: Expectation::default(),
            switch: None,
            baseline: None,
            log_since: None,
            limits: Limits::default(),
            accept_unprovable: false,
        }
    }

    /// Whether anything is to be proven.
    pub(crate) fn proves(&self) -> bool {
        self.expectation.before.is_some()
            || self.expectation.release_dir.is_some()
            || self.expectation.port.is_some()
    }
}

/// The looks at one service during one wait.
#[derive(Debug)]
pub(crate) struct Looks<'a> {
    watch: &'a Watch,
    expectation: Expectation,
    proc: Proc,
    switch: Option<state::Switch>,
    backoff: Backoff,
    due: Instant,
    pid: Option<u32>,
    measures: Measures,
    mark: Option<Mark>,
    /// Everything is well, and it is watched from now on: then as often as this.
    watching: Option<Duration>,
    /// A watch will follow, which judges processor time.
    will_watch: bool,
    /// The supervisor gave no answer at the last look.
    is_silent: bool,
    pub(crate) seen: Option<Seen>,
    pub(crate) report: Option<ServiceReport>,
}

impl<'a> Looks<'a> {
    /// `endpoints` are this host's ports at which the targets are asked, where they are asked over the network.
    pub(crate) fn new(
        watch: &'a Watch,
        endpoints: Option<Vec<u16>>,
        interval: Duration,
        will_watch: bool,
    ) -> Self {
        Self {
            watch,
            expectation: Expectation {
                endpoints,
                ..watch.expectation.clone()
            },
            proc: Proc::system(),
            switch: watch.switch.clone(),
            backoff: Backoff::up_to(interval.max(RAREST)),
            due: Instant::now(),
            pid: None,
            measures: Measures::default(),
            mark: None,
            watching: None,
            will_watch,
            is_silent: false,
            seen: None,
            report: None,
        }
    }

    /// Whether it is time to look: the pause is over, or the main process has gone meanwhile.
    pub(crate) fn is_due(&self) -> bool {
        self.due <= Instant::now() || self.pid.is_some_and(|pid| !self.lives(pid))
    }

    fn lives(&self, pid: u32) -> bool {
        self.proc.stat(pid).is_ok_and(|stat| !stat.is_over())
    }

    /// When to look next if nothing happens.
    pub(crate) fn next_due(&self) -> Instant {
        self.due
    }

    /// What the service may at most be or do.
    pub(crate) fn limits(&self) -> &'a Limits {
        &self.watch.limits
    }

    /// The ports at which the service is to listen, as far as they are this host's.
    pub(crate) fn ports(&self) -> Vec<u16> {
        match (self.expectation.port, &self.expectation.endpoints) {
            (Some(port), _) => vec![port],
            (None, Some(endpoints)) => endpoints.clone(),
            (None, None) => Vec::new(),
        }
    }

    /// Whether anybody listens on that port, as this process or the service's sees it; none where that cannot be seen.
    pub(crate) fn is_listened_on(&self, port: u16) -> Option<bool> {
        let here = self.proc.listeners(port).ok()?;
        if !here.is_empty() {
            return Some(true);
        }
        let pid = self.pid?;
        let there = self.proc.listeners_seen_by(pid, port).unwrap_or_default();
        Some(!there.is_empty())
    }

    /// From now on it is watched: processor time is added up, and it is looked at in the watch's own beat.
    pub(crate) fn begin_watch(&mut self, interval: Duration) {
        self.watching = Some(interval.min(RAREST_IN_WATCH));
        self.measures.watch();
        self.due = Instant::now();
    }

    /// One look in a watch: what ends it at once, with the error's code. One that the supervisor was too slow for is a
    /// failed one: nothing was seen, and that says nothing for the service.
    pub(crate) fn look_in_watch(
        &mut self,
        deadline: &Deadline,
    ) -> Result<Option<(&'static str, Vec<String>)>, Failure> {
        self.seen = None;
        self.observe(deadline)
            .map_err(|error| fail::service(&error))?;
        let seen = self.seen.as_ref();
        Ok(seen.and_then(|seen| judge_in_watch(seen, &self.watch.limits)))
    }

    /// Whether it runs, and yet takes more than it may.
    pub(crate) fn is_beyond_a_limit(&self) -> bool {
        let limits = &self.watch.limits;
        self.seen.as_ref().is_some_and(|seen| {
            let cpu = seen.cpu.zip(limits.cpu);
            !memory(seen, limits).is_empty()
                || cpu.is_some_and(|(cpu, limit)| is_beyond(cpu, limit))
        })
    }

    /// Processor time since the watch began.
    pub(crate) fn cpu_in_watch(&self) -> Option<Duration> {
        self.measures.cpu_in_watch()
    }

    /// Nobody has just switched, and nobody has started it.
    pub(crate) fn is_only_stopped(&self) -> bool {
        let seen = self.seen.as_ref();
        self.watch.switch.is_none() && seen.is_some_and(|seen| seen.active == Active::Stopped)
    }

    /// One look.
    pub(crate) fn look(&mut self, deadline: &Deadline) -> Result<Judgement, Failure> {
        match self.observe(deadline) {
            Ok(judgement) => Ok(judgement),
            // The supervisor took too long; the wait itself may have time left.
            Err(service::Error::TimedOut { action }) => Ok(Judgement::Unwell(vec![format!(
                "its supervisor did not answer in time: {action}"
            )])),
            Err(error) => Err(fail::service(&error)),
        }
    }

    fn observe(&mut self, deadline: &Deadline) -> Result<Judgement, service::Error> {
        let began = Instant::now();
        let within = deadline.or_after(PATIENCE);
        let looked = self.gather(&within);
        let pause = match self.watching {
            Some(beat) => beat
                .max(began.elapsed() * SHARE_IN_WATCH)
                .min(DEAREST_IN_WATCH),
            None => self.backoff.pause(),
        };
        self.due = Instant::now() + pause;
        self.is_silent = matches!(
            looked,
            Err(service::Error::TimedOut { .. } | service::Error::Unavailable { .. })
        );
        let seen = looked?;
        let mut limits = self.watch.limits.clone();
        if self.will_watch && self.watching.is_none() {
            limits.cpu = None;
        }
        let judgement = judge(&seen, &limits);
        self.seen = Some(seen);
        Ok(judgement)
    }

    fn gather(&mut self, deadline: &Deadline) -> Result<Seen, service::Error> {
        let watch = self.watch;
        let status = watch.service.status(deadline)?;
        // One that cannot be seen from here cannot be seen to go either.
        self.pid = status.main_pid.filter(|pid| self.lives(*pid));
        let restarts = status.restarts.map(|counter| {
            let switch = self.switch.get_or_insert_with(state::Switch::default);
            switch.observe(counter);
            switch.counted
        });
        let mut report = ServiceReport::of(&status);
        report.restarts_since_switch = restarts;
        if self.measures_usage() && status.active == Active::Running {
            match watch.service.usage(&status, deadline) {
                Ok(usage) => self.measures.take(Instant::now(), usage),
                // Where nobody set a limit, it is only for the report.
                Err(service::Error::Unreadable { .. }) if !self.has_limits_of_usage() => {}
                Err(error) => return Err(error),
            }
        }
        report.measured(&self.measures, watch.baseline.as_ref());
        if watch.limits.log_errors.is_some() {
            let mark = match &self.mark {
                Some(mark) => mark.clone(),
                None => self.start_of(&status, deadline)?,
            };
            let errors = watch.service.log_errors(&mark, deadline)?;
            self.mark = Some(mark);
            report.log_errors = Some(errors.count);
            report.log_error_examples = errors.examples;
        }
        let seen = Seen {
            active: status.active,
            phrase: status.phrase(),
            start_limit_hit: status.start_limit_hit,
            restarts,
            restarts_by_order: status.restarts_by_order,
            memory: report.memory_bytes,
            memory_before: report.memory_bytes_before,
            memory_baseline: watch.baseline.as_ref().and_then(|it| it.usage.memory_bytes),
            cpu: report.cpu_percent,
            log_errors: report.log_errors,
        };
        self.report = Some(report);
        Ok(seen)
    }

    /// Whether anybody wants to know what it takes.
    fn measures_usage(&self) -> bool {
        self.will_watch || self.watch.baseline.is_some() || self.has_limits_of_usage()
    }

    fn has_limits_of_usage(&self) -> bool {
        let limits = &self.watch.limits;
        limits.memory.is_some() || limits.memory_growth.is_some() || limits.cpu.is_some()
    }

    /// Where the log to be counted in begins: where the deploy started the service, else where this run began. A journal, and
    /// the log of a container, know that by the time. In the log of a supervisor that keeps no record of it, only what comes
    /// from now on can be told from what an earlier run wrote.
    fn start_of(&self, status: &Status, deadline: &Deadline) -> Result<Mark, service::Error> {
        let service = &self.watch.service;
        if let Some(mark) = self.watch.switch.as_ref().and_then(runs::kept_mark) {
            return Ok(mark);
        }
        if let Some(mark) = service.run_mark()? {
            return Ok(mark);
        }
        let mark = service.mark(deadline)?;
        let began = status
            .active_for
            .and_then(|age| SystemTime::now().checked_sub(age))
            .and_then(|began| began.duration_since(UNIX_EPOCH).ok())
            .and_then(|since| u64::try_from(since.as_micros()).ok());
        Ok(match (mark, began) {
            (Mark::Journal { .. }, Some(microseconds)) => Mark::Journal {
                cursor: None,
                microseconds,
            },
            (Mark::Moment { .. }, Some(microseconds)) => Mark::Moment { microseconds },
            (mark, _) => mark,
        })
    }

    /// Which process answers; nothing where nothing is to be proven.
    pub(crate) fn prove(&self, deadline: &Deadline) -> Result<Option<Proof>, Failure> {
        if !self.watch.proves() {
            return Ok(None);
        }
        self.watch
            .service
            .proof(&self.expectation, &deadline.or_after(PATIENCE))
            .map(Some)
            .map_err(|error| fail::service(&error))
    }

    /// The service's last words since its start, or why they cannot be had. A wait that ran into its deadline still shows them.
    pub(crate) fn tail(&self) -> Vec<String> {
        let patience = if self.is_silent || deadline::interrupt::raised().is_some() {
            PATIENCE_AT_THE_END
        } else {
            PATIENCE
        };
        let deadline = Deadline::after(patience).uninterruptible();
        let service = &self.watch.service;
        let kept = self.watch.log_since.clone();
        let lines = match kept.or_else(|| service.run_mark().ok().flatten()) {
            Some(mark) => service.log_since(&mark, TAIL, &deadline),
            None => service.log_tail(TAIL, &deadline),
        };
        match lines {
            Ok(lines) if lines.is_empty() => vec!["(it has written nothing)".to_owned()],
            Ok(lines) => lines,
            Err(error) => vec![format!("(its log cannot be shown: {error})")],
        }
    }
}

#[cfg(test)]
mod tests;
