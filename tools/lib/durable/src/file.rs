//! One whole file, replaced, read or removed.

use crate::claim::{Claim, claim};
use crate::error::Error;
use crate::names;
use crate::place::{Place, kind_of, permissions};
use nix::errno::Errno;
use nix::fcntl::{OFlag, renameat};
use nix::sys::stat::{Mode, SFlag, fchmod, fstat};
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchown, unlinkat};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// Puts `content` in the place of the file at `path`, or makes the file.
///
/// Readers see the old content or the new. `mode` is what the permissions will be, whatever the umask. The owner
/// and group of the file before are kept where we may set them (root helping out in an incident must not take the
/// state away from the deploy user). A symbolic link at `path` is replaced, not followed.
pub fn replace(path: impl AsRef<Path>, content: &[u8], mode: u32) -> Result<(), Error> {
    let path = path.as_ref();
    let place = Place::of("replace", path)?;
    let (temporary, claim) = create_beside(&place).map_err(Error::at("replace", path))?;
    let written = fill(&place, &claim, content, mode).and_then(|()| {
        renameat(
            place.directory(),
            temporary.as_os_str(),
            place.directory(),
            place.name.as_os_str(),
        )?;
        Ok(())
    });
    // Let go only now: until the rename the lock says that the temporary file is being written.
    drop(claim);
    if let Err(source) = written {
        // Nothing more can be done where this fails too; recovery finds the name.
        let _ = unlink(&place, &temporary);
        return Err(Error::at("replace", path)(source));
    }
    place
        .sync()
        .map_err(Error::unconfirmed("replace", path, || {
            read(path, content.len() as u64).is_ok_and(|now| now == content)
        }))
}

/// A new empty file under a temporary name in the same directory, claimed.
fn create_beside(place: &Place) -> io::Result<(OsString, Claim)> {
    loop {
        let name = names::temporary(&place.name);
        let temporary = place.beside(name.clone())?;
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL;
        let file = match temporary.open(flags, Mode::S_IRUSR | Mode::S_IWUSR) {
            Ok(file) => file,
            Err(Errno::EEXIST) => continue,
            Err(error) => return Err(error.into()),
        };
        let claim = claim(file);
        match claim.file().map(fstat).transpose()? {
            Some(status) if status.st_nlink > 0 => return Ok((name, claim)),
            // A cleaner took it for a dead one's in the instant between its making and the lock.
            _ => unlink(place, &name)?,
        }
    }
}

/// Writes everything and makes sure of it. A failed sync is never tried again: the kernel may by then have dropped
/// the pages that it could not write, and would report success.
fn fill(place: &Place, claim: &Claim, content: &[u8], mode: u32) -> io::Result<()> {
    let Some(mut file) = claim.file() else {
        return Err(io::ErrorKind::ResourceBusy.into());
    };
    let before = place.look()?;
    if let Some(before) = before.filter(|before| kind_of(before) == SFlag::S_IFREG) {
        let (owner, group) = (Uid::from_raw(before.st_uid), Gid::from_raw(before.st_gid));
        // Refused to whoever is not root and does not own it already: then it stays ours.
        let _ = fchown(file, Some(owner), Some(group));
    }
    file.write_all(content)?;
    // After the owner: changing that clears bits of the mode.
    fchmod(file, permissions(mode))?;
    file.sync_all()
}

/// Takes a name away; that it is gone already is well.
fn unlink(place: &Place, name: &OsStr) -> nix::Result<()> {
    match unlinkat(place.directory(), name, UnlinkatFlags::NoRemoveDir) {
        Err(Errno::ENOENT) => Ok(()),
        other => other,
    }
}

/// Everything in the regular file at `path`, at most `limit` bytes.
///
/// A link, a directory, a FIFO or a device is refused at once instead of followed or waited for, a longer file with
/// [`io::ErrorKind::FileTooLarge`].
pub fn read(path: impl AsRef<Path>, limit: u64) -> Result<Vec<u8>, Error> {
    let path = path.as_ref();
    let place = Place::of("read", path)?;
    let file = open_regular(&place, "read", OFlag::O_RDONLY)?;
    let mut content = Vec::new();
    (&file)
        .take(limit.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(Error::at("read", path))?;
    if content.len() as u64 > limit {
        return Err(Error::refused(
            "read",
            path,
            io::ErrorKind::FileTooLarge,
            "it is larger than it can be",
        ));
    }
    Ok(content)
}

/// Removes the file at `path` so that it stays removed. `false` where there was none.
///
/// A link is removed, not what it points at; a directory is refused (that is [`crate::remove_tree`]).
pub fn remove(path: impl AsRef<Path>) -> Result<bool, Error> {
    let path = path.as_ref();
    let place = Place::of("remove", path)?;
    match unlinkat(
        place.directory(),
        place.name.as_os_str(),
        UnlinkatFlags::NoRemoveDir,
    ) {
        Ok(()) => {}
        Err(Errno::ENOENT) => return Ok(false),
        Err(error) => return Err(Error::at("remove", path)(error)),
    }
    place
        .sync()
        .map_err(Error::unconfirmed("remove", path, || true))?;
    Ok(true)
}

/// Opens an existing file and insists that it is a regular one.
pub(crate) fn open_regular(
    place: &Place,
    action: &'static str,
    flags: OFlag,
) -> Result<File, Error> {
    let refused = |why| Error::refused(action, &place.path, io::ErrorKind::InvalidInput, why);
    let file = match place.open(flags, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::ELOOP) => return Err(refused("it is a symbolic link")),
        // A FIFO that nobody reads, or a socket.
        Err(Errno::ENXIO) => return Err(refused("it is not a regular file")),
        Err(error) => return Err(Error::at(action, &place.path)(error)),
    };
    let status = fstat(&file).map_err(Error::at(action, &place.path))?;
    match kind_of(&status) {
        SFlag::S_IFREG => Ok(file),
        SFlag::S_IFDIR => Err(refused("it is a directory")),
        _ => Err(refused("it is not a regular file")),
    }
}
