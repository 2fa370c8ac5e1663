//! Settling what a dead deploy left.

use crate::{Application, Placed, Serves, Undrained, fail};
use camino::Utf8Path;
use deadline::Deadline;
use durable::{Kind, Leftover};
use service::{Expectation, Service, Verdict};
use state::{Contradiction, Deploy, Held, Link, Outcome, Settlement, State, settle};
use std::io;
use std::time::{Duration, SystemTime};
use step::Failure;

/// How long a release that was validated is watched for a crash loop.
pub const PROBATION: Duration = Duration::from_secs(600);
/// How long a plain process may take to end by itself where a rollback is finished; then it is killed.
const STOP: Duration = Duration::from_secs(30);
/// More bytes than any flag has.
const LARGEST_FLAG: u64 = 64 * 1024;

/// What recovery came to.
#[derive(Debug, Clone)]
pub struct Recovered {
    /// The deploy that was settled.
    pub id: String,
    /// How it is recorded.
    pub settlement: Settlement,
    /// Whether the service was started.
    pub started: bool,
    /// What of its unfinished directories and files is gone.
    pub swept: Swept,
    /// What became of the servers that it had drained.
    pub undrained: Undrained,
}

/// Who starts the service, where a dead deploy may have stopped it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Start<'a> {
    /// Whoever settles the deploy, where there is a service.
    Now(Option<&'a Service>),
    /// Somebody else, afterwards.
    Later,
}

impl Application {
    /// Settles the deploy `id`, whose holder the caller has judged to be gone (`the holder died`): finishes or undoes an announced switch,
    /// starts the service where it may have been stopped, removes what was half made, lowers the drain flag, makes
    /// ready the servers that were drained, and
    /// records the outcome. Can be killed at any instant and begun again.
    pub fn recover(
        &self,
        id: &str,
        gone: &str,
        service: Option<&Service>,
        deadline: &Deadline,
    ) -> Result<Recovered, Failure> {
        let unseen = || Serves::AsBefore;
        self.recover_seen(id, gone, service, unseen, deadline)
    }

    /// The same by who looks first, once the service is started, whether it serves: nothing is to be sent to one that does not.
    pub fn recover_seen(
        &self,
        id: &str,
        gone: &str,
        service: Option<&Service>,
        look: impl FnOnce() -> Serves,
        deadline: &Deadline,
    ) -> Result<Recovered, Failure> {
        self.settle(id, gone, Start::Now(service), look, deadline)
    }

    /// The same, whoever starts the service.
    pub(crate) fn settle(
        &self,
        id: &str,
        gone: &str,
        start: Start<'_>,
        look: impl FnOnce() -> Serves,
        deadline: &Deadline,
    ) -> Result<Recovered, Failure> {
        let (settlement, flag) = self.settle_link(id, gone, deadline)?;
        let mut started = false;
        if let (true, Start::Now(Some(service))) = (settlement.start, start) {
            started = self.bring_up(id, service, &settlement, deadline)?;
        }
        let swept = self.sweep(deadline)?;
        lower(flag.as_deref())?;
        let undrained = match start {
            // Nothing is to be sent to a service that may be stopped.
            Start::Later if settlement.start => Undrained::default(),
            _ => self.undrain(id, look(), deadline)?,
        };
        let mut held = self.lock(deadline)?;
        undrained.note_in(&mut held.state);
        let why = Some(settlement.why.as_str());
        let note = if held
            .state
            .deploy()
            .is_some_and(|deploy| deploy.moment_of.is_some())
            && settlement.outcome == Outcome::Aborted
        {
            held.state.leave(id, why)
        } else {
            held.state
                .end(id, settlement.outcome, why, SystemTime::now(), PROBATION)
        };
        let note = note.map_err(|refused| fail::refused(&refused))?;
        held.write(note).map_err(fail::store)?;
        Ok(Recovered {
            id: id.into(),
            settlement,
            started,
            swept,
            undrained,
        })
    }

    /// Starts the service where it does not run; replaces it where a rollback has been finished and what runs is still what
    /// was to be rolled back, and where what runs began before its working tree held what is live. One order to the supervisor, so that a kill leaves nothing half done; and asked for again by
    /// whoever settles this again, for what runs is looked at and not remembered.
    fn bring_up(
        &self,
        id: &str,
        service: &Service,
        settlement: &Settlement,
        deadline: &Deadline,
    ) -> Result<bool, Failure> {
        let failed = |error: service::Error| fail::service(&error);
        let status = service.status(deadline).map_err(failed)?;
        let expectation = Expectation {
            release_dir: self.runs()?.map(Into::into),
            ..Expectation::default()
        };
        let runs = !status.active.is_over();
        let is_other = runs
            && settlement.outcome == Outcome::RolledBack
            && service
                .proof(&expectation, deadline)
                .map_err(failed)?
                .verdict
                == Verdict::Disproven;
        // In place all releases run in one directory; and what ran while it was put right has read from both.
        let replace = is_other || (runs && self.is_of_before(&status)?);
        // Another that found the holder dead may have settled it meanwhile, and then it is that one's service.
        let held = self.lock(deadline)?;
        held.state
            .held_by(id)
            .map_err(|refused| fail::refused(&refused))?;
        drop(held);
        if !(replace || status.active.is_over()) {
            return Ok(false);
        }
        service.clear_start_limit(deadline).map_err(failed)?;
        if replace {
            service.restart(STOP, deadline).map_err(failed)?;
        } else {
            service.start(deadline).map_err(failed)?;
        }
        Ok(true)
    }

