//! Who stands on a service's port. The pre-flight checks, the stop and the start look at it with the same eyes.

use deadline::Deadline;
use host::{Holders, Listener, Port, Proc};
use service::{Error, Name, Service, Status};
use std::io;

mod stray;

pub use stray::Stray;

/// One look at the port of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// The service's own processes.
    pub own: Vec<Holder>,
    /// Processes that an earlier run of the service has left behind.
    pub left: Vec<Holder>,
    /// Processes that have nothing to do with the service.
    pub foreign: Vec<Holder>,
    /// The supervisor itself holds it for the service (a socket unit): for a stop and a start that is as good as free.
    pub kept: bool,
    /// What listens while an instance of the service does and is its supervisor's: PM2's daemon for a cluster, the engine's
    /// proxy for a container's port. As good as the service's own, but never to be killed: it is not the service's.
    pub daemon: Vec<Holder>,
    /// What listens and whose process this user may not see, as a phrase each.
    pub unseen: Vec<String>,
    /// Nobody listens, and yet the kernel would refuse it: why.
    pub taken: Option<String>,
}

/// A process that holds the port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// When it started, in clock ticks after boot; none where it is gone by now.
    pub start_time: Option<u64>,
    /// Its command line, shortened, secrets masked.
    pub command: String,
    /// Not the service's, and yet it runs out of this application's own code: another supervisor has it.
    pub stray: Option<Stray>,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "process {} ({})", self.pid, self.command)?;
        self.stray
            .iter()
            .try_for_each(|stray| write!(formatter, ", {stray},"))
    }
}

impl Look {
    /// Looks at `port`, and tries whether the kernel would give it away. `status` is a recent look at the service.
    pub fn at(
        port: u16,
        service: &Service,
        status: &Status,
        deadline: &Deadline,
    ) -> Result<Self, Error> {
        match Proc::system().port(port).map_err(unread(port))? {
            Port::Free => Ok(Self::default()),
            Port::Taken(why) => Ok(Self {
                taken: Some(why),
                ..Self::default()
            }),
            Port::Listening(listeners) => Self::of(&listeners, port, service, status, deadline),
        }
    }

    /// Only looks. While a service is starting nobody may bind its port, not for a moment.
    pub fn at_a_distance(
        port: u16,
        service: &Service,
        status: &Status,
        deadline: &Deadline,
    ) -> Result<Self, Error> {
        let listeners = Proc::system().listeners(port).map_err(unread(port))?;
        if listeners.is_empty() {
            return Ok(Self::default());
        }
        Self::of(&listeners, port, service, status, deadline)
    }

    /// Only looks, where no service is known whose the port could be: whoever listens is foreign.
    pub fn of_nobody(port: u16) -> Result<Self, Error> {
        let proc = Proc::system();
        let listeners = proc.listeners(port).map_err(unread(port))?;
        if listeners.is_empty() {
            return Ok(Self::default());
        }
        let holders = holders(&proc, &listeners, port)?;
        Ok(Self::sort(&proc, None, &listeners, &holders))
    }

    fn of(
        listeners: &[Listener],
        port: u16,
        service: &Service,
        status: &Status,
        deadline: &Deadline,
    ) -> Result<Self, Error> {
        let proc = Proc::system();
        let holders = holders(&proc, listeners, port)?;
        // Read after the holders, so that a child that is just being born is among them.
        let members = service.pids(deadline)?;
        let whose = Whose {
            name: service.name(),
            by_socket_unit: !status.socket_units.is_empty(),
            daemons: daemons(service.name(), || service.socket_keepers(status)),
            members: &members,
            hidden: service.hides_members(status, &members),
        };
        let mut look = Self::sort(&proc, Some(&whose), listeners, &holders);
        for holder in &mut look.foreign {
            holder.stray = Stray::find(&proc, holder.pid, &service.code());
        }
        Ok(look)
    }

