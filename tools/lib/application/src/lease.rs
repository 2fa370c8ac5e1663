//! The lease: taken, held through a step, given back.

use crate::recover::Start;
use crate::{Application, Serves, fail, who};
use deadline::Deadline;
use host::{Identity, Proc};
use state::lease::{Claim, Holder, Patience, claim};
use state::{Begin, Held, Note, Phase, Rate, Refused, State, Status};
use std::num::NonZeroU64;
use std::time::{Duration, SystemTime};
use step::{Context, Failure};

/// How long the state's lock is waited for. It is held for milliseconds; on a disk that hangs, longer.
const LOCK_PATIENCE: Duration = Duration::from_secs(30);
/// Silence after which a holder that nobody can prove dead may be replaced by who insists.
pub const STALE_AFTER: Duration = Duration::from_secs(300);

/// What a deploy that begins is to be.
#[derive(Debug, Clone)]
pub struct Request {
    /// What it is to be called; a new name where there is none.
    pub id: Option<String>,
    /// Who begins it.
    pub by: String,
    /// The process that holds the lease; none where it is held by hand.
    pub owner: Option<Identity>,
    /// The tool that wants it for one moment.
    pub moment_of: Option<String>,
    /// The release that is to go live, where it is known.
    pub release: Option<String>,
    /// The commit that is to go live, where it is known.
    pub commit: Option<String>,
    /// When a silent holder is replaced.
    pub patience: Patience,
    /// How often there may be one.
    pub rate: Rate,
    /// After how many failed ones in a row there are to be no more; none where that makes no difference.
    pub pause_after: Option<NonZeroU64>,
}

/// A deploy that has begun.
#[derive(Debug, Clone)]
pub struct Begun {
    /// Its name.
    pub id: String,
    /// The state that it began with.
    pub state: State,
    /// The holder that it replaced.
    pub took_over: Option<Holder>,
}

/// The right to change the application, for one step: the deploy's, or one taken for this moment.
#[derive(Debug)]
pub struct Lease<'a> {
    application: &'a Application,
    id: String,
    moment: bool,
}

impl Application {
    /// The deadline for the state's lock, within the step's own.
    pub fn lock(&self, deadline: &Deadline) -> Result<Held<'_>, Failure> {
        self.store
            .lock(&deadline.or_after(LOCK_PATIENCE))
            .map_err(fail::store)
    }

    /// Begins a deploy, settling first what a dead one left. The service is not touched by that; see
    /// [`Application::recover`] for what also starts it.
    pub fn begin(&self, request: &Request, deadline: &Deadline) -> Result<Begun, Failure> {
        let mut took_over = None;
        loop {
            let mut held = self.lock(deadline)?;
            match claim(&held.state, request.patience, SystemTime::now()) {
                Claim::Free => {}
                Claim::Held(holder) => return Err(busy(&holder)),
                Claim::Abandoned(holder) => {
                    drop(held);
                    let (id, gone) = (&holder.deploy_id, "the holder died");
                    self.settle(id, gone, Start::Later, Serves::default, deadline)?;
                    took_over = Some(holder);
                    continue;
                }
            }
            if request.moment_of.is_none() {
                self.allowed(request.rate)?;
                held.state.failing.pause_after = request.pause_after;
            }
            let link = self.link()?;
            self.learn(&mut held.state)?;
            let id = match &request.id {
                Some(id) => id.clone(),
                None => who::new_id()
                    .map_err(|error| Failure::impossible("io", format!("/dev/urandom: {error}")))?,
            };
            let note = held.state.begin(Begin {
                id: id.clone(),
                at: SystemTime::now(),
                by: request.by.clone(),
                owner: request.owner.clone(),
                moment_of: request.moment_of.clone(),
                live: link.release().map(str::to_owned),
                release: request.release.clone(),
                commit: request.commit.clone(),
            });
            held.write(note).map_err(fail::store)?;
            return Ok(Begun {
                id,
                state: held.state.clone(),
                took_over,
            });
        }
    }

    /// Whether one more deploy is within the rate.
    fn allowed(&self, rate: Rate) -> Result<(), Failure> {
        if rate == Rate::NONE {
            return Ok(());
        }
        let told = self.store.told().map_err(fail::store)?;
        let used = rate.used(&told, None, SystemTime::now());
        let Some(again_at) = used.again_at else {
            return Ok(());
        };
        let again_at = clock::rfc3339(again_at);
        let message =
            format!("{used} already, and {rate} are allowed: the next one from {again_at} on");
        Err(Failure::no("rate-limited", message).hint("deploy-state history --last 20"))
    }

    /// The lease for a step of `tool`: that of the deploy which `--id` names, else one taken for this moment.
    /// `patience` says when a dead or silent holder is replaced.
    pub fn enter(
        &self,
        context: &Context,
        tool: &str,
        patience: Duration,
        deadline: &Deadline,
    ) -> Result<Lease<'_>, Failure> {
        if let Some(id) = context.deploy_id() {
            let lease = Lease {
                application: self,
                id: id.into(),
                moment: false,
            };
            lease.lock(deadline)?;
            return Ok(lease);
        }
        let owner = Proc::system().identity_of(std::process::id()).ok();
        let request = Request {
            id: None,
            by: who::initiator(),
            owner,
            moment_of: Some(tool.into()),
            release: None,
            commit: None,
            patience: Patience {
                stale_after: patience,
                take_over: false,
            },
            rate: Rate::NONE,
            pause_after: None,
        };
        let begun = self.begin(&request, deadline)?;
        Ok(Lease {
            application: self,
            id: begun.id,
            moment: true,
        })
    }
}

