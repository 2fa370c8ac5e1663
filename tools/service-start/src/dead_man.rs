//! What the dead-man's switch does when it goes off.

use application::{Application, fail};
use deadline::Deadline;
use service::Service;
use std::time::Duration;
use step::Failure;

/// How long a working tree may take until it holds the live release: longer than any step of a deploy mirrors into it.
pub(crate) const MIRROR: Duration = Duration::from_secs(300);

/// Starts the service where it does not run and nobody is about to start it. Needs no lease: whoever holds it did not start
/// the service in time. What comes of the start is for the supervisor and for the next command to see.
pub fn start_again(
    application: &Application,
    service: &Service,
    deadline: &Deadline,
) -> Result<bool, Failure> {
    let failed = |error: service::Error| fail::service(&error);
    let is_over = || {
        let status = service.status(deadline).map_err(failed)?;
        Ok::<bool, Failure>(status.active.is_over())
    };
    if !is_over()? {
        return Ok(false);
    }
    // A deploy that lives and was only slow may have started it while its mirror was waited for.
    application.complete_live(deadline)?.tell();
    if !is_over()? {
        return Ok(false);
    }
    service.clear_start_limit(deadline).map_err(failed)?;
    service.start(deadline).map_err(failed)?;
    Ok(true)
}
