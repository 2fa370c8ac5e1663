//! Whether anybody serves, once a deploy is settled that ended in the middle of its switch.

use crate::args::Args;
use application::Application;
use deadline::Deadline;
use host::{Port, Proc};
use std::time::Duration;

/// How long what was started may take to listen. A rollback has not seen it well, so it gets no more than a look.
const LISTENS: Duration = Duration::from_secs(10);
/// How long one without a port has to live to count.
const LIVES: Duration = Duration::from_secs(1);
/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(50);

/// Why nobody does, where that can be seen: the service does not run, or not for long, or its port is nobody's.
pub(crate) fn nobody(application: &Application, args: &Args) -> Option<String> {
    let service = application.service(&args.service).ok()??;
    let name = args.service.service.as_deref().unwrap_or_default();
    let limit = args.service.port.map_or(LIVES, |_| LISTENS);
    let deadline = Deadline::after(limit).uninterruptible();
    loop {
        // Answers of the supervisor take a time of their own.
        let patience = Deadline::after(LISTENS).uninterruptible();
        let status = service.status(&patience).ok()?;
        if status.active.is_over() {
            return Some(format!("{name} is {}", status.phrase()));
        }
        if let Some(port) = args.service.port
            && matches!(Proc::system().port(port), Ok(Port::Listening(_)))
        {
            return None;
        }
        if deadline.sleep(INTERVAL).is_err() {
            return args.service.port.map(|port| {
                format!(
                    "{name} is {}, and nobody listens on port {port}",
                    status.phrase()
                )
            });
        }
    }
}