impl Lease<'_> {
    /// The deploy's name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether it was taken for this step alone.
    pub fn is_moment(&self) -> bool {
        self.moment
    }

    /// Locks the state, and makes sure once more that the lease has not been lost.
    pub fn lock(&self, deadline: &Deadline) -> Result<Held<'_>, Failure> {
        let held = self.application.lock(deadline)?;
        held.state
            .held_by(&self.id)
            .map_err(|refused| fail::refused(&refused))?;
        Ok(held)
    }

    /// From here on something is touched: a deploy that fails or dies after this has a service or a link to bring back. It
    /// enters the phase that says so, where it is not there yet.
    pub fn enter_restart(&self, held: &mut Held<'_>) -> Result<(), Failure> {
        if self.moment || !matches!(held.state.status, Status::Deploying(_)) {
            return Ok(());
        }
        let note = held.state.enter(&self.id, Phase::Restart);
        match note.map_err(|refused| fail::refused(&refused))? {
            Some(note) => held.write(note).map_err(fail::store),
            None => Ok(()),
        }
    }

    /// Gives back what was taken for this moment; nothing where it is a deploy's.
    pub fn leave(mut self, why: Option<&str>, deadline: &Deadline) -> Result<(), Failure> {
        if !std::mem::take(&mut self.moment) {
            return Ok(());
        }
        self.give_back(why, deadline)
    }

    fn give_back(&self, why: Option<&str>, deadline: &Deadline) -> Result<(), Failure> {
        let mut held = self.application.lock(deadline)?;
        let Ok(note) = held.state.leave(&self.id, why) else {
            // Somebody has ended it for us, or taken over: there is nothing to give back.
            return Ok(());
        };
        held.write(note).map_err(fail::store)
    }
}

impl Drop for Lease<'_> {
    /// A step that failed gives its moment back as well. Where even that fails, the lease is that of a process which
    /// is about to be gone, and the next command sees so.
    fn drop(&mut self) {
        if self.moment {
            let deadline = Deadline::after(LOCK_PATIENCE).uninterruptible();
            self.give_back(Some("the step failed"), &deadline).ok();
        }
    }
}

/// Makes one change of the state and writes it down.
pub fn record(
    held: &mut Held<'_>,
    change: impl FnOnce(&mut State) -> Result<Note, Refused>,
) -> Result<(), Failure> {
    let note = change(&mut held.state).map_err(|refused| fail::refused(&refused))?;
    held.write(note).map_err(fail::store)
}

/// The refusal: who, which phase, since when, whether the holder is alive, and what can be done.
pub fn busy(holder: &Holder) -> Failure {
    let (way_on, hint) = match holder.life {
        "by-hand" => (
            format!("; DEPLOY_ID={} goes on with it", holder.deploy_id),
            format!("deploy-state end aborted --id {}", holder.deploy_id),
        ),
        "dead" => (String::new(), "deploy-state recover".to_owned()),
        "alive" => (
            String::new(),
            format!("deploy-state wait {}", holder.deploy_id),
        ),
        _ => (
            "; once it has been silent for --stale-after, it can be replaced".to_owned(),
            "deploy-state recover --take-over".to_owned(),
        ),
    };
    Failure::busy("busy", format!("{holder}{way_on}")).hint(hint)
}
