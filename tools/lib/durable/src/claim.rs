//! The sign of life of whoever is writing something unfinished: a lock that the kernel takes away at its death.
//!
//! A process number in a name can be reused, belong to another namespace, or be of the time before the last boot.
//! A lock cannot: it is there exactly as long as its holder.

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use std::fs::File;

/// What came of trying to take the lock.
#[derive(Debug)]
pub(crate) enum Claim {
    /// It is ours until the value is dropped.
    Ours(Flock<File>),
    /// Somebody who lives has it.
    Held,
    /// The file system has no such locks (some network ones, for directories); the file comes back.
    Unknown(File, Errno),
}

impl Claim {
    /// The file, unless somebody else has it.
    pub(crate) fn file(&self) -> Option<&File> {
        match self {
            Self::Ours(lock) => Some(lock),
            Self::Unknown(file, _) => Some(file),
            Self::Held => None,
        }
    }
}

/// Tries once, without waiting.
pub(crate) fn claim(file: File) -> Claim {
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Claim::Ours(lock),
        Err((_, Errno::EWOULDBLOCK)) => Claim::Held,
        Err((file, error)) => Claim::Unknown(file, error),
    }
}
