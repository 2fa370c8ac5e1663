//! What the dead-man's switch does when it goes off.

use application::fail;
use deadline::Deadline;
use service::Service;
use step::Failure;

/// Starts the service where it does not run and nobody is about to start it. Needs no lease: whoever holds it did not start
/// the service in time. What comes of the start is for the supervisor and for the next command to see.
pub fn start_again(service: &Service, deadline: &Deadline) -> Result<bool, Failure> {
    let failed = |error: service::Error| fail::service(&error);
    if !service.status(deadline).map_err(failed)?.active.is_over() {
        return Ok(false);
    }
    service.clear_start_limit(deadline).map_err(failed)?;
    service.start(deadline).map_err(failed)?;
    Ok(true)
}
