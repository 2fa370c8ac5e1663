//! The switch itself: announced, made, recorded.

use crate::plan;
use application::{Application, Lease, fail, record, runs};
use deadline::Deadline;
use releases::Current;
use serde::Serialize;
use service::Service;
use state::{Deploy, Held, Intent, State, Status, Switch};
use step::Failure;
use worktree::Care;

/// What a switch came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SwapReport {
    /// The release that was live before; none where nothing was.
    pub from: Option<String>,
    /// The release that is live now.
    pub to: String,
    /// Whether it was another one before.
    pub changed: bool,
}

/// Makes `to` the live release: the intent and the service's counters go into the state, then the link is switched,
/// then the outcome is recorded, each under the state's lock; while a working tree is mirrored it is let go of, and what the service's
/// own start has announced meanwhile goes first. A deploy is in the phase `restart` afterwards.
///
/// In a rollback that has been announced (`State::roll_back`) the intent is there already. After an error the link is
/// as it was and nothing is announced any more, unless the state itself could not be written: then recovery knows.
pub fn switch(
    application: &Application,
    lease: &Lease<'_>,
    to: &str,
    service: Option<&Service>,
    deadline: &Deadline,
) -> Result<SwapReport, Failure> {
    releases::resolve(&application.layout, to).map_err(|error| fail::resolve(&error))?;
    let kind = application.kind_of(to)?;
    // A supervisor takes its time to answer; the lock waits for nobody.
    let seen = service.map(|service| look(service, deadline)).transpose()?;
    let mut held = lease.lock(deadline)?;
    application.learn(&mut held.state)?;
    let link = application.link()?;
    let from = link.release().map(str::to_owned);
    let announced = announced(&held, lease.id()).cloned();
    let care = care(&held.state);
    if from.as_deref() == Some(to) {
        // Selected and yet not where it runs: a mirror of this or of another release was killed in the middle.
        let status = held.state.status.clone();
        drop(held);
        if care == Care::Save || !application.is_placed(to)? {
            application.place(to, care, deadline)?.tell();
        }
        let mut held = lease.lock(deadline)?;
        as_announced(application, &mut held, &status)?;
        // Switched by a tool that was killed before it could say so.
        if let Some(intent) = announced.filter(|intent| intent.to == to) {
            record(&mut held, |state| state.switched(lease.id()))?;
            return Ok(SwapReport {
                changed: intent.from.as_deref() != Some(to),
                from: intent.from,
                to: to.into(),
            });
        }
        // The deploy is for this one all the same, which may say of itself that it is well.
        let stays = held.state.stays(lease.id(), to);
        if let Some(note) = stays.map_err(|refused| fail::refused(&refused))? {
            held.write(note).map_err(fail::store)?;
        }
        return Ok(SwapReport {
            from,
            to: to.into(),
            changed: false,
        });
    }
    let before = (held.state.switch.clone(), held.state.probation_until);
    if announced.is_none_or(|intent| intent.to != to) {
        announce(&mut held, lease, from.clone(), to, seen)?;
    }
    // The intent and the lease keep others away while the lock is let go of.
    let status = held.state.status.clone();
    let placed = application.place_unlocked(held, to, care, deadline);
    let (mut held, placed) = match placed {
        Ok((mut held, placed)) => {
            as_announced(application, &mut held, &status)?;
            (held, placed)
        }
        Err((failure, Some(mut held))) => {
            if as_announced(application, &mut held, &status).is_err() {
                return Err(failure);
            }
            (held.state.switch, held.state.probation_until) = before;
            take_back(application, &mut held, lease, to);
            return Err(failure);
        }
        Err((failure, _)) => return Err(failure),
    };
    placed.tell();
    if let Err(failure) = application.switch_link(to) {
        (held.state.switch, held.state.probation_until) = before;
        take_back(application, &mut held, lease, to);
        return Err(failure);
    }
    held.state.kind = kind.into();
    record(&mut held, |state| state.switched(lease.id()))?;
    Ok(SwapReport {
        from,
        to: to.into(),
        changed: true,
    })
}

/// Whether the state is as it was before its lock was let go of. The service's own start needs no lease to turn a deploy back, and
/// does so under the same id: its announcement is not this switch's to fulfil.
fn as_announced(
    application: &Application,
    held: &mut Held<'_>,
    before: &Status,
) -> Result<(), Failure> {
    application.learn(&mut held.state)?;
    if held.state.status == *before {
        return Ok(());
    }
    let id = before.deploy().map_or("", |deploy| deploy.id.as_str());
    held.state
        .held_by(id)
        .map_err(|refused| fail::refused(&refused))?;
    let message = format!("the service's own start has turned the deploy {id} back meanwhile");
    Err(Failure::busy("lease-lost", message).hint("deploy-state show"))
}

/// What people have changed in a working tree keeps a new release out, and does not stop a rollback.
fn care(state: &State) -> Care {
    match state.status {
        Status::RollingBack(_) => Care::Save,
        _ => Care::Refuse,
    }
}

/// The service as it is before the switch: what its restarts are counted from and what the new run must differ from.
fn look(service: &Service, deadline: &Deadline) -> Result<Switch, Failure> {
    let status = service
        .status(deadline)
        .map_err(|error| fail::service(&error))?;
    Ok(Switch {
        baseline: runs::baseline(service, &status, deadline),
        ..runs::seen(&status)
    })
}

fn announced<'a>(held: &'a Held<'_>, id: &str) -> Option<&'a Intent> {
    held.state
        .held_by(id)
        .ok()
        .and_then(|deploy: &Deploy| deploy.intent.as_ref())
}

/// Writes down what is about to be done. A deploy whose link is switched is past the point where its death changes
/// nothing, so it enters the phase that says so.
fn announce(
    held: &mut Held<'_>,
    lease: &Lease<'_>,
    from: Option<String>,
    to: &str,
    seen: Option<Switch>,
) -> Result<(), Failure> {
    lease.enter_restart(held)?;
    let seen = plan::record(&held.state, seen);
    let is_rollback = matches!(held.state.status, Status::RollingBack(_));
    let action = if is_rollback { "rollback" } else { "swap" };
    let intent = Intent {
        action: action.into(),
        from,
        to: to.into(),
    };
    record(held, |state| state.intend(lease.id(), intent, seen))
}

/// Makes the state true again after a switch that failed. A rollback stays announced: whoever settles it tries again.
fn take_back(application: &Application, held: &mut Held<'_>, lease: &Lease<'_>, to: &str) {
    let live = application.current();
    let live = live.as_ref().ok().and_then(Current::release);
    let note = if live == Some(to) {
        held.state.switched(lease.id())
    } else if matches!(held.state.status, Status::RollingBack(_)) {
        return;
    } else {
        held.state.withdraw(lease.id(), live)
    };
    // The failure of the switch is the one to report; an intent that stays is settled by recovery.
    if let Ok(note) = note {
        held.write(note).ok();
    }
}
