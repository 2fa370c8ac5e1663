//! `port`: free, or held by this very service.

use super::Check;
use super::supervised::not_known;
use crate::finding::Finding;
use crate::given::{Given, Problem};
use application::fail;
use deadline::Deadline;
use host::{Holder, Listener, Port, Proc};
use service::Service;
use std::io;

pub(super) const CHECK: Check = Check {
    name: "port",
    about: "the port is free, or held by this very service",
    needs: "--port",
    given: |given| given.args.service.port.is_some(),
    run,
};

/// Who is on the port.
#[derive(Debug, Default)]
struct Found {
    port: u16,
    /// Processes that are not the service's.
    foreign: Vec<Holder>,
    /// Processes of the service, or what holds the socket for it.
    own: Vec<u32>,
    /// Sockets whose process could not be seen.
    unclaimed: Vec<Listener>,
}

fn run(given: &Given, deadline: &Deadline) -> Finding {
    let Some(port) = given.args.service.port else {
        return Finding::skip("there is no port");
    };
    match look(given, port, deadline) {
        Ok(Port::Free) => Finding::pass(format!("port {port} is free")),
        Ok(Port::Taken(why)) => Finding::fail(
            format!("nobody listens on port {port}, and yet it cannot be had: {why}"),
            format!("ss -tanp 'sport = :{port}'"),
        ),
        Ok(Port::Listening(listeners)) => match found(given, port, listeners, deadline) {
            Ok(found) => judge(&found, given.args.health.accept_unprovable),
            Err(problem) => not_known(&problem),
        },
        Err(problem) => not_known(&problem),
    }
}

/// What stands on the port, here or where the service's main process looks from.
fn look(given: &Given, port: u16, deadline: &Deadline) -> Result<Port, Problem> {
    let proc = Proc::system();
    let here = proc.port(port).map_err(|error| of_io(&error))?;
    if here != Port::Free {
        return Ok(here);
    }
    let status = given
        .service
        .as_ref()
        .and_then(|service| given.status(service, deadline).ok());
    let there = status
        .and_then(|status| status.main_pid)
        .and_then(|pid| proc.listeners_seen_by(pid, port).ok())
        .unwrap_or_default();
    Ok(if there.is_empty() {
        Port::Free
    } else {
        Port::Listening(there)
    })
}

fn found(
    given: &Given,
    port: u16,
    listeners: Vec<Listener>,
    deadline: &Deadline,
) -> Result<Found, Problem> {
    let inodes: Vec<u64> = listeners.iter().map(|listener| listener.inode).collect();
    let holders = Proc::system()
        .holders(&inodes)
        .map_err(|error| of_io(&error))?;
    let own = match &given.service {
        Some(service) => own(given, service, deadline)?,
        None => Vec::new(),
    };
    let mut found = Found {
        port,
        ..Found::default()
    };
    for holder in holders.holders {
        if own.contains(&holder.pid) {
            found.own.push(holder.pid);
        } else {
            found.foreign.push(holder);
        }
    }
    found.unclaimed = listeners
        .into_iter()
        .filter(|listener| holders.unclaimed.contains(&listener.inode))
        .collect();
    // A socket that the supervisor itself holds for the service has that as its only foreign holder.
    found
        .foreign
        .retain(|holder| !keeps(given, holder, deadline));
    Ok(found)
}

/// The service's processes, those of an earlier run that were left behind included: its next stop ends them.
fn own(given: &Given, service: &Service, deadline: &Deadline) -> Result<Vec<u32>, Problem> {
    given.status(service, deadline).map_err(Problem::clone)?;
    service
        .pids(deadline)
        .map_err(|error| fail::service(&error).into())
}

/// Whether that process is the service's own systemd, which holds the socket of one of its socket units.
fn keeps(given: &Given, holder: &Holder, deadline: &Deadline) -> bool {
    let Some(service) = &given.service else {
        return false;
    };
    let socket_units = given
        .status(service, deadline)
        .is_ok_and(|status| !status.socket_units.is_empty());
    let is_systemd = Proc::system()
        .stat(holder.pid)
        .is_ok_and(|stat| stat.name == "systemd");
    socket_units && is_systemd
}

fn judge(found: &Found, accept_unprovable: bool) -> Finding {
    let port = found.port;
    if !found.foreign.is_empty() {
        let pids: Vec<String> = found
            .foreign
            .iter()
            .map(|holder| holder.pid.to_string())
            .collect();
        let holders: Vec<String> = found
            .foreign
            .iter()
            .map(|holder| format!("process {} ({})", holder.pid, holder.cmdline))
            .collect();
        let finding = Finding::fail(
            format!(
                "port {port} is held by {}, which is not the service's",
                holders.join(" and ")
            ),
            format!("kill {}", pids.join(" ")),
        );
        let pids: Vec<u32> = found.foreign.iter().map(|holder| holder.pid).collect();
        return finding.measured(pids, ());
    }
    if let Some(listener) = found.unclaimed.first() {
        let message = format!(
            "who listens on {} cannot be seen: it is a process of user {}, or outside this namespace",
            listener.address, listener.user
        );
        let hint = format!(
            "sudo ss -ltnp 'sport = :{port}'; where it is the service's own: --accept-unprovable"
        );
        return if accept_unprovable {
            Finding::warn(message, hint)
        } else {
            Finding::fail(message, hint)
        };
    }
    let message = format!("port {port} is held by the service");
    Finding::pass(message).measured(found.own.clone(), ())
}

fn of_io(error: &io::Error) -> Problem {
    Problem {
        message: format!("who listens cannot be found out: {error}"),
        hint: Some("ls -l /proc/net/tcp".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::finding::Status;
    use host::Family;

    fn unclaimed() -> Found {
        Found {
            port: 80,
            unclaimed: vec![Listener {
                address: "127.0.0.1:80".parse().unwrap(),
                inode: 7,
                family: Family::Ipv4,
                user: 33,
            }],
            ..Found::default()
        }
    }

    #[test]
    fn a_foreign_holder_is_named() {
        let found = Found {
            port: 80,
            own: vec![4],
            foreign: vec![Holder {
                pid: 5,
                cmdline: "nginx -g x".into(),
                inodes: vec![7],
            }],
            ..Found::default()
        };
        let finding = judge(&found, true);
        assert_eq!(finding.status, Status::Fail);
        assert!(finding.message.contains("5 (nginx -g x)"));
        assert_eq!(finding.hint.as_deref(), Some("kill 5"));
    }

    #[test]
    fn what_cannot_be_seen_is_no_pass() {
        assert_eq!(judge(&unclaimed(), false).status, Status::Fail);
        assert_eq!(judge(&unclaimed(), true).status, Status::Warn);
    }

    #[test]
    fn its_own_holder_is_well() {
        let found = Found {
            port: 80,
            own: vec![4],
            ..Found::default()
        };
        assert_eq!(judge(&found, false).status, Status::Pass);
    }
}
