//! What ran before the stop goes into the state, under the lease.

use application::{Lease, fail};
use deadline::Deadline;
use host::Proc;
use service::Status;
use state::Switch;
use step::Failure;

/// Writes down the run that is about to be stopped: its restart counter, main process and invocation.
pub(crate) fn before(
    lease: &Lease<'_>,
    status: &Status,
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
    let note = held
        .state
        .observe_before(lease.id(), seen)
        .map_err(|refused| fail::refused(&refused))?;
    held.write(note).map_err(fail::store)
}
