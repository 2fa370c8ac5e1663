//! The stop itself: written down, secured, done, and looked after.

use crate::port::{Holder, Look};
use crate::record;
use application::{Lease, fail, runs};
use deadline::{Deadline, Ended};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Serialize;
use service::{Cut, DeadMan, Service, StartAgain, Status, Stopped};
use state::Baseline;
use std::time::{Duration, Instant};
use step::Failure;

/// How long somebody else may hold the port before that is the verdict: the time that a process on its way out takes.
const FOREIGN_PATIENCE: Duration = Duration::from_secs(2);
/// How often the port is looked at, at first; doubled up to [`SLOWEST_LOOK`].
const FIRST_LOOK: Duration = Duration::from_millis(2);
/// How often a port that stays held is looked at.
const SLOWEST_LOOK: Duration = Duration::from_millis(50);

/// What is to be stopped, and how.
#[derive(Debug, Clone, Default)]
pub struct StopRequest {
    /// The TCP port that is to be free afterwards.
    pub port: Option<u16>,
    /// How long the service may take to end by itself.
    pub timeout: Duration,
    /// What starts the service again if nobody has by then.
    pub dead_man: Option<DeadManRequest>,
}

/// A dead-man's switch that is to be armed.
#[derive(Debug, Clone)]
pub struct DeadManRequest {
    /// How long after the service's own time to stop is over.
    pub after: Duration,
    /// What it does; see [`crate::start_again_command`].
    pub again: StartAgain,
}

/// What a stop came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StopReport {
    /// Whether anything of the service was there to be stopped.
    pub changed: bool,
    /// The main process that there was.
    pub pid: Option<u32>,
    /// What it took before it was asked to stop, for a comparison with the next run.
    pub baseline: Option<Baseline>,
    /// Milliseconds from the request until nothing of the service was left.
    pub stop_ms: Option<u64>,
    /// Milliseconds from then until nobody held the port any more; none where no port was told.
    pub port_free_ms: Option<u64>,
    /// Whether it had to be killed: it did not end by itself in time.
    pub killed: bool,
    /// The processes that were killed: those that did not end in time, and those that the service left behind.
    pub cut: Vec<Cut>,
    /// The dead-man's switch that is armed now.
    pub dead_man: Option<DeadMan>,
    /// A socket unit has started it again for a connection that came in meanwhile.
    pub started_again: bool,
}

/// Stops the service. First what runs goes into the state and the dead-man's switch is armed, then it is asked to end,
/// killed where it does not, and its port waited for. A stop that has begun is finished although a signal comes.
///
/// After a failure the dead-man's switch stays armed: whatever comes of the deploy, the service is to run. Outside any
/// deploy, a stop that asks for none takes away what an earlier one armed.
pub fn stop(
    lease: &Lease<'_>,
    service: &Service,
    request: &StopRequest,
    deadline: &Deadline,
) -> Result<StopReport, Failure> {
    let failed = |error: service::Error| fail::service(&error);
    let status = service.status(deadline).map_err(failed)?;
    let baseline = runs::baseline(service, &status, deadline);
    record::before(lease, &status, baseline, deadline)?;
    let dead_man = match &request.dead_man {
        Some(DeadManRequest { after, again }) => {
            // Not while the service may still take its time to stop: then it would find it running, and be spent.
            let armed = service.arm_dead_man(request.timeout + *after, again, deadline);
            Some(armed.map_err(failed)?)
        }
        // A person who stops it wants it down, whatever a deploy before had in mind.
        None if lease.is_moment() => {
            service.disarm_dead_man(deadline).map_err(failed)?;
            None
        }
        None => None,
    };
    let mut report = StopReport {
        changed: false,
        pid: status.main_pid,
        baseline,
        stop_ms: None,
        port_free_ms: None,
        killed: false,
        cut: Vec::new(),
        dead_man,
        started_again: false,
    };
    // Arming took its time: the last look at the lease is right before what cannot be taken back.
    drop(lease.lock(deadline)?);
    let stopped = service
        .stop(request.timeout, &deadline.uninterruptible())
        .map_err(|error| failed(error).with(&report))?;
    report.take_in(&stopped);
    if stopped.started_again {
        report.take_started_again(service, &status)?;
        return Ok(report);
    }
    if let Some(port) = request.port {
        let began = Instant::now();
        free_port(port, service, &status, &mut report, deadline)
            .map_err(|failure| failure.with(&report))?;
        report.port_free_ms = Some(milliseconds(began.elapsed()));
    }
    Ok(report)
}

