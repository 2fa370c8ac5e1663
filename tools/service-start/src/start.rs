//! The start itself: asked for under the lease, followed, proven.

use crate::images::{Change, Images};
use crate::release::{self, Live};
use crate::report::StartReport;
use crate::run::Run;
use crate::wait::{self, Signs};
use application::{Application, Lease, fail, record, runs};
use deadline::Deadline;
use probe::Question;
use service::{Active, Before, Disarmed, Expectation, Mark, Proof, Service, Status, Verdict};
use service_stop::port::Look;
use std::time::{Duration, Instant};
use step::Failure;

/// How many lines of the service's log a failure shows.
const LOG_LINES: usize = 20;
/// For how long a proof that fails is tried again: a process that is just being born shows its parent's face.
const SECOND_THOUGHTS: Duration = Duration::from_secs(1);
/// The same for one that cannot be seen whole yet, where that is a failure: the last worker of a cluster takes its time to come up.
const UNSEEN: Duration = Duration::from_secs(5);
/// How often it is tried meanwhile.
const BETWEEN_PROOFS: Duration = Duration::from_millis(50);
/// For what is still to be said once the time is over: the log, the switch.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// What the started service is to show.
#[derive(Debug, Clone, Default)]
pub struct StartRequest {
    /// The TCP port that its new process is to hold.
    pub port: Option<u16>,
    /// Where no port is told: endpoints that answer, well or not, once it serves.
    pub health: Vec<Question>,
    /// How long it may take to be ready.
    pub timeout: Duration,
    /// Go on where it cannot be seen whether the new process answers.
    pub accept_unprovable: bool,
    /// What is fetched or built first, for a Compose project.
    pub images: Option<Images>,
}

/// Starts the service and comes back once it is ready and proven to be the new process of the live release; then the
/// dead-man's switch is disarmed. A failure carries the report as far as it goes, with the last lines of the service's log.
///
/// A service that runs already is fine where it runs out of the live release.
pub fn start(
    application: &Application,
    lease: &Lease<'_>,
    service: &Service,
    request: &StartRequest,
    deadline: &Deadline,
) -> Result<StartReport, Failure> {
    application.complete_live(deadline)?.tell();
    let live = release::live(application, service)?;
    let failed = |error: service::Error| fail::service(&error);
    let status = service.status(deadline).map_err(failed)?;
    let mut step = Step {
        application,
        lease,
        service,
        request,
        live,
        report: StartReport::default(),
        mark: None,
        began: Instant::now(),
    };
    step.report.images = Change::from(&status);
    step.report.release.clone_from(&step.live.name);
    let runs = matches!(status.active, Active::Running | Active::Starting);
    let outcome = if let Some(images) = request.images {
        step.renew(images, &status, deadline)
    } else if runs {
        step.confirm(&status, deadline)
    } else {
        step.start(&status, deadline)
    };
    match outcome {
        Ok(()) => Ok(step.report),
        Err(failure) => Err(step.fail(failure)),
    }
}

/// The failure of what runs already, out of another release.
pub(crate) fn still_old(service: &Service, proof: &Proof) -> Failure {
    let (name, reasons) = (service.name(), proof.reasons.join("; "));
    let message = format!("{name} runs already, and not as it should: {reasons}");
    Failure::no("still-old", message).hint("service-stop && service-start")
}

/// The run that this look saw, for a proof. What was not replaced goes on in its old process.
fn runs_of(status: &Status) -> Before {
    Before {
        pid: None,
        start_time: None,
        invocation: status.invocation.clone(),
    }
}

struct Step<'a> {
    application: &'a Application,
    lease: &'a Lease<'a>,
    service: &'a Service,
    request: &'a StartRequest,
    live: Live,
    report: StartReport,
    /// Where the log ended before the start.
    mark: Option<Mark>,
    began: Instant,
}

