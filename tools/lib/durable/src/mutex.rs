//! One at a time, for the milliseconds that reading, deciding and writing take.

use crate::claim::{Claim, claim};
use crate::error::Error;
use crate::file::open_regular;
use crate::place::{Place, permissions, same};
use deadline::{Deadline, Ended};
use nix::errno::Errno;
use nix::fcntl::{Flock, OFlag};
use nix::sys::stat::{Mode, fchmod, fstat};
use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

/// The first pause between two tries; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(1);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// Held until dropped, and by the kernel no longer than its holder lives.
#[derive(Debug)]
pub struct Mutex {
    _lock: Flock<File>,
}

/// Why the mutex was not had.
#[derive(Debug)]
pub enum MutexError {
    /// Others held it until the time was over, or a signal came while waiting.
    Ended(Ended),
    /// The file could not be made, opened or locked.
    File(Error),
}

impl Mutex {
    /// Waits for the lock on the file at `path` until the deadline; looks once even if that has passed.
    ///
    /// The file is made with the permissions `mode` (whatever the umask) where it is missing, and stays for ever:
    /// unlinking or renaming a lock file lets two in. Its content means nothing. Children do not inherit the lock.
    pub fn acquire(
        path: impl AsRef<Path>,
        mode: u32,
        deadline: &Deadline,
    ) -> Result<Self, MutexError> {
        let path = path.as_ref();
        let place = Place::of("lock", path).map_err(MutexError::File)?;
        let mut pause = FIRST_PAUSE;
        loop {
            let file = open(&place, mode).map_err(MutexError::File)?;
            match claim(file) {
                Claim::Ours(lock) if is_still_there(&place, &lock) => {
                    return Ok(Self { _lock: lock });
                }
                // Somebody removed the file by hand: the lock on it keeps nobody out. Take the new file's.
                Claim::Ours(_) => continue,
                Claim::Held => {}
                Claim::Unknown(_, error) => {
                    return Err(MutexError::File(Error::at("lock", path)(error)));
                }
            }
            deadline.sleep(pause).map_err(MutexError::Ended)?;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Whether the path still names the file that is locked.
fn is_still_there(place: &Place, lock: &File) -> bool {
    match (place.look(), fstat(lock)) {
        (Ok(Some(named)), Ok(locked)) => same(&named, &locked),
        _ => false,
    }
}

/// The lock file, made if need be.
fn open(place: &Place, mode: u32) -> Result<File, Error> {
    loop {
        match open_regular(place, "lock", OFlag::O_RDWR) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => return other,
        }
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL;
        match place.open(flags, Mode::S_IRUSR | Mode::S_IWUSR) {
            Ok(file) => {
                fchmod(&file, permissions(mode)).map_err(Error::at("lock", &place.path))?;
                return Ok(file);
            }
            Err(Errno::EEXIST) => {}
            Err(error) => return Err(Error::at("lock", &place.path)(error)),
        }
    }
}

impl fmt::Display for MutexError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(ended) => write!(formatter, "waiting for the lock: {ended}"),
            Self::File(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for MutexError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Ended(ended) => Some(ended),
            Self::File(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;

    #[test]
    fn a_file_removed_between_opening_and_locking_is_noticed() {
        let name = format!("durable-mutex-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let place = Place::of("lock", &path).unwrap();
        let file = open(&place, 0o600).unwrap();
        assert!(is_still_there(&place, &file));
        fs::remove_file(&path).unwrap();
        assert!(!is_still_there(&place, &file));
        let other = open(&place, 0o600).unwrap();
        assert!(!is_still_there(&place, &file));
        assert!(is_still_there(&place, &other));
        fs::remove_file(&path).unwrap();
    }
}
