//! What a process is: its command line, its environment, its family.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::proc::split_at_nul;
use crate::{Proc, Stat, display};

impl Proc {
    /// The process's arguments, its own name first. Empty for a kernel thread and for a zombie. A process may rewrite
    /// its own.
    pub fn arguments(&self, pid: u32) -> io::Result<Vec<OsString>> {
        Ok(split_at_nul(&self.bytes(Self::of(pid, "cmdline"))?))
    }

    /// The command line for a person's eyes: one line of at most 120 characters, with what looks like a secret masked.
    /// The short name in brackets where there is none; never an error, for it only ever stands in a message.
    pub fn cmdline(&self, pid: u32) -> String {
        match self.arguments(pid) {
            Ok(arguments) if !arguments.is_empty() => display::line(&arguments),
            _ => match self.stat(pid) {
                Ok(stat) => format!("[{}]", stat.name),
                Err(_) => "[gone]".to_owned(),
            },
        }
    }

    /// The working directory, as the kernel names it now (a deleted one ends in ` (deleted)`). Needs to be the process's
    /// own user, or root.
    pub fn cwd(&self, pid: u32) -> io::Result<PathBuf> {
        self.read_link(Self::of(pid, "cwd"))
    }

    /// The program file, as the kernel names it now (a deleted one ends in ` (deleted)`). `NotFound` for a kernel thread.
    /// Needs to be the process's own user, or root.
    pub fn exe(&self, pid: u32) -> io::Result<PathBuf> {
        self.read_link(Self::of(pid, "exe"))
    }

    /// Whether the environment that the process was started with holds exactly `name=value`. Needs to be the process's
    /// own user, or root.
    pub fn environ_has(&self, pid: u32, name: &str, value: &str) -> io::Result<bool> {
        let wanted = format!("{name}={value}");
        let environment = split_at_nul(&self.bytes(Self::of(pid, "environ"))?);
        Ok(environment
            .iter()
            .any(|entry| entry.as_bytes() == wanted.as_bytes()))
    }

    /// Every process that can be seen now, in ascending order. One that ends meanwhile is left out.
    pub fn processes(&self) -> io::Result<Vec<Stat>> {
        let mut processes = Vec::new();
        for pid in self.pids()? {
            match self.stat(pid) {
                Ok(stat) => processes.push(stat),
                // Ended meanwhile, or its files are closed to this user (hidepid=1): not to be seen either way.
                Err(error) if is_out_of_sight(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(processes)
    }

    /// The processes whose parent it is, zombies included.
    pub fn children(&self, pid: u32) -> io::Result<Vec<u32>> {
        let of_it = |stat: Stat| (stat.parent == pid).then_some(stat.pid);
        Ok(self.processes()?.into_iter().filter_map(of_it).collect())
    }

    /// Its children, their children and so on, zombies included, parents before children. A process whose parent died
    /// belongs to another parent now and is not among them.
    pub fn descendants(&self, pid: u32) -> io::Result<Vec<u32>> {
        Ok(descendants(&self.processes()?, pid))
    }

    /// The processes of that session, zombies included: what a service started by `setsid` has left, whoever its parent
    /// is by now.
    pub fn session_members(&self, session: u32) -> io::Result<Vec<u32>> {
        let of_it = |stat: Stat| (stat.session == session).then_some(stat.pid);
        Ok(self.processes()?.into_iter().filter_map(of_it).collect())
    }
}

/// What an attempt to look into a process came to.
pub(crate) enum Looked<T> {
    /// It could be looked into.
    Into(T),
    /// There is nothing to look into: it has ended, or is a thread of the kernel.
    Empty,
    /// This user may not.
    Barred,
}

impl Proc {
    /// Sorts out the ways in which looking into a process can fail.
    pub(crate) fn looked<T>(&self, pid: u32, result: io::Result<T>) -> io::Result<Looked<T>> {
        match result {
            Ok(found) => Ok(Looked::Into(found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Looked::Empty),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Ok(match self.stat(pid) {
                    Ok(stat) if stat.kernel || stat.is_over() => Looked::Empty,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Looked::Empty,
                    _ => Looked::Barred,
                })
            }
            Err(error) => Err(error),
        }
    }
}

fn descendants(processes: &[Stat], pid: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for stat in processes {
        children.entry(stat.parent).or_default().push(stat.pid);
    }
    // The snapshot is not taken at one instant: with reused numbers it may even hold a circle.
    let mut seen = HashSet::from([pid]);
    let mut found = Vec::new();
    let mut next = vec![pid];
    while let Some(parent) = next.pop() {
        for child in children.get(&parent).into_iter().flatten() {
            if seen.insert(*child) {
                found.push(*child);
                next.push(*child);
            }
        }
    }
    found
}

/// It ended, or this user may not look.
pub(crate) fn is_out_of_sight(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
    )
}
