//! What killed processes leave behind.

use crate::claim::{Claim, claim};
use crate::error::Error;
use crate::names;
use crate::place::{Place, kind_of};
use crate::tree;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::kill;
use nix::sys::stat::{Mode, SFlag};
use nix::unistd::Pid;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What something unfinished was to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A directory that was being filled: `.staging-…`.
    Staging,
    /// A directory that was being removed: `.removing-…`.
    Removing,
    /// A file or link that was to replace another: `.NAME.tmp-…`.
    Temporary,
}

/// Something unfinished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// Where it lies.
    pub path: PathBuf,
    /// What it was to become.
    pub kind: Kind,
    /// The process that made it, as its name says; for people only, for the number may be another's by now.
    pub pid: Option<i32>,
    /// Whether its maker is still at work, or may be.
    pub in_use: bool,
}

impl Leftover {
    /// Removes it, and tells how many bytes that freed. One that is in use is refused.
    pub fn remove(&self) -> Result<u64, Error> {
        let place = Place::of("remove", &self.path)?;
        let blocks = match place.look().map_err(Error::at("remove", &self.path))? {
            None => return Ok(0),
            Some(found) if kind_of(&found) == SFlag::S_IFDIR => {
                return tree::remove_tree(&self.path);
            }
            Some(found) if found.st_nlink == 1 => u64::try_from(found.st_blocks).unwrap_or(0) * 512,
            Some(_) => 0,
        };
        let _claim = match sign_of_life(&place) {
            Sign::Living => {
                return Err(Error::refused(
                    "remove",
                    &self.path,
                    io::ErrorKind::ResourceBusy,
                    "it is being written",
                ));
            }
            Sign::Dead(claim) => claim,
        };
        Ok(if crate::file::remove(&self.path)? {
            blocks
        } else {
            0
        })
    }
}

/// What lies unfinished in `directory`, sorted by name; nothing where the directory does not exist.
///
/// Call it under the mutex: then no temporary file or link of a living process is there, and only directories can be
/// in use.
pub fn leftovers(directory: impl AsRef<Path>) -> Result<Vec<Leftover>, Error> {
    let directory = directory.as_ref();
    let failed = || Error::at("look into", directory);
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(failed())?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed())?.file_name();
        if let Some(kind) = unfinished(&name) {
            let path = directory.join(&name);
            let place = Place::of("look into", &path)?;
            found.push(Leftover {
                pid: names::maker(&name),
                in_use: matches!(sign_of_life(&place), Sign::Living),
                path,
                kind,
            });
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

fn unfinished(name: &OsStr) -> Option<Kind> {
    let bytes = name.as_bytes();
    if bytes.starts_with(names::STAGING.as_bytes()) {
        Some(Kind::Staging)
    } else if bytes.starts_with(names::REMOVING.as_bytes()) {
        Some(Kind::Removing)
    } else {
        names::is_temporary(name).then_some(Kind::Temporary)
    }
}

enum Sign {
    Living,
    /// With the lock, where there is one, so that nobody else takes it up meanwhile.
    Dead(#[allow(dead_code, reason = "held, not read")] Option<Claim>),
}

/// Asks the kernel for the lock. Only where there can be none does the process number decide, and doubt means life.
fn sign_of_life(place: &Place) -> Sign {
    match place.open(OFlag::O_RDONLY, Mode::empty()) {
        Ok(file) => match claim(file) {
            Claim::Ours(lock) => Sign::Dead(Some(Claim::Ours(lock))),
            Claim::Held => Sign::Living,
            Claim::Unknown(..) => by_number(place),
        },
        Err(Errno::ENOENT) => Sign::Dead(None),
        // A link cannot be locked; who makes one locks its directory.
        Err(Errno::ELOOP) => match place.directory_again().map(claim) {
            Ok(Claim::Ours(lock)) => Sign::Dead(Some(Claim::Ours(lock))),
            Ok(Claim::Held) => Sign::Living,
            _ => by_number(place),
        },
        // Another user's file cannot be opened.
        Err(_) => by_number(place),
    }
}

fn by_number(place: &Place) -> Sign {
    let Some(pid) = names::maker(&place.name) else {
        return Sign::Dead(None);
    };
    match kill(Pid::from_raw(pid), None) {
        Err(Errno::ESRCH) => Sign::Dead(None),
        _ => Sign::Living,
    }
}
