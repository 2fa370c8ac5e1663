//! One process, named for good, and whether it still lives.

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

use crate::Proc;
use crate::proc::Existence;

/// One process, named so that neither a reused number nor a restart of the machine can be mistaken for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The machine's name ([`crate::name`]).
    pub host: String,
    /// Which boot of that machine ([`crate::boot_id`]).
    pub boot_id: String,
    /// Its number, in the pid namespace below.
    pub pid: u32,
    /// When it started, in clock ticks after boot ([`crate::Stat::start_time`]).
    pub start_time: u64,
    /// The inode of the pid namespace in which the number counts: that of whoever wrote it down.
    pub pid_namespace: u64,
}

impl fmt::Display for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "process {} on {}", self.pid, self.host)
    }
}

/// Whether a process still lives, and where that is not plain, why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alive {
    /// It runs.
    Yes,
    /// It exists but was stopped by a signal or a debugger, and will go on once woken.
    Stopped,
    /// It is over, and this is the proof.
    No(String),
    /// Nothing proves it dead and nothing shows it alive: to be treated as alive.
    Doubtful(String),
}

/// Where the question is asked from: the part of an identity that does not depend on the process.
struct Here {
    host: String,
    boot_id: String,
    pid_namespace: u64,
}

impl Proc {
    /// Names a process that exists now. `NotFound` where there is none.
    pub fn identity_of(&self, pid: u32) -> io::Result<Identity> {
        let here = self.here()?;
        Ok(Identity {
            start_time: self.stat(pid)?.start_time,
            pid,
            host: here.host,
            boot_id: here.boot_id,
            pid_namespace: here.pid_namespace,
        })
    }

    /// Whether that very process still lives. Dead is only what is proven dead: another boot of the same machine; or, in
    /// the same pid namespace, no process of that number, a zombie, or one that started at another time.
    pub fn alive(&self, identity: &Identity) -> Alive {
        match self.here() {
            Ok(here) => self.alive_seen_from(identity, &here),
            Err(error) => Alive::Doubtful(error.to_string()),
        }
    }

    fn alive_seen_from(&self, identity: &Identity, here: &Here) -> Alive {
        if identity.boot_id != here.boot_id {
            return if identity.host == here.host {
                Alive::No(format!("{} has been restarted since", here.host))
            } else {
                Alive::Doubtful(format!("it is on another host ({})", identity.host))
            };
        }
        // The same boot is the same kernel, whatever name a container gives itself.
        if identity.pid_namespace != here.pid_namespace {
            return Alive::Doubtful("it is in another pid namespace".to_owned());
        }
        let pid = identity.pid;
        match self.existence(pid) {
            Existence::Gone => return Alive::No(format!("there is no process {pid} any more")),
            Existence::Unknown => {
                return Alive::Doubtful(format!("process {pid} cannot be asked for"));
            }
            Existence::Exists => {}
        }
        match self.stat(pid) {
            Ok(stat) if stat.start_time != identity.start_time => Alive::No(format!(
                "process {pid} is another one now ({})",
                self.cmdline(pid)
            )),
            Ok(stat) if stat.is_over() => Alive::No(format!("process {pid} has ended (zombie)")),
            Ok(stat) if stat.is_stopped() => Alive::Stopped,
            Ok(_) => Alive::Yes,
            // It may have ended between the two questions; else it is there and hidden.
            Err(_) if self.existence(pid) == Existence::Gone => {
                Alive::No(format!("there is no process {pid} any more"))
            }
            Err(error) => {
                Alive::Doubtful(format!("process {pid} exists but cannot be read: {error}"))
            }
        }
    }

    fn here(&self) -> io::Result<Here> {
        Ok(Here {
            host: crate::name()?,
            boot_id: self.boot_id()?,
            pid_namespace: self.pid_namespace()?,
        })
    }
}
