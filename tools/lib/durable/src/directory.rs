//! Directories: made, and published whole.

use crate::error::Error;
use crate::place::{Place, kind_of, open_directory, permissions};
use nix::errno::Errno;
use nix::fcntl::{RenameFlags, renameat, renameat2};
use nix::sys::stat::{FchmodatFlags, SFlag, fchmodat, mkdirat};
use nix::unistd::syncfs;
use std::path::Path;

/// Makes the directory at `path`, with every missing one above it, so that they survive a power cut.
///
/// Those made now get the permissions `mode`, whatever the umask. `false` where it was there already.
pub fn create_directory(path: impl AsRef<Path>, mode: u32) -> Result<bool, Error> {
    let path = path.as_ref();
    let failed = || Error::at("create", path);
    // "", "/" and ".." are there or cannot be made.
    if path.as_os_str().is_empty() || path.file_name().is_none() && path.is_dir() {
        return Ok(false);
    }
    let place = match Place::of("create", path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let Some(parent) = path.parent() else {
                return Err(error);
            };
            create_directory(parent, mode)?;
            Place::of("create", path)?
        }
        other => other?,
    };
    match mkdirat(place.directory(), place.name.as_os_str(), permissions(mode)) {
        Ok(()) => {}
        // A link to a directory serves as one: people mount their releases elsewhere.
        Err(Errno::EEXIST) if path.is_dir() => return Ok(false),
        Err(error) => return Err(failed()(error)),
    }
    fchmodat(
        place.directory(),
        place.name.as_os_str(),
        permissions(mode),
        FchmodatFlags::NoFollowSymlink,
    )
    .map_err(failed())?;
    place
        .sync()
        .map_err(Error::unconfirmed("create", path, || true))?;
    Ok(true)
}

/// Gives the finished directory `staging` its final name, after making sure of everything in it.
///
/// Both lie on the same file system. What already bears the final name is never replaced:
/// [`std::io::ErrorKind::AlreadyExists`]. Whoever filled the directory has ended, or its last writes are not covered.
pub fn publish(staging: impl AsRef<Path>, path: impl AsRef<Path>) -> Result<(), Error> {
    let (staging, path) = (staging.as_ref(), path.as_ref());
    let failed = || Error::at("publish", path);
    let from = Place::of("publish", staging)?;
    let to = Place::of("publish", path)?;
    let directory = open_directory(staging).map_err(Error::at("publish", staging))?;
    // One call for the whole file system: a release has tens of thousands of files, and syncing each takes minutes.
    syncfs(&directory).map_err(Error::at("publish", staging))?;
    rename_to_new(&from, &to).map_err(failed())?;
    // The new name first: a power cut between the two leaves both names, never none.
    to.sync()
        .and_then(|()| from.sync())
        .map_err(Error::unconfirmed("publish", path, || true))
}

/// Renames without replacing.
pub(crate) fn rename_to_new(from: &Place, to: &Place) -> nix::Result<()> {
    let renamed = renameat2(
        from.directory(),
        from.name.as_os_str(),
        to.directory(),
        to.name.as_os_str(),
        RenameFlags::RENAME_NOREPLACE,
    );
    match renamed {
        // Some network and FUSE file systems cannot; then look first. Callers hold the mutex.
        Err(Errno::EINVAL | Errno::ENOSYS) => match to.look()? {
            Some(found) if kind_of(&found) != SFlag::empty() => Err(Errno::EEXIST),
            _ => renameat(
                from.directory(),
                from.name.as_os_str(),
                to.directory(),
                to.name.as_os_str(),
            ),
        },
        other => other,
    }
}
