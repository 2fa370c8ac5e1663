//! What ran before the stop goes into the state, under the lease.

use application::{Lease, fail};
use deadline::Deadline;
use host::Proc;
use state::{Phase, Status, Switch};
use step::Failure;

/// Writes down the run that is about to be stopped: its restart counter, main process and invocation. A deploy is in the
/// phase `restart` afterwards.
pub(crate) fn before(
    lease: &Lease<'_>,
    status: &service::Status,
    deadline: &Deadline,
) -> Result<(), Failure> {
    let start_time = |pid| Some(Proc::system().stat(pid).ok()?.start_time);
    let seen = Switch {
        restarts: status.restarts,
        last_seen: status.restarts,
        counted: 0,
        pid: status.main_pid,
        start_time: status.main_pid.and_then(start_time),
        invocation: status.invocation.clone(),
        images: Vec::new(),
    };
    let mut held = lease.lock(deadline)?;
    // From here on something is touched: a deploy that fails or dies now has a service to bring back.
    if !lease.is_moment() && matches!(held.state.status, Status::Deploying(_)) {
        let note = held.state.enter(lease.id(), Phase::Restart);
        if let Some(note) = note.map_err(|refused| fail::refused(&refused))? {
            held.write(note).map_err(fail::store)?;
        }
    }
    let note = held
        .state
        .observe_before(lease.id(), seen)
        .map_err(|refused| fail::refused(&refused))?;
    held.write(note).map_err(fail::store)
}
