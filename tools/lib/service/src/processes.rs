//! Processes that belong to a service: named so that a reused number is never taken for one of them.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use host::Proc;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, SysconfVar, sysconf};

use crate::Error;

/// One process as it was seen once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) pid: u32,
    start_time: u64,
    /// For messages.
    command: String,
}

impl fmt::Display for Known {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.pid, self.command)
    }
}

impl Known {
    /// Those of these processes that live now.
    pub(crate) fn of(proc: &Proc, pids: &[u32]) -> Vec<Self> {
        let one = |pid: &u32| {
            let stat = proc.stat(*pid).ok().filter(|stat| !stat.is_over())?;
            Some(Self {
                pid: *pid,
                start_time: stat.start_time,
                command: proc.cmdline(*pid),
            })
        };
        pids.iter().filter_map(one).collect()
    }

    /// Its command line, for a person.
    pub(crate) fn command(&self) -> &str {
        &self.command
    }

    /// That very process still lives.
    pub(crate) fn lives(&self, proc: &Proc) -> bool {
        proc.stat(self.pid)
            .is_ok_and(|stat| stat.start_time == self.start_time && !stat.is_over())
    }

    /// Sends a signal to that very process; one that is gone is no error.
    pub(crate) fn signal(&self, proc: &Proc, signal: Signal) -> Result<(), Errno> {
        let Ok(number @ 2..) = i32::try_from(self.pid) else {
            return Ok(());
        };
        if !self.lives(proc) {
            return Ok(());
        }
        match kill(Pid::from_raw(number), signal) {
            Err(Errno::ESRCH) | Ok(()) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Signals each of these processes; permission is missing where the service changed its user.
pub(crate) fn signal(
    proc: &Proc,
    known: &[Known],
    signals: &[Signal],
    action: &str,
    service: &str,
) -> Result<(), Error> {
    for one in known {
        for signal in signals {
            match one.signal(proc, *signal) {
                Ok(()) => {}
                Err(Errno::EPERM) => {
                    return Err(Error::Denied {
                        action: format!("{action} {service}"),
                        said: format!(
                            "process {one} belongs to another user, who may, as root may"
                        ),
                        hint: "ps -eo user,pid,args".to_owned(),
                    });
                }
                Err(error) => {
                    return Err(Error::io(format!("{action} process {one}"))(error.into()));
                }
            }
        }
    }
    Ok(())
}

/// Leaves out this very process and what it is a part of.
///
/// A service may deploy itself: then the runbook is among its descendants, and a stop must not end the runbook. Left out
/// are this process and what it started (the dead-man's switch), its ancestors up to the service's main process, and
/// whatever shares a process group or a session with one of these, where that is not the main process's own.
pub(crate) fn without_ourselves(proc: &Proc, pids: Vec<u32>, main_pid: Option<u32>) -> Vec<u32> {
    let own = std::process::id();
    if !pids.contains(&own) {
        return pids;
    }
    let main = main_pid.and_then(|pid| proc.stat(pid).ok());
    let mut ourselves = HashSet::from([own]);
    let (mut groups, mut sessions) = (HashSet::new(), HashSet::new());
    let mut next = own;
    while let Ok(stat) = proc.stat(next) {
        if main.as_ref().is_none_or(|main| main.group != stat.group) {
            groups.insert(stat.group);
        }
        if main
            .as_ref()
            .is_none_or(|main| main.session != stat.session)
        {
            sessions.insert(stat.session);
        }
        if stat.parent <= 1 || Some(stat.parent) == main_pid || !ourselves.insert(stat.parent) {
            break;
        }
        next = stat.parent;
    }
    ourselves.extend(proc.descendants(own).unwrap_or_default());
    let is_ours = |pid: &u32| {
        ourselves.contains(pid)
            || proc
                .stat(*pid)
                .is_ok_and(|stat| groups.contains(&stat.group) || sessions.contains(&stat.session))
    };
    pids.into_iter().filter(|pid| !is_ours(pid)).collect()
}

/// For how long a process has been there.
pub(crate) fn age(proc: &Proc, pid: u32) -> Option<Duration> {
    let per_second = u64::try_from(sysconf(SysconfVar::CLK_TCK).ok()??).ok()?;
    let ticks = proc.stat(pid).ok()?.start_time;
    let started = Duration::from_millis(ticks.checked_mul(1000)?.checked_div(per_second)?);
    Some(host::boottime().ok()?.saturating_sub(started))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_reused_number_is_another_process() {
        let proc = Proc::system();
        let own = std::process::id();
        let mut known = Known::of(&proc, &[own]).remove(0);
        assert!(known.lives(&proc));
        known.start_time += 1;
        assert!(!known.lives(&proc));
        // Were it sent, this test would end here.
        known.signal(&proc, Signal::SIGKILL).unwrap();
    }

    #[test]
    fn whoever_asks_is_left_out() {
        let proc = Proc::system();
        let own = std::process::id();
        let parent = proc.stat(own).unwrap().parent;
        let left = without_ourselves(&proc, vec![own, parent], None);
        assert!(!left.contains(&own));
        assert!(!left.contains(&parent));
        let only_others = without_ourselves(&proc, vec![parent], None);
        assert_eq!(
            only_others,
            [parent],
            "not among them: nothing to leave out"
        );
    }
}
