//! Started and seen to be well, by the same steps that a deploy uses.

use crate::args::Args;
use application::{Application, Lease};
use deadline::Deadline;
use healthwait::{HealthReport, WaitRequest, Watch};
use service::Service;
use service_start::{StartReport, StartRequest};
use step::Failure;

/// Starts the release that `current` selects now, and proves that it is the one that runs.
pub(crate) fn start(
    application: &Application,
    args: &Args,
    service: &Service,
    lease: &Lease<'_>,
    deadline: &Deadline,
) -> Result<StartReport, Failure> {
    // Whatever keeps the endpoints from being asked, the release is to serve again; that they could not be asked is said then.
    let health = args.health.questions().unwrap_or_default();
    let request = StartRequest {
        port: args.service.port,
        timeout: args.timeout,
        health,
        accept_unprovable: args.health.accept_unprovable,
        images: None,
    };
    service_start::start(application, lease, service, &request, deadline)
}

/// Waits until the health endpoints and the service are well. Nothing where there is nothing to ask. `replaced` is
/// whether another run than before is to be there: where nothing was switched, the old run may serve all the time.
pub(crate) fn health(
    application: &Application,
    args: &Args,
    service: Option<&Service>,
    replaced: bool,
    deadline: &Deadline,
) -> Result<Option<HealthReport>, Failure> {
    let questions = args.health.questions()?;
    let watch = match service {
        Some(service) => {
            let switch = application.load()?.switch;
            let mut watch = Watch::over(service.clone());
            watch.expectation =
                healthwait::expect(application, switch.as_ref(), args.service.port)?;
            if !replaced {
                watch.expectation.before = None;
            }
            watch.accept_unprovable = args.health.accept_unprovable;
            watch.switch = switch;
            Some(watch)
        }
        None => None,
    };
    if questions.is_empty() && watch.is_none() {
        return Ok(None);
    }
    let request = WaitRequest {
        questions,
        watch,
        ..WaitRequest::default()
    };
    healthwait::wait(&request, &deadline.or_after(args.timeout)).map(Some)
}
