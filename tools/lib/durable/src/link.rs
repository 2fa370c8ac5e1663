//! The one switch that makes a release live.

use crate::claim::claim;
use crate::error::Error;
use crate::names;
use crate::place::{Place, kind_of};
use nix::errno::Errno;
use nix::fcntl::{readlinkat, renameat};
use nix::sys::stat::SFlag;
use nix::unistd::{UnlinkatFlags, symlinkat, unlinkat};
use std::io;
use std::path::Path;

/// Makes the symbolic link at `link` point at `target`, in one step; makes the link where there is none.
///
/// `target` is relative to the directory that `link` lies in, so that the whole tree can be moved or mounted
/// elsewhere. What is at `link` and not a symbolic link is never touched: [`io::ErrorKind::AlreadyExists`].
/// Whether the target exists is the caller's business. Not safe against a second switcher at the same moment:
/// hold the mutex.
pub fn switch(link: impl AsRef<Path>, target: impl AsRef<Path>) -> Result<(), Error> {
    let (link, target) = (link.as_ref(), target.as_ref());
    let refused = |kind, why| Err(Error::refused("switch", link, kind, why));
    if target.as_os_str().is_empty() || !target.is_relative() {
        return refused(
            io::ErrorKind::InvalidInput,
            "the target must be a relative path",
        );
    }
    let place = Place::of("switch", link)?;
    match place.look().map_err(Error::at("switch", link))? {
        None => {}
        Some(found) if kind_of(&found) == SFlag::S_IFLNK => {}
        Some(found) if kind_of(&found) == SFlag::S_IFDIR => {
            return refused(
                io::ErrorKind::AlreadyExists,
                "it is a directory, not a symbolic link",
            );
        }
        Some(_) => {
            return refused(
                io::ErrorKind::AlreadyExists,
                "it is a file, not a symbolic link",
            );
        }
    }
    // A link cannot be locked, so its directory is, for the moment that there are two: the sign of life for `leftovers`.
    let _claim = place.directory_again().map(claim);
    put(&place, target).map_err(Error::at("switch", link))?;
    place.sync().map_err(Error::unconfirmed("switch", link, || {
        readlinkat(place.directory(), place.name.as_os_str())
            .is_ok_and(|now| Path::new(&now) == target)
    }))
}

/// A new link under another name, renamed over the old one.
fn put(place: &Place, target: &Path) -> nix::Result<()> {
    let temporary = loop {
        let name = names::temporary(&place.name);
        match symlinkat(target, place.directory(), name.as_os_str()) {
            Ok(()) => break name,
            Err(Errno::EEXIST) => {}
            Err(error) => return Err(error),
        }
    };
    renameat(
        place.directory(),
        temporary.as_os_str(),
        place.directory(),
        place.name.as_os_str(),
    )
    .inspect_err(|_| {
        let _ = unlinkat(
            place.directory(),
            temporary.as_os_str(),
            UnlinkatFlags::NoRemoveDir,
        );
    })
}
