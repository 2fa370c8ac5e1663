//! The wait itself.

mod stays;

use crate::judge::Judgement;
use crate::pace::{Pace, Tally, Verdict as Looked};
use crate::report::{HealthReport, WatchReport, milliseconds};
use crate::soak::Soak;
use crate::targets::Targets;
use crate::watch::{Looks, Watch};
use deadline::{Deadline, Ended};
use probe::{Network, Question};
use service::{Proof, Verdict};
use std::time::{Duration, Instant};
use step::{Failure, counted};

/// An answer of the machine's that stays the same for so many looks is believed: what this user may not see now, it will
/// not see later.
const UNPROVABLE_LOOKS: u32 = 3;

/// What is to be well.
#[derive(Debug, Clone, Default)]
pub struct WaitRequest {
    /// The targets.
    pub questions: Vec<Question>,
    /// What their latest answers may take on average.
    pub max_average_latency: Option<Duration>,
    /// The service behind them.
    pub watch: Option<Watch>,
    /// How often is looked, and when it is enough.
    pub pace: Pace,
}

/// Waits until every target and the service are well, often enough in a row, and it is proven that it is the new process
/// that answers, where that is asked for.
///
/// A failure carries the same report: `timed-out` at the deadline (`proof-disproven` where all was well but for the
/// process that answers), `not-healthy` once the attempts are used up, `service-failed` as soon as waiting is of no use, `proof-unprovable`
/// where only the proof is missing.
pub fn wait(request: &WaitRequest, deadline: &Deadline) -> Result<HealthReport, Failure> {
    wait_and_watch(request, None, deadline)
}

/// The same, and then watches that it stays so. `deadline` is for the wait alone; the watch ends by its own time or a signal.
///
/// A watch that fails says `error-rate`, `service-failed`, `limit-exceeded` or `port-lost`; `not-healthy`, `proof-disproven` or
/// `proof-unprovable` for what is so at its end.
pub fn wait_and_watch(
    request: &WaitRequest,
    mut soak: Option<Soak<'_>>,
    deadline: &Deadline,
) -> Result<HealthReport, Failure> {
    let mut wait = Wait {
        targets: Targets::new(
            &request.questions,
            request.pace.interval,
            request.max_average_latency,
        ),
        looks: request.watch.as_ref().map(|watch| {
            let endpoints = endpoints(&request.questions);
            Looks::new(watch, endpoints, request.pace.interval, soak.is_some())
        }),
        accept_unprovable: request
            .watch
            .as_ref()
            .is_some_and(|watch| watch.accept_unprovable),
        tally: Tally::new(request.pace.clone()),
        interval: request.pace.interval,
        proof: None,
        unprovable: 0,
        reasons: Vec::new(),
        watched: None,
    };
    let mut result = wait.until_over(deadline);
    if let (Ok(()), Some(soak)) = (&result, &mut soak) {
        result = wait.watch(&request.questions, soak);
    }
    let mut report = wait.report();
    match result {
        Ok(()) => {
            report.healthy = true;
            Ok(report)
        }
        Err(failure) => {
            report.log_tail = wait.looks.as_ref().map(Looks::tail);
            Err(failure.with(&report))
        }
    }
}

/// The ports of this host at which is asked, where anything is asked over the network.
fn endpoints(questions: &[Question]) -> Option<Vec<u16>> {
    let networks: Vec<Network> = questions
        .iter()
        .filter_map(|question| question.target.network())
        .collect();
    let local = networks.iter().filter(|network| network.is_loopback);
    (!networks.is_empty()).then(|| local.map(|network| network.port).collect())
}

/// A look that the end of the whole wait has cut off.
fn is_cut_off(failure: &Failure, deadline: &Deadline) -> bool {
    failure.code() == "timed-out" && deadline.check().is_err()
}

struct Wait<'a> {
    targets: Targets,
    looks: Option<Looks<'a>>,
    accept_unprovable: bool,
    tally: Tally,
    interval: Duration,
    proof: Option<Proof>,
    /// Looks in a row that found all well but could not prove it.
    unprovable: u32,
    /// What was not well at the last look.
    reasons: Vec<String>,
    /// What the watch came to.
    watched: Option<WatchReport>,
}

