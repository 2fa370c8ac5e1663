//! Whether anybody serves, once a deploy is settled that ended in the middle of its switch.

use crate::args::Args;
use application::Application;
use deadline::Deadline;
use host::{Port, Proc};
use service::Active;
use std::time::{Duration, Instant};

/// How long what was started may take to listen, or to run where it has no port. A rollback has not seen it well, so it gets no more
/// than a look.
const COMES: Duration = Duration::from_secs(10);
/// How long one without a port has to live to count.
const LIVES: Duration = Duration::from_secs(1);
/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(50);

/// Why nobody does: the service does not run, or not for long, or its port is nobody's. A supervisor that cannot be asked starts
/// nobody either: then only somebody that listens counts.
pub(crate) fn nobody(application: &Application, args: &Args) -> Option<String> {
    let service = application.service(&args.service).transpose()?;
    let name = args.service.service.as_deref().unwrap_or_default();
    let deadline = Deadline::after(COMES).uninterruptible();
    let mut runs_since = None;
    loop {
        let listens = args
            .service
            .port
            .is_some_and(|port| matches!(Proc::system().port(port), Ok(Port::Listening(_))));
        // Answers of the supervisor take a time of their own.
        let patience = Deadline::after(COMES).uninterruptible();
        let status = service
            .as_ref()
            .map_err(|failure| failure.message().to_owned())
            .and_then(|service| service.status(&patience).map_err(|error| error.to_string()));
        let active = status.as_ref().ok().map(|status| status.active);
        let is = match &status {
            Ok(status) => format!("{name} is {}", status.phrase()),
            Err(why) => format!("{name} cannot be asked: {why}"),
        };
        if active.is_some_and(Active::is_over) {
            return Some(is);
        }
        if listens {
            return None;
        }
        if active == Some(Active::Running) {
            let since = *runs_since.get_or_insert_with(Instant::now);
            if args.service.port.is_none() && since.elapsed() >= LIVES {
                return None;
            }
        } else {
            runs_since = None;
        }
        if deadline.sleep(INTERVAL).is_err() {
            return Some(match args.service.port {
                Some(port) => format!("{is}, and nobody listens on port {port}"),
                None => is,
            });
        }
    }
}