    /// Brings the link and the state's word about it together.
    fn settle_link(
        &self,
        id: &str,
        gone: &str,
        deadline: &Deadline,
    ) -> Result<(Settlement, Option<String>), Failure> {
        let look = |held: &Held<'_>| {
            let held_by = held.state.held_by(id);
            let deploy = held_by.map_err(|refused| fail::refused(&refused))?.clone();
            let link = self.link_as_it_is()?;
            let settlement = decide(&held.state, &deploy, &link, gone)?;
            Ok::<_, Failure>((deploy, link, settlement))
        };
        let (_, link, settlement) = look(&self.lock(deadline)?)?;
        // A mirror takes its time, and nobody waits for it: what is to be done is looked at again afterwards.
        let _placed = match settlement.switch_to.as_deref().or(link.release()) {
            Some(release) => self.complete(release, deadline)?,
            None => Placed::default(),
        };
        let mut held = self.lock(deadline)?;
        let (deploy, link, settlement) = look(&held)?;
        if let Some(to) = &settlement.switch_to {
            self.switch_link(to)?;
        }
        let announced = deploy.intent.as_ref().map(|intent| intent.to.as_str());
        let done = settlement.switch_to.as_deref().or(link.release());
        let note = if announced.is_some() && announced == done {
            held.state.switched(id)
        } else {
            held.state.withdraw(id, done)
        };
        let note = note.map_err(|refused| fail::refused(&refused))?;
        held.write(note).map_err(fail::store)?;
        Ok((settlement, deploy.pending_file))
    }

    /// What `current` is, with the strange cases told apart from release names.
    fn link_as_it_is(&self) -> Result<Link, Failure> {
        use releases::Current;
        let current = self.current()?;
        Ok(match current {
            Current::Absent => Link::Absent,
            Current::Release(name) => Link::At(name),
            Current::Outside(path) => Link::Strange(format!("current leads to {path}")),
            Current::Dangling(path) => {
                Link::Strange(format!("current leads to {path}, which is gone"))
            }
            Current::NotALink => Link::Strange("current is not a link".into()),
        })
    }

    /// Removes what was being made or removed when its maker died. What cannot be removed stays for the next time: a
    /// file that somebody protects must not keep everyone from deploying.
    pub fn sweep(&self, deadline: &Deadline) -> Result<Swept, Failure> {
        let mut places: Vec<&Utf8Path> = vec![&self.layout.releases];
        places.extend(self.layout.current.parent());
        places.extend(self.layout.state.parent());
        places.sort();
        places.dedup();
        let mut swept = Swept::default();
        let mut trees = Vec::new();
        // Under the lock no living tool has a temporary file or link there.
        let held = self.lock(deadline)?;
        for place in places {
            let leftovers = durable::leftovers(place).map_err(|error| fail::durable(&error))?;
            for leftover in leftovers.into_iter().filter(|leftover| !leftover.in_use) {
                if leftover.kind == Kind::Temporary {
                    swept.take(&leftover);
                } else {
                    trees.push(leftover);
                }
            }
        }
        // A tree may take its time, and has a sign of life of its own.
        drop(held);
        for tree in &trees {
            swept.take(tree);
        }
        Ok(swept)
    }
}

/// What is to be done about it, where the disk shows what the state knows.
fn decide(state: &State, deploy: &Deploy, link: &Link, gone: &str) -> Result<Settlement, Failure> {
    let id = &deploy.id;
    settle(state, deploy, link, gone).map_err(|Contradiction(what)| {
        Failure::impossible(
            "contradiction",
            format!("deploy {id} cannot be settled: {what}"),
        )
        .hint(format!("release-swap RELEASE --id {id}"))
    })
}

/// What a sweep came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// The paths that were removed.
    pub removed: Vec<String>,
    /// Why others could not be.
    pub left: Vec<String>,
}

impl Swept {
    fn take(&mut self, leftover: &Leftover) {
        match leftover.remove() {
            Ok(_) => self.removed.push(leftover.path.display().to_string()),
            Err(error) => self.left.push(error.to_string()),
        }
    }
}

/// Takes away the flag that asks the service to take no new work. Already gone is as good. The state names its path, and
/// whoever may write the state need not be who runs this: what is no flag stays.
pub fn lower(flag: Option<&str>) -> Result<(), Failure> {
    let Some(flag) = flag else {
        return Ok(());
    };
    let content = match durable::read(flag, LARGEST_FLAG) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(fail::durable(&error)),
    };
    let says: serde_json::Value = serde_json::from_slice(&content).unwrap_or_default();
    if !(says["deployId"].is_string() && says["expiresAt"].is_string()) {
        return Err(Failure::impossible(
            "not-a-flag",
            format!("{flag} is not a flag that drain-wait raised, and is left alone"),
        )
        .hint(format!("cat {flag}")));
    }
    durable::remove(flag).map_err(|error| fail::durable(&error))?;
    Ok(())
}
