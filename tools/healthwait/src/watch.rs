//! The service behind the targets: looked at from time to time, and proven new at the end.

use crate::judge::{Judgement, Limits, Seen, judge};
use crate::pace::Backoff;
use crate::report::ServiceReport;
use application::fail;
use deadline::Deadline;
use host::Proc;
use service::{Expectation, Mark, Proof, Service, Status};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use step::Failure;

/// Asking a supervisor costs some ten milliseconds of processor time, so the pauses grow to this while no target answers. A main
/// process that ends is seen at once all the same.
const RAREST: Duration = Duration::from_secs(2);
/// One look at the service, however slow its supervisor.
const PATIENCE: Duration = Duration::from_secs(10);
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
    memory_before: Option<u64>,
    cpu_before: Option<(Instant, Duration)>,
    mark: Option<Mark>,
    pub(crate) report: Option<ServiceReport>,
}

impl<'a> Looks<'a> {
    /// `endpoints` are this host's ports at which the targets are asked, where they are asked over the network.
    pub(crate) fn new(watch: &'a Watch, endpoints: Option<Vec<u16>>, interval: Duration) -> Self {
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
            memory_before: None,
            cpu_before: None,
            mark: None,
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

    /// One look.
    pub(crate) fn look(&mut self, deadline: &Deadline) -> Result<Judgement, Failure> {
        let within = deadline.or_after(PATIENCE);
        let looked = self.gather(&within);
        self.due = Instant::now() + self.backoff.pause();
        match looked {
            Ok(seen) => Ok(judge(&seen, &self.watch.limits)),
            // The supervisor took too long; the wait itself may have time left.
            Err(service::Error::TimedOut { action }) => Ok(Judgement::Unwell(vec![format!(
                "its supervisor did not answer in time: {action}"
            )])),
            Err(error) => Err(fail::service(&error)),
        }
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
        if watch.limits.memory.is_some() || watch.limits.memory_growth.is_some() {
            let memory = watch.service.memory_bytes(deadline)?;
            report.memory_bytes = Some(memory);
            report.memory_bytes_before = Some(*self.memory_before.get_or_insert(memory));
        }
        if watch.limits.cpu.is_some() {
            report.cpu_percent = self.cpu(deadline)?;
        }
        if watch.limits.log_errors.is_some() {
            let mark = match &self.mark {
                Some(mark) => mark.clone(),
                None => start_of(&status, &watch.service, deadline)?,
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
            memory: report.memory_bytes,
            memory_before: report.memory_bytes_before,
            cpu: report.cpu_percent,
            log_errors: report.log_errors,
        };
        self.report = Some(report);
        Ok(seen)
    }

    /// Percent of one core since the look before; nothing at the first.
    fn cpu(&mut self, deadline: &Deadline) -> Result<Option<u64>, service::Error> {
        let used = self.watch.service.cpu_time(deadline)?;
        let now = Instant::now();
        let before = self.cpu_before.replace((now, used));
        Ok(before.and_then(|(then, used_then)| {
            let used = used.saturating_sub(used_then).as_micros();
            let percent = (used * 100).checked_div((now - then).as_micros())?;
            u64::try_from(percent).ok()
        }))
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

    /// The service's last words, or why they cannot be had. A wait that ran into its deadline still shows them.
    pub(crate) fn tail(&self) -> Vec<String> {
        let deadline = Deadline::after(PATIENCE);
        match self.watch.service.log_tail(TAIL, &deadline) {
            Ok(lines) => lines,
            Err(error) => vec![format!("(its log cannot be shown: {error})")],
        }
    }
}

/// Where the log of this run begins. A journal knows by the time; in a file only what comes from now on can be told from
/// what an earlier run wrote.
fn start_of(
    status: &Status,
    service: &Service,
    deadline: &Deadline,
) -> Result<Mark, service::Error> {
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
        (mark, _) => mark,
    })
}
