//! The changes that a state can go through. Pure: they say what is to be written, and write nothing.

use crate::model::{Deploy, Intent, Outcome, Phase, State, Status, Switch};
use crate::note::Note;
use crate::refused::Refused;
use host::Identity;
use releases::Verdict;
use serde_json::json;
use std::time::{Duration, SystemTime};

/// What a deploy that begins says of itself.
#[derive(Debug, Clone)]
pub struct Begin {
    /// Its name.
    pub id: String,
    /// When it begins.
    pub at: SystemTime,
    /// Who begins it.
    pub by: String,
    /// The process that holds the lease; none where it is held by hand.
    pub owner: Option<Identity>,
    /// The tool that takes the lease for one moment.
    pub moment_of: Option<String>,
    /// The release that `current` selects.
    pub live: Option<String>,
    /// The release that is to go live, where it is known already.
    pub release: Option<String>,
    /// The commit that is to go live, where it is known already.
    pub commit: Option<String>,
}

impl State {
    /// A deploy takes the lease. Whether it may is [`crate::lease`]'s to say.
    pub fn begin(&mut self, begin: Begin) -> Note {
        let Begin {
            id,
            at,
            by,
            owner,
            moment_of,
            live,
            release,
            commit,
        } = begin;
        let previous = self
            .fallback(live.as_deref())
            .map(|release| release.name.clone());
        let note = Note::new(
            "begun",
            Some(&id),
            json!({
                "by": by, "owner": owner, "release": release, "commit": commit,
                "previousRelease": previous, "liveRelease": live, "momentOf": moment_of,
            }),
        );
        if let Some(live) = live.as_deref().and_then(|name| self.release_mut(name)) {
            live.live = true;
        }
        self.live = live;
        if moment_of.is_none() {
            self.rollbacks_tried = 0;
        }
        let commit_of = |name: Option<&String>| {
            name.and_then(|name| self.release(name))
                .and_then(|release| release.commit.clone())
        };
        self.status = Status::Deploying(Deploy {
            previous_commit: commit_of(previous.as_ref()),
            current_commit: commit.or_else(|| commit_of(release.as_ref())),
            id,
            phase: Phase::Lock,
            started_at: at,
            initiated_by: by,
            owner,
            moment_of,
            release,
            previous,
            intent: None,
            pending_file: None,
        });
        note
    }

    /// Whether the deploy `id` holds the lease.
    pub fn held_by(&self, id: &str) -> Result<&Deploy, Refused> {
        match self.deploy() {
            Some(deploy) if deploy.id == id => Ok(deploy),
            other => Err(Refused::LeaseLost {
                id: id.into(),
                holder: other.map(|deploy| deploy.id.clone()),
            }),
        }
    }

    /// The deploy enters a phase, or stays in it. From `restart` on the status is `validating`.
    pub fn enter(&mut self, id: &str, phase: Phase) -> Result<Option<Note>, Refused> {
        let now = self.held_by(id)?.phase;
        if phase < now {
            return Err(Refused::PhaseOrder { now, asked: phase });
        }
        if phase == now {
            return Ok(None);
        }
        if let Some(deploy) = self.deploy_mut() {
            deploy.phase = phase;
        }
        if phase >= Phase::Restart
            && let Status::Deploying(deploy) = &self.status
        {
            self.status = Status::Validating(deploy.clone());
        }
        Ok(Some(Note::new(
            "phase",
            Some(id),
            json!({"phase": phase.name()}),
        )))
    }

    /// A new release has been published; it is the deploy's, where one is going on.
    pub fn staged(&mut self, name: &str, commit: Option<&str>) -> Note {
        let commit = commit.map(str::to_owned);
        let sequence = match self.release_mut(name) {
            Some(known) => {
                known.commit.clone_from(&commit);
                known.sequence
            }
            None => self.add_release(name, commit.clone()),
        };
        let id = self.deploy().map(|deploy| deploy.id.clone());
        if let Some(deploy) = self
            .deploy_mut()
            .filter(|deploy| deploy.moment_of.is_none())
        {
            deploy.release = Some(name.into());
            deploy.current_commit.clone_from(&commit);
        }
        Note::new(
            "staged",
            id.as_deref(),
            json!({"release": name, "sequence": sequence, "commit": commit}),
        )
    }

    /// The switch of the link is announced; the service as it is now goes into the record with it.
    pub fn intend(&mut self, id: &str, intent: Intent, switch: Switch) -> Result<Note, Refused> {
        self.held_by(id)?;
        let note = Note::new(
            "switching",
            Some(id),
            json!({"action": intent.action, "from": intent.from, "to": intent.to}),
        );
        let commit = self
            .release(&intent.to)
            .and_then(|release| release.commit.clone());
        let action = intent.action.clone();
        if action == "swap" {
            // A pipe of tools outside any deploy begins with its switch.
            self.rollbacks_tried = 0;
        }
        if let Some(deploy) = self.deploy_mut() {
            if action == "swap" {
                // It comes back to another one than it brings.
                deploy.previous.take_if(|previous| *previous == intent.to);
                deploy.release = Some(intent.to.clone());
                deploy.current_commit = commit.or(deploy.current_commit.take());
            }
            deploy.intent = Some(intent);
        }
        self.switch = Some(switch);
        self.probation_until = None;
        Ok(note)
    }

    /// The release that is live is the one that this deploy is for: nothing has to be switched, and its service is started anew.
    /// Nothing where that is known, or where no deploy is going on that could end well by it.
    pub fn stays(&mut self, id: &str, release: &str) -> Result<Option<Note>, Refused> {
        self.held_by(id)?;
        let (Status::Deploying(deploy) | Status::Validating(deploy)) = &mut self.status else {
            return Ok(None);
        };
        if deploy.moment_of.is_some() || deploy.release.as_deref() == Some(release) {
            return Ok(None);
        }
        deploy.release = Some(release.into());
        Ok(Some(Note::new(
            "stays",
            Some(id),
            json!({"release": release}),
        )))
    }

