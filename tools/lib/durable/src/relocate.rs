//! Something whole, moved within its file system.

use crate::directory::rename_to_new;
use crate::error::Error;
use crate::place::{Place, open_directory};
use nix::fcntl::renameat;
use nix::unistd::{fsync, syncfs};
use std::path::Path;

/// Gives the file, link or directory at `from` the name `to`, whose directory is there, on the same file system. What
/// already bears that name is never replaced: [`std::io::ErrorKind::AlreadyExists`].
pub fn relocate(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<(), Error> {
    let (from, to) = (from.as_ref(), to.as_ref());
    let (old, new) = (Place::of("move", from)?, Place::of("move", to)?);
    rename_to_new(&old, &new).map_err(Error::at("move", from))?;
    sync_both(&old, &new, from)
}

/// Puts the finished file at `from` in the place of the file `to`, in one step, after making sure of what is in it.
pub fn install(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<(), Error> {
    let (from, to) = (from.as_ref(), to.as_ref());
    let (old, new) = (Place::of("install", from)?, Place::of("install", to)?);
    let file = crate::file::open_regular(&old, "install", nix::fcntl::OFlag::O_RDONLY)?;
    fsync(&file).map_err(Error::at("install", from))?;
    renameat(
        old.directory(),
        old.name.as_os_str(),
        new.directory(),
        new.name.as_os_str(),
    )
    .map_err(Error::at("install", to))?;
    sync_both(&old, &new, to)
}

/// Writes to the disk whatever anybody has written to the file system of this directory.
pub fn sync(directory: impl AsRef<Path>) -> Result<(), Error> {
    let path = directory.as_ref();
    let directory = open_directory(path).map_err(Error::at("write", path))?;
    syncfs(&directory).map_err(Error::at("write", path))
}

/// The new name first: a power cut between the two leaves both names, never none.
fn sync_both(old: &Place, new: &Place, path: &Path) -> Result<(), Error> {
    new.sync()
        .and_then(|()| old.sync())
        .map_err(Error::unconfirmed("move", path, || true))
}