impl Wait<'_> {
    fn until_over(&mut self, deadline: &Deadline) -> Result<(), Failure> {
        loop {
            if let Err(ended) = deadline.check() {
                return Err(self.ended(ended));
            }
            let began = Instant::now();
            let well = self.look(deadline)?;
            match self.tally.look(began, well) {
                Looked::Healthy => return Ok(()),
                Looked::UsedUp => return Err(self.used_up()),
                Looked::Open => {}
            }
            if self.unprovable >= UNPROVABLE_LOOKS {
                return Err(self.unprovable());
            }
            let pause = self.pause(well);
            if let Err(ended) = deadline.sleep(pause) {
                return Err(self.ended(ended));
            }
        }
    }

    /// One look at everything that is due. Whether all is well, by answers of this very look.
    fn look(&mut self, deadline: &Deadline) -> Result<bool, Failure> {
        let answered = self.targets.look(deadline);
        let mut reasons = self.targets.unwell();
        if let Some(looks) = &mut self.looks
            && (answered || looks.is_due())
        {
            let judgement = match looks.look(deadline) {
                // Cut off by the end of the wait: what was seen before counts.
                Err(failure) if is_cut_off(&failure, deadline) => {
                    if self.reasons.is_empty() {
                        self.reasons = vec![failure.message().to_owned()];
                    }
                    return Ok(false);
                }
                judged => judged?,
            };
            match judgement {
                Judgement::Well => {}
                Judgement::Unwell(more) => reasons.extend(more),
                Judgement::Hopeless(why) => {
                    self.reasons.clone_from(&why);
                    return Err(Failure::no("service-failed", why.join("; ")).hint("rollback"));
                }
            }
        } else if answered && self.looks.is_none() {
            self.reasons = Vec::new();
            return Ok(true);
        }
        self.reasons = reasons;
        if !answered || !self.reasons.is_empty() {
            self.unprovable = 0;
            return Ok(false);
        }
        self.prove(deadline)
    }

    /// All is well: is it the new process that says so?
    fn prove(&mut self, deadline: &Deadline) -> Result<bool, Failure> {
        let Some(looks) = &self.looks else {
            return Ok(true);
        };
        let proven_before = self
            .proof
            .as_ref()
            .is_some_and(|proof| proof.verdict == Verdict::Proven);
        self.proof = match looks.prove(deadline) {
            Ok(proof) => proof,
            Err(failure) if failure.code() == "timed-out" => {
                self.reasons = match &self.proof {
                    Some(proof) if is_cut_off(&failure, deadline) => proof.reasons.clone(),
                    _ => vec![failure.message().to_owned()],
                };
                return Ok(false);
            }
            Err(failure) => return Err(failure),
        };
        let Some(proof) = &self.proof else {
            return Ok(true);
        };
        match proof.verdict {
            Verdict::Proven => {
                self.unprovable = 0;
                // The answer before the proof may still have been the old process's last word.
                let well = proven_before || self.targets.look_again(deadline);
                if !well {
                    self.reasons = self.targets.unwell();
                }
                Ok(well)
            }
            Verdict::Disproven => {
                self.unprovable = 0;
                self.reasons.clone_from(&proof.reasons);
                Ok(false)
            }
            Verdict::Unprovable if self.accept_unprovable => Ok(true),
            Verdict::Unprovable => {
                self.unprovable += 1;
                self.reasons.clone_from(&proof.reasons);
                Ok(false)
            }
        }
    }

    /// Until something is due.
    fn pause(&self, well: bool) -> Duration {
        let now = Instant::now();
        let mut next = now + self.interval;
        if !well {
            // What answers but is not proven is asked again with the next look at the service.
            let service = self.looks.as_ref().map(Looks::next_due);
            let targets = self.targets.next_due();
            let attempt = self.tally.next_attempt();
            for due in [service, targets, attempt].into_iter().flatten() {
                next = next.min(due);
            }
        }
        next.saturating_duration_since(now)
            .max(Duration::from_millis(1))
    }

    fn report(&self) -> HealthReport {
        let reasons = match &self.proof {
            Some(proof) if self.reasons.is_empty() => proof.reasons.clone(),
            _ => self.reasons.clone(),
        };
        HealthReport {
            healthy: false,
            attempts: self.tally.attempts(),
            targets: self.targets.report(),
            average_latency_ms: self.targets.average().map(milliseconds),
            watch: self.watched.clone(),
            service: self.looks.as_ref().and_then(|looks| looks.report.clone()),
            proof: self.proof.as_ref().map(|proof| proof.verdict),
            reasons,
            log_tail: None,
        }
    }

    fn is_disproven(&self) -> bool {
        self.targets.unwell().is_empty()
            && self.proof.as_ref().is_some_and(|proof| {
                proof.verdict == Verdict::Disproven && proof.reasons == self.reasons
            })
    }

    fn what_is_wrong(&self) -> String {
        if self.reasons.is_empty() {
            "it was not well often enough in a row".to_owned()
        } else {
            self.reasons.join("; ")
        }
    }

    fn ended(&self, ended: Ended) -> Failure {
        match ended {
            Ended::Signal(_) => ended.into(),
            Ended::Passed if self.is_disproven() => Failure::timed_out(
                "proof-disproven",
                format!("another process answers: {}", self.what_is_wrong()),
            )
            .hint("service-stop && service-start"),
            Ended::Passed => self.with_hint(Failure::timed_out(
                "timed-out",
                format!("not well in time: {}", self.what_is_wrong()),
            )),
        }
    }

    fn used_up(&self) -> Failure {
        if self.unprovable > 0 {
            return self.unprovable();
        }
        let code = if self.is_disproven() {
            "proof-disproven"
        } else {
            "not-healthy"
        };
        let attempts = counted(self.tally.attempts(), "attempt");
        let wrong = self.what_is_wrong();
        self.with_hint(Failure::no(
            code,
            format!("not well after {attempts}: {wrong}"),
        ))
    }

    fn with_hint(&self, failure: Failure) -> Failure {
        match &self.looks {
            Some(looks) if looks.is_only_stopped() => failure.hint("service-start"),
            Some(_) => failure.hint("rollback"),
            None => failure,
        }
    }

    fn unprovable(&self) -> Failure {
        Failure::no(
            "proof-unprovable",
            format!(
                "all is well, but it cannot be proven that the new process answers: {}; {}",
                self.what_is_wrong(),
                Proof::MORE
            ),
        )
        .hint("sudo healthwait")
    }
}
