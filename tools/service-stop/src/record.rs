//! What ran before the stop goes into the state, under the lease.

use application::{Lease, record, runs};
use deadline::Deadline;
use state::{Baseline, Switch};
use step::Failure;

/// Writes down the run that is about to be stopped: its restart counter, main process and invocation, and what it takes. A deploy is in the
/// phase `restart` afterwards.
pub(crate) fn before(
    lease: &Lease<'_>,
    status: &service::Status,
    baseline: Option<Baseline>,
    deadline: &Deadline,
) -> Result<(), Failure> {
    let mut held = lease.lock(deadline)?;
    lease.enter_restart(&mut held)?;
    record(&mut held, |state| {
        let seen = Switch {
            baseline,
            ..runs::seen(status)
        };
        state.observe_before(lease.id(), seen)
    })
}
