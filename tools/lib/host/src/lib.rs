//! What this machine says: who lives, who holds this port, what runs out of this directory, how much memory and
//! disk is left.
//!
//! Nothing here changes anything and nothing here guesses. Whatever could not be read is part of the answer
//! ([`Alive::Doubtful`], [`Tri::Unknown`], [`Holders::unread`]), because the callers build proofs on it and a
//! proof must not rest on what merely was not seen.
//!
//! Every file of `/proc` is read beneath the root of a [`Proc`], so that a test can bring a tree of its own.
//!
//! | question | where |
//! |---|---|
//! | is that process still the same one, and alive? | [`Proc::identity_of`], [`Proc::alive`] |
//! | what is it: parents, command line, environment | [`Proc::stat`], [`Proc::descendants`], [`Proc::cmdline`] |
//! | does it run out of this directory? | [`Proc::runs_from`] |
//! | which processes use these directories? | [`Proc::open_in`] |
//! | who listens on this port? | [`Proc::listeners`], [`Proc::holders`], [`Proc::port`] |
//! | which processes does this unit have? | [`Proc::cgroups_of`], [`Proc::cgroup_members`] |
//! | memory and disk | [`Proc::available_memory`], [`Proc::process_memory`], [`disk::usage`] |

mod cgroup;
pub mod disk;
mod display;
mod hidden;
mod identity;
mod memory;
mod mounts;
mod places;
mod port;
mod proc;
mod process;
mod socket;
mod stat;
mod uses;

use std::io;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

pub use cgroup::Cgroup;
pub use identity::{Alive, Identity};
pub use places::Tri;
pub use port::{Port, try_bind};
pub use proc::Proc;
pub use socket::{Family, Holder, Holders, Listener};
pub use stat::{Stat, ticks_per_second};
pub use uses::{InUse, Use};

/// This machine's own name, as `uname -n` prints it. Bytes that are not UTF-8 are replaced.
pub fn name() -> io::Result<String> {
    Ok(nix::unistd::gethostname()?.to_string_lossy().into_owned())
}

/// The identifier that the kernel drew when it booted: another one means that the machine has been restarted.
pub fn boot_id() -> io::Result<String> {
    Proc::system().boot_id()
}

/// Time since boot, time asleep included (`CLOCK_BOOTTIME`). It never jumps with the wall clock and begins anew
/// at each boot, so it is meaningful only together with [`boot_id`].
pub fn boottime() -> io::Result<Duration> {
    Ok(Duration::from(clock_gettime(ClockId::CLOCK_BOOTTIME)?))
}
