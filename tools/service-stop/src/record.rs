//! What ran before the stop goes into the state, under the lease.

use application::{Lease, fail, runs};
use deadline::Deadline;
use state::{Phase, Status};
use step::Failure;

/// Writes down the run that is about to be stopped: its restart counter, main process and invocation. A deploy is in the
/// phase `restart` afterwards.
pub(crate) fn before(
    lease: &Lease<'_>,
    status: &service::Status,
    deadline: &Deadline,
) -> Result<(), Failure> {
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
        .observe_before(lease.id(), runs::seen(status))
        .map_err(|refused| fail::refused(&refused))?;
    held.write(note).map_err(fail::store)
}