impl Step<'_> {
    /// It is not running: it is started.
    fn start(&mut self, status: &Status, deadline: &Deadline) -> Result<(), Failure> {
        let failed = |error: service::Error| fail::service(&error);
        if let Some(port) = self.request.port {
            let look = Look::at(port, self.service, status, deadline).map_err(failed)?;
            // A port that is only closing is for the service itself to get; what it left is for a stop to remove.
            // Of a project that runs in part its own processes are no strangers: what lacks is brought up beside them.
            let in_part = status.main_pid.is_some()
                && look.left.is_empty()
                && look.foreign.is_empty()
                && look.unseen.is_empty();
            if !(look.is_free() || look.taken.is_some() || in_part) {
                return Err(wait::held(self.service, port, &look));
            }
        }
        self.service.clear_start_limit(deadline).map_err(failed)?;
        let cleared = self.service.status(deadline).map_err(failed)?;
        if matches!(cleared.active, Active::Running | Active::Starting) {
            // The dead-man's switch, or whoever else, has just started it.
            return self.confirm(&cleared, deadline);
        }
        self.mark = Some(self.service.mark(deadline).map_err(failed)?);
        let before = self.before(deadline)?;
        self.report.changed = true;
        self.began = Instant::now();
        let firm = deadline.uninterruptible();
        self.service.start(&firm).map_err(failed)?;
        let first = self.service.status(&firm).map_err(failed)?;
        self.count_from(first.restarts, &firm)?;
        let limit = deadline.or_after(self.request.timeout);
        self.see(Run::after(&cleared), before, &limit)
    }

    /// What it is made of is fetched or built while the old one runs. Then what is made of something else now is replaced:
    /// part for part where the supervisor can, else the whole.
    fn renew(
        &mut self,
        images: Images,
        status: &Status,
        deadline: &Deadline,
    ) -> Result<(), Failure> {
        let failed = |error: service::Error| fail::service(&error);
        drop(self.lease.lock(deadline)?);
        let runs = matches!(status.active, Active::Running | Active::Starting);
        if runs && !self.is_live(deadline)? {
            return self.confirm(status, deadline);
        }
        let fetching = deadline.or_after(images.timeout);
        self.service
            .prepare(images.pull, images.build, &fetching)
            .map_err(failed)?;
        if !runs && status.main_pid.is_none() {
            return self.start(status, deadline);
        }
        self.mark = Some(self.service.mark(deadline).map_err(failed)?);
        drop(self.lease.lock(deadline)?);
        self.began = Instant::now();
        let firm = deadline.uninterruptible();
        if !self.service.refresh(&firm).map_err(failed)? {
            return self.replace(status, deadline);
        }
        let now = self.service.status(&firm).map_err(failed)?;
        if now.invocation == status.invocation {
            return self.confirm(&now, deadline);
        }
        self.report.changed = true;
        self.count_from(now.restarts, &firm)?;
        let limit = deadline.or_after(self.request.timeout);
        self.see(Run::that(&now), Some(runs_of(status)), &limit)
    }

    /// Whether nothing speaks against what runs being the live release.
    fn is_live(&self, deadline: &Deadline) -> Result<bool, Failure> {
        let expectation = Expectation {
            release_dir: Some(self.live.directory.clone()),
            ..Expectation::default()
        };
        let proof = self
            .service
            .proof(&expectation, deadline)
            .map_err(|error| fail::service(&error))?;
        Ok(proof.verdict != Verdict::Disproven
            || self
                .service
                .status(deadline)
                .is_ok_and(|now| now.active == Active::Starting))
    }

    /// It runs already: that is fine if it runs out of the live release, whoever started it.
    fn confirm(&mut self, status: &Status, deadline: &Deadline) -> Result<(), Failure> {
        drop(self.lease.lock(deadline)?);
        self.report.restarts_at_switch = status.restarts;
        let limit = deadline.or_after(self.request.timeout);
        if status.active == Active::Running && self.application.is_of_before(status)? {
            return self.replace(status, deadline);
        }
        if status.active == Active::Running {
            let expectation = Expectation {
                release_dir: Some(self.live.directory.clone()),
                ..Expectation::default()
            };
            // One that has been there for a while shows its own face.
            let young = status.active_for.is_none_or(|age| age < SECOND_THOUGHTS);
            let proof = self.proof(&expectation, young, &limit)?;
            if proof.verdict == Verdict::Disproven && !status.socket_units.is_empty() {
                return self.replace(status, deadline);
            }
            if proof.verdict == Verdict::Disproven {
                self.report.pid = status.main_pid;
                return Err(self.disproven(proof));
            }
        }
        self.see(Run::that(status), None, &limit)
    }

    /// A connection that came in between the stop and now has started the old release again, through the service's own
    /// socket: that run is replaced, while the socket stays open. In place the same goes for whatever began before the working
    /// tree held the live release.
    fn replace(&mut self, status: &Status, deadline: &Deadline) -> Result<(), Failure> {
        let failed = |error: service::Error| fail::service(&error);
        self.mark = Some(self.service.mark(deadline).map_err(failed)?);
        let before = self.before(deadline)?;
        self.report.changed = true;
        self.began = Instant::now();
        let firm = deadline.uninterruptible();
        self.service
            .restart(self.request.timeout, &firm)
            .map_err(failed)?;
        let first = self.service.status(&firm).map_err(failed)?;
        self.count_from(first.restarts, &firm)?;
        let limit = deadline.or_after(self.request.timeout);
        self.see(Run::after(status), before, &limit)
    }

    /// Waits until it is up, proves it, and disarms what would start it otherwise.
    fn see(
        &mut self,
        run: Run,
        before: Option<Before>,
        deadline: &Deadline,
    ) -> Result<(), Failure> {
        let signs = Signs {
            port: self.request.port,
            health: &self.request.health,
        };
        let status = wait::until_up(self.service, run, &signs, deadline)?;
        self.report.pid = status.main_pid;
        self.report.invocation.clone_from(&status.invocation);
        Change::to(&mut self.report.images, &status);
        self.report.start_ms = u64::try_from(self.began.elapsed().as_millis()).ok();
        let expectation = Expectation {
            before,
            release_dir: Some(self.live.directory.clone()),
            port: self.request.port,
            endpoints: None,
        };
        let proof = self.proof(&expectation, true, deadline)?;
        match proof.verdict {
            Verdict::Proven => {}
            Verdict::Unprovable if self.request.accept_unprovable => {}
            Verdict::Unprovable => return Err(self.unprovable(proof)),
            Verdict::Disproven => return Err(self.disproven(proof)),
        }
        self.report.proof = Some(proof);
        let last = Deadline::after(LAST_WORDS).uninterruptible();
        // A switch that stays armed finds the service running and does nothing.
        self.report.disarmed = self.service.disarm_dead_man(&last).ok() == Some(Disarmed::Now);
        Ok(())
    }

    /// The proof; what speaks against a young process, or cannot be seen of it yet, is believed only when it lasts: a worker of
    /// a cluster is there before it has entered its directory.
    fn proof(
        &self,
        expectation: &Expectation,
        young: bool,
        deadline: &Deadline,
    ) -> Result<Proof, Failure> {
        let patience = |limit| deadline.or_after(if young { limit } else { Duration::ZERO });
        let (against, unseen) = if self.request.accept_unprovable {
            (patience(SECOND_THOUGHTS), patience(SECOND_THOUGHTS))
        } else {
            (patience(SECOND_THOUGHTS), patience(UNSEEN))
        };
        loop {
            let proof = self
                .service
                .proof(expectation, deadline)
                .map_err(|error| fail::service(&error))?;
            let over = match proof.verdict {
                Verdict::Proven => true,
                Verdict::Disproven => against.sleep(BETWEEN_PROOFS).is_err(),
                Verdict::Unprovable => unseen.sleep(BETWEEN_PROOFS).is_err(),
            };
            if over {
                return Ok(proof);
            }
        }
    }

    /// What ran before, by the state; the last look at the lease before the start.
    fn before(&self, deadline: &Deadline) -> Result<Option<Before>, Failure> {
        let held = self.lease.lock(deadline)?;
        Ok(held.state.switch.as_ref().and_then(runs::before))
    }

    /// From now on restarts count from what the counter shows.
    fn count_from(&mut self, restarts: Option<u64>, deadline: &Deadline) -> Result<(), Failure> {
        self.report.restarts_at_switch = restarts;
        let mut held = self.lease.lock(deadline)?;
        let log = self.mark.as_ref().and_then(runs::keep_mark);
        record(&mut held, |state| {
            state.started(self.lease.id(), restarts, log)
        })
    }

    fn disproven(&mut self, proof: Proof) -> Failure {
        let failure = if self.report.changed {
            let (name, reasons) = (self.service.name(), proof.reasons.join("; "));
            let message = format!("it is not the new process of {name} that answers: {reasons}");
            Failure::no("proof-disproven", message).hint("rollback")
        } else {
            still_old(self.service, &proof)
        };
        self.report.proof = Some(proof);
        failure
    }

    fn unprovable(&mut self, proof: Proof) -> Failure {
        let message = format!(
            "{} is up, but it cannot be seen whether its new process answers: {}; {}",
            self.service.name(),
            proof.reasons.join("; "),
            Proof::MORE
        );
        self.report.proof = Some(proof);
        Failure::no("proof-unprovable", message).hint("sudo service-start")
    }

    /// The failure with what is known, and with the service's own last words.
    fn fail(mut self, failure: Failure) -> Failure {
        let deadline = Deadline::after(LAST_WORDS).uninterruptible();
        if self.report.changed
            && self.report.pid.is_none()
            && let Ok(status) = self.service.status(&deadline)
        {
            self.report.pid = status.main_pid;
            self.report.invocation = status.invocation;
        }
        if let Some(mark) = &self.mark {
            let tail = self.service.log_since(mark, LOG_LINES, &deadline);
            self.report.log_tail = Some(tail.unwrap_or_else(|error| vec![error.to_string()]));
        }
        failure.with(&self.report)
    }
}
