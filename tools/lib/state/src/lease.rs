//! Who holds the lease, whether the holder lives, and whether another may take its place.

use crate::model::{Deploy, State, Status};
use host::{Alive, Proc};
use serde::Serialize;
use std::fmt;
use std::time::{Duration, SystemTime};

/// What can be said of a lease's holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// The deploy.
    pub deploy_id: String,
    /// Who began it.
    pub by: String,
    /// The phase that it is in.
    pub phase: String,
    /// Since when.
    pub since: String,
    /// `alive`, `dead`, `stopped`, `doubtful` or `by-hand`.
    pub life: &'static str,
    /// The proof, or the reason for the doubt.
    pub why: String,
    /// How long ago it last gave a sign of life, in milliseconds.
    pub silent_ms: u64,
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "deploy {} by {} holds the lease: phase {}, since {}, its holder is {}",
            self.deploy_id, self.by, self.phase, self.since, self.life
        )?;
        if self.why.is_empty() {
            Ok(())
        } else {
            write!(formatter, " ({})", self.why)
        }
    }
}

/// Whether a new deploy may have the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nobody holds it.
    Free,
    /// Its holder is dead, or silent for long enough and nobody could prove it alive; what it left is to be settled
    /// first.
    Abandoned(Holder),
    /// It stays with its holder.
    Held(Holder),
}

/// When a holder's silence is long enough, and whether someone insists.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How long a holder that nobody can prove dead must have been silent.
    pub stale_after: Duration,
    /// Whether such a holder is to be replaced.
    pub take_over: bool,
}

/// Judges the holder of a deploy's lease.
pub fn holder(state: &State, deploy: &Deploy, now: SystemTime) -> Holder {
    let (life, why) = match deploy
        .owner
        .as_ref()
        .map(|owner| Proc::system().alive(owner))
    {
        None => ("by-hand", "nothing proves it dead".to_owned()),
        Some(Alive::Yes) => ("alive", String::new()),
        Some(Alive::Stopped) => ("stopped", "it will go on once it is woken".to_owned()),
        Some(Alive::No(proof)) => ("dead", proof),
        Some(Alive::Doubtful(doubt)) => ("doubtful", doubt),
    };
    Holder {
        deploy_id: deploy.id.clone(),
        by: deploy.initiated_by.clone(),
        phase: deploy.phase.name().into(),
        since: clock::rfc3339(deploy.started_at),
        life,
        why,
        silent_ms: u64::try_from(silence(state, now).as_millis()).unwrap_or(u64::MAX),
    }
}

/// Whether a new deploy may have the lease.
pub fn claim(state: &State, patience: Patience, now: SystemTime) -> Claim {
    let Some(deploy) = state.deploy() else {
        return Claim::Free;
    };
    let holder = holder(state, deploy, now);
    let silent_long_enough = Duration::from_millis(holder.silent_ms) >= patience.stale_after;
    let abandoned = match holder.life {
        "alive" => false,
        // The application itself may still say that it is well: whoever began the deploy may be the very process that
        // was restarted.
        "dead" => !matches!(state.status, Status::Validating(_)) || silent_long_enough,
        _ => patience.take_over && silent_long_enough,
    };
    if abandoned {
        Claim::Abandoned(holder)
    } else {
        Claim::Held(holder)
    }
}

/// How long ago the state last changed: by the clock of this boot where it was written in this boot, else by the
/// wall clock.
fn silence(state: &State, now: SystemTime) -> Duration {
    let by_boot_clock = state.beat.as_ref().and_then(|beat| {
        let this_boot = host::boot_id().ok()?;
        let boottime = host::boottime().ok()?;
        (beat.boot_id == this_boot)
            .then(|| boottime.saturating_sub(Duration::from_millis(beat.boottime_ms)))
    });
    by_boot_clock.unwrap_or_else(|| {
        state
            .updated_at
            .and_then(|updated| now.duration_since(updated).ok())
            .unwrap_or_default()
    })
}