impl StopReport {
    /// A socket unit has started it for a connection that came in: its clients wait for nothing, and `service-start`
    /// replaces that run. Anybody else has no business to.
    fn take_started_again(&mut self, service: &Service, status: &Status) -> Result<(), Failure> {
        if status.socket_units.is_empty() {
            return Err(started_again(service).with(self));
        }
        self.started_again = true;
        Ok(())
    }

    fn take_in(&mut self, stopped: &Stopped) {
        self.changed = !stopped.already;
        self.pid = stopped.pid.or(self.pid);
        self.stop_ms = Some(milliseconds(stopped.took));
        self.killed = stopped.killed;
        self.cut.extend(stopped.cut.iter().cloned());
    }
}

/// Waits until nobody holds the port, and kills what the service left on it.
fn free_port(
    port: u16,
    service: &Service,
    status: &Status,
    report: &mut StopReport,
    deadline: &Deadline,
) -> Result<(), Failure> {
    let failed = |error: service::Error| fail::service(&error);
    let patience = Instant::now() + FOREIGN_PATIENCE;
    let mut pause = FIRST_LOOK;
    loop {
        let look = Look::at(port, service, status, deadline).map_err(failed)?;
        if look.is_free() {
            return Ok(());
        }
        if !look.own.is_empty() && !service.status(deadline).map_err(failed)?.active.is_over() {
            return report.take_started_again(service, status);
        }
        for holder in look.own.iter().chain(&look.left) {
            cut(holder, report)?;
        }
        let foreign = !(look.foreign.is_empty() && look.unseen.is_empty());
        let over = foreign && Instant::now() >= patience;
        let rested = if over {
            Err(Ended::Passed)
        } else {
            deadline.sleep(pause)
        };
        match rested {
            Ok(()) => pause = (pause * 2).min(SLOWEST_LOOK),
            Err(Ended::Passed) => {
                let message = format!(
                    "{} is stopped, but port {port} is {}",
                    service.name(),
                    look.phrase()
                );
                return Err(Failure::no("port-held", message).hint(look.hint(port)));
            }
            Err(ended) => return Err(ended.into()),
        }
    }
}

/// Kills a process that the service left behind, once.
fn cut(holder: &Holder, report: &mut StopReport) -> Result<(), Failure> {
    if report.cut.iter().any(|cut| cut.pid == holder.pid) {
        return Ok(());
    }
    let now = host::Proc::system().stat(holder.pid).ok();
    if now.is_none_or(|now| Some(now.start_time) != holder.start_time) {
        return Ok(());
    }
    let Ok(pid @ 2..) = i32::try_from(holder.pid) else {
        return Ok(());
    };
    match kill(Pid::from_raw(pid), Signal::SIGKILL) {
        Ok(()) => {}
        Err(Errno::ESRCH) => return Ok(()),
        Err(error) => {
            let message = format!("{holder} was left behind and cannot be killed: {error}");
            return Err(
                Failure::impossible("no-permission", message).hint(format!("sudo kill -9 {pid}"))
            );
        }
    }
    report.changed = true;
    report.cut.push(Cut {
        pid: holder.pid,
        command: holder.command.clone(),
    });
    Ok(())
}

fn started_again(service: &Service) -> Failure {
    let name = service.name();
    let message = format!("{name} was stopped, and somebody has started it anew since");
    Failure::no("started-again", message).hint("deploy-state show")
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
