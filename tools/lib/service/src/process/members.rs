//! Every process of a service, also those that moved away from it.

use std::io;

use host::{Alive, Identity, Proc};

use crate::environment::MARK;

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
