//! The server behind HAProxy that takes nothing new while a deploy is going on: drained and made ready under the lease.

use application::{Lease, fail};
use deadline::{Deadline, Ended};
use haproxy::{Admin, Error, Server};
use serde::Serialize;
use step::Failure;

/// What was ordered for the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drained {
    /// `BACKEND/SERVER`.
    pub server: String,
    /// How it was before: `ready`, `draining` or `maintenance`.
    pub was: &'static str,
    /// Whether it was drained for this; what somebody else took out of service is left as it is.
    pub changed: bool,
}

/// Drains the server: first the state says so, so that whoever ends or settles the deploy makes it ready again. The last one
/// of its backend that takes new work is left as it is: without it HAProxy would answer 503 to everybody.
pub fn drain(lease: &Lease<'_>, server: &Server, deadline: &Deadline) -> Result<Drained, Failure> {
    let was = server.admin(deadline).map_err(|error| failure(&error))?;
    let mut drained = Drained {
        server: server.name(),
        was: name(was),
        changed: was == Admin::Ready,
    };
    if !drained.changed {
        return Ok(drained);
    }
    let before = server.work(deadline).map_err(|error| failure(&error))?;
    if before.is_last() {
        return Err(last(server));
    }
    // Outside a deploy it stays drained until somebody says otherwise, as the flag does.
    if !lease.is_moment() {
        note(lease, server, true, deadline)?;
    }
    let ordered = server.drain(deadline).and_then(|()| server.admin(deadline));
    match ordered {
        Ok(Admin::Draining) => {
            // Two that drain at the same moment each see the other one take work before.
            match server.work(deadline) {
                Ok(now) if before.here && !now.elsewhere => {
                    make_ready(lease, server, &deadline.uninterruptible())?;
                    Err(last(server))
                }
                _ => Ok(drained),
            }
        }
        Ok(now) => {
            // The configuration keeps it from draining, or somebody was quicker.
            drained.changed = false;
            let message = format!("{} does not drain: it is {}", server.name(), name(now));
            Err(Failure::impossible("haproxy-refused", message)
                .hint(format!("drain-wait --haproxy {server} --dry-run")))
        }
        Err(error) => {
            // What was not refused may have been done, or be done yet: then the deploy's end has to know.
            if !lease.is_moment() && error.was_refused() {
                note(lease, server, false, deadline)?;
            }
            Err(failure(&error))
        }
    }
}

/// Makes the server ready again; whether it was draining. One that is in maintenance is left there.
pub fn make_ready(
    lease: &Lease<'_>,
    server: &Server,
    deadline: &Deadline,
) -> Result<bool, Failure> {
    let was = server.admin(deadline).map_err(|error| failure(&error))?;
    if was == Admin::Draining {
        server.ready(deadline).map_err(|error| failure(&error))?;
    }
    note(lease, server, false, deadline)?;
    Ok(was == Admin::Draining)
}

/// Writes down that the deploy has drained it, or has not any more.
fn note(
    lease: &Lease<'_>,
    server: &Server,
    drained: bool,
    deadline: &Deadline,
) -> Result<(), Failure> {
    let mut held = lease.lock(deadline)?;
    let note = held
        .state
        .drain(lease.id(), &server.to_string(), drained)
        .map_err(|refused| fail::refused(&refused))?;
    match note {
        Some(note) => held.write(note).map_err(fail::store),
        None => Ok(()),
    }
}

/// What HAProxy said, as a failure.
pub(crate) fn failure(error: &Error) -> Failure {
    if let Error::Interrupted { signal } = error {
        return Ended::Signal(*signal).into();
    }
    let failure = Failure::impossible(error.code(), error);
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn last(server: &Server) -> Failure {
    let message = format!(
        "{} is not drained: no other server of its backend takes new work, and without it nobody would be served",
        server.name()
    );
    Failure::no("last-server", message).hint(server.look())
}

fn name(admin: Admin) -> &'static str {
    match admin {
        Admin::Ready => "ready",
        Admin::Draining => "draining",
        Admin::Maintenance => "maintenance",
    }
}