    fn sort(
        proc: &Proc,
        whose: Option<&Whose<'_>>,
        listeners: &[Listener],
        holders: &Holders,
    ) -> Self {
        let mut look = Self::default();
        for holder in &holders.holders {
            let found = Holder {
                pid: holder.pid,
                start_time: proc.stat(holder.pid).ok().map(|stat| stat.start_time),
                command: holder.cmdline.clone(),
                stray: None,
            };
            match whose {
                Some(whose) if whose.members.contains(&found.pid) => look.own.push(found),
                Some(whose) if whose.daemons.iter().any(|(pid, _)| *pid == found.pid) => {
                    look.daemon.push(found);
                }
                Some(whose) if whose.by_socket_unit && is_manager(proc, found.pid, whose.name) => {
                    look.kept = true;
                }
                Some(whose) if is_in_the_unit(proc, found.pid, whose.name) => look.left.push(found),
                Some(whose) if whose.hidden => look.unseen.push(format!(
                    "held by {found}, and the supervisor does not tell whether that is the service's"
                )),
                _ => look.foreign.push(found),
            }
        }
        for listener in listeners
            .iter()
            .filter(|listener| holders.unclaimed.contains(&listener.inode))
        {
            // The system's own manager lets nobody but root see what it holds.
            if whose.is_some_and(|whose| whose.by_socket_unit) && listener.user == 0 {
                look.kept = true;
            } else {
                look.unseen.push(format!(
                    "{} is held by a process of user {} that cannot be seen from here",
                    listener.address, listener.user
                ));
            }
        }
        look
    }

    /// Nobody listens but on the service's behalf, and the kernel would give the port to whoever asks.
    pub fn is_free(&self) -> bool {
        self.own.is_empty()
            && self.left.is_empty()
            && self.daemon.is_empty()
            && self.foreign.is_empty()
            && self.unseen.is_empty()
            && self.taken.is_none()
    }

    /// Everyone who is in the way, as one phrase.
    pub fn phrase(&self) -> String {
        let holders = [&self.own, &self.left, &self.daemon, &self.foreign];
        let mut phrases: Vec<String> = holders
            .into_iter()
            .flatten()
            .map(|holder| format!("held by {holder}"))
            .collect();
        phrases.extend(self.unseen.iter().cloned());
        phrases.extend(self.taken.iter().map(|why| format!("not to be had: {why}")));
        phrases.join(", ")
    }

    /// What helps against whoever is in the way.
    pub fn hint(&self, port: u16) -> String {
        let holders = [&self.foreign, &self.left, &self.own];
        match holders.into_iter().flatten().next() {
            Some(Holder {
                pid,
                stray: Some(stray),
                ..
            }) => stray.hint(*pid),
            Some(Holder { pid, .. }) => {
                format!("ps -fp {pid}")
            }
            None => format!("sudo ss -tanp 'sport = :{port}'"),
        }
    }
}

/// The service whose port is looked at.
struct Whose<'a> {
    name: &'a Name,
    /// A socket unit starts it: its supervisor may hold the port.
    by_socket_unit: bool,
    /// What listens for it while it runs.
    daemons: Vec<(u32, String)>,
    members: &'a [u32],
    /// The supervisor does not tell its processes.
    hidden: bool,
}

/// Those that keep its socket and come and go with it; a socket unit's manager stays, and is [`Look::kept`].
fn daemons(name: &Name, keepers: impl Fn() -> Vec<(u32, String)>) -> Vec<(u32, String)> {
    match name {
        Name::Pm2(_) | Name::Compose { .. } => keepers(),
        Name::Systemd(_) | Name::SystemdUser(_) | Name::Process(_) | Name::Command(_) => Vec::new(),
    }
}

fn holders(proc: &Proc, listeners: &[Listener], port: u16) -> Result<Holders, Error> {
    let inodes: Vec<u64> = listeners.iter().map(|listener| listener.inode).collect();
    proc.holders(&inodes).map_err(unread(port))
}

fn unread(port: u16) -> impl Fn(io::Error) -> Error {
    move |source| Error::Io {
        action: format!("look for who holds port {port}"),
        source,
    }
}

/// Whether that process is the manager that holds sockets for the service.
fn is_manager(proc: &Proc, pid: u32, name: &Name) -> bool {
    match name {
        Name::Systemd(_) => pid == 1,
        Name::SystemdUser(_) => proc.stat(pid).is_ok_and(|stat| stat.name == "systemd"),
        Name::Pm2(_) | Name::Process(_) | Name::Compose { .. } | Name::Command(_) => false,
    }
}

/// Whether that process was started by this very unit, in whatever run of it.
fn is_in_the_unit(proc: &Proc, pid: u32, name: &Name) -> bool {
    let (Name::Systemd(unit) | Name::SystemdUser(unit)) = name else {
        return false;
    };
    proc.cgroups_of(pid).is_ok_and(|groups| {
        groups.iter().any(|group| {
            group.tells_units() && group.path.iter().any(|part| part.to_str() == Some(unit))
        })
    })
}

#[cfg(test)]
mod tests;