    /// The link has been switched as announced.
    pub fn switched(&mut self, id: &str) -> Result<Note, Refused> {
        self.held_by(id)?;
        let intent = self.deploy_mut().and_then(|deploy| deploy.intent.take());
        let (from, to) = intent.map_or((None, None), |intent| (intent.from, Some(intent.to)));
        if let Some(release) = to.as_deref().and_then(|name| self.release_mut(name)) {
            release.live = true;
        }
        self.live.clone_from(&to);
        Ok(Note::new(
            "switched",
            Some(id),
            json!({"from": from, "to": to}),
        ))
    }

    /// An announced switch did not happen; `live` is what the disk shows.
    pub fn withdraw(&mut self, id: &str, live: Option<&str>) -> Result<Note, Refused> {
        self.held_by(id)?;
        let intent = self.deploy_mut().and_then(|deploy| deploy.intent.take());
        self.live = live.map(str::to_owned);
        let to = intent.map(|intent| intent.to);
        Ok(Note::new(
            "not-switched",
            Some(id),
            json!({"to": to, "liveRelease": live}),
        ))
    }

    /// The deploy turns back to `to`: from now on only finishing the rollback can end it.
    pub fn roll_back(
        &mut self,
        id: &str,
        to: &str,
        why: &str,
        automatic: bool,
    ) -> Result<Note, Refused> {
        let mut deploy = self.held_by(id)?.clone();
        if deploy.moment_of.is_some() {
            // Outside any deploy, what is live is what is being judged.
            deploy.release.clone_from(&self.live);
        }
        deploy.intent = Some(Intent {
            action: "rollback".into(),
            from: self.live.clone(),
            to: to.into(),
        });
        self.status = Status::RollingBack(deploy);
        self.rollbacks_tried += u64::from(automatic);
        self.probation_until = None;
        Ok(Note::new(
            "rolling-back",
            Some(id),
            json!({"from": self.live, "to": to, "why": why, "automatic": automatic}),
        ))
    }

    /// A tool gives up the lease that it took for one moment; no release gets a verdict by it.
    pub fn leave(&mut self, id: &str, why: Option<&str>) -> Result<Note, Refused> {
        let moment_of = self.held_by(id)?.moment_of.clone();
        self.status = Status::Idle;
        Ok(Note::new(
            "left",
            Some(id),
            json!({"momentOf": moment_of, "why": why, "liveRelease": self.live}),
        ))
    }

    /// The deploy ends. The release that went live with it gets its verdict; one that went well stays on probation.
    pub fn end(
        &mut self,
        id: &str,
        outcome: Outcome,
        why: Option<&str>,
        at: SystemTime,
        probation: Duration,
    ) -> Result<Note, Refused> {
        let deploy = self.held_by(id)?.clone();
        let tried = deploy.release.clone();
        let is_live = tried.is_some() && tried == self.live;
        let rolling_back = matches!(self.status, Status::RollingBack(_));
        // A release that was never live has not been tried.
        let was_tried = tried
            .as_deref()
            .and_then(|name| self.release(name))
            .is_some_and(|release| release.live);
        if let Some(name) = tried.as_deref().filter(|_| was_tried) {
            let verdict = match outcome {
                Outcome::Succeeded if is_live => Some(Verdict::Good),
                Outcome::RolledBack
                    if self.comes_before_live(name).is_some_and(|before| !before) =>
                {
                    Some(Verdict::Bad)
                }
                // One that was well before is not judged by a start that was to bring it up again.
                Outcome::Failed if (is_live || rolling_back) && !deploy.brings_nothing() => {
                    Some(Verdict::Bad)
                }
                _ => None,
            };
            if let (Some(verdict), Some(release)) = (verdict, self.release_mut(name)) {
                release.verdict = verdict;
            }
        }
        if deploy.moment_of.is_none() {
            self.probation_until = match outcome {
                Outcome::Succeeded => at.checked_add(probation),
                // What went live and was never validated is watched all the more.
                Outcome::Aborted
                    if is_live && !deploy.brings_nothing() && self.probation_until.is_none() =>
                {
                    at.checked_add(probation)
                }
                // What was live before and was not touched keeps what it had.
                Outcome::Aborted | Outcome::Failed => self.probation_until,
                Outcome::RolledBack => None,
            };
        }
        if deploy.moment_of.is_none() {
            self.count_outcome(id, outcome, at);
        }
        let took = at.duration_since(deploy.started_at).unwrap_or_default();
        self.status = Status::Idle;
        Ok(Note::new(
            "ended",
            Some(id),
            json!({
                "outcome": outcome.name(), "why": why, "release": tried, "liveRelease": self.live,
                "momentOf": deploy.moment_of,
                "tookMs": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            }),
        ))
    }

    /// Whether a release is older than the live one; nothing where one of them is not known. To go forward from a release
    /// says nothing against it.
    fn comes_before_live(&self, name: &str) -> Option<bool> {
        let live = self.release(self.live.as_deref()?)?;
        Some(self.release(name)?.sequence <= live.sequence)
    }

    /// The deploy has gone on for longer than is advised.
    pub fn over_limit(&self, id: &str, limit: Duration) -> Result<Note, Refused> {
        self.held_by(id)?;
        let limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        Ok(Note::new(
            "over-limit",
            Some(id),
            json!({"limitMs": limit_ms}),
        ))
    }
}

mod drained;
#[cfg(test)]
mod tests;
