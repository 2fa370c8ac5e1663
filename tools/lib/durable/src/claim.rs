//! The sign of life of whoever is writing something unfinished: a lock that the kernel takes away at its death.
//!
//! A process number in a name can be reused, belong to another namespace, or be of the time before the last boot.
//! A lock cannot: it is there exactly as long as its holder.

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use std::fs::File;

#[derive(Debug)]
/// What came of trying to take the lock.
pub(crate) enum Claim {
    /// It is ours until the value is dropped.
    Ours(Flock<File>),
    /// Somebody who lives has it.
    Held,
    /// The file system has no such locks (some network ones, for directories); the file comes back.
    Unknown(File),
}

/// Tries once, without waiting.
pub(crate) fn claim(file: File) -> Claim {
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Claim::Ours(lock),
        Err((_, Errno::EWOULDBLOCK)) => Claim::Held,
        Err((file, _)) => Claim::Unknown(file),
    }
}
