//! Every process of a service, also those that moved away from it.

use std::io;
use std::time::Duration;

use host::{Alive, Identity, Proc};
use nix::unistd::{SysconfVar, sysconf};

/// The variable that every process of the service inherits: `ROOT#NAME`.
pub(super) const MARK: &str = "SLIPWAY_SERVICE";

/// The living processes of the service, ascending: the main one, its descendants and its session; and whatever carries the
/// mark, even when the main one is long dead.
///
/// The session's number proves nothing once its first process is gone, for then it may be another session's. A process of
/// another user, whose environment cannot be read, is found only through the main one.
pub(super) fn of(proc: &Proc, main: Option<&Identity>, mark: &str) -> io::Result<Vec<u32>> {
    let mut found = Vec::new();
    if let Some(main) = main
        && matches!(proc.alive(main), Alive::Yes | Alive::Stopped)
    {
        found.push(main.pid);
        found.extend(proc.descendants(main.pid)?);
        found.extend(proc.session_members(main.pid)?);
    }
    for pid in proc.pids()? {
        if proc.environ_has(pid, MARK, mark).unwrap_or(false) {
            found.push(pid);
        }
    }
    found.sort_unstable();
    found.dedup();
    found.retain(|pid| proc.stat(*pid).is_ok_and(|stat| !stat.is_over()));
    Ok(found)
}

/// For how long a process has been there.
pub(crate) fn age(proc: &Proc, pid: u32) -> Option<Duration> {
    let per_second = u64::try_from(sysconf(SysconfVar::CLK_TCK).ok()??).ok()?;
    let ticks = proc.stat(pid).ok()?.start_time;
    let started = Duration::from_millis(ticks.checked_mul(1000)?.checked_div(per_second)?);
    Some(host::boottime().ok()?.saturating_sub(started))
}
