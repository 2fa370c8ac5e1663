//! A directory that is being filled, out of everybody's sight.

use crate::claim::{Claim, claim};
use crate::directory::publish;
use crate::error::Error;
use crate::names;
use crate::place::{Place, open_directory, permissions, same};
use crate::tree;
use nix::errno::Errno;
use nix::sys::stat::{Mode, fchmod, fstat, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};
use std::path::{Path, PathBuf};

/// A directory `.staging-…`, removed with all that is in it when the value is dropped, unless it was published.
///
/// While the value lives, [`leftovers`](crate::leftovers) tells others that the directory is in use. A killed process
/// leaves it behind, and then they are told that it is not.
#[derive(Debug)]
pub struct Staging {
    path: PathBuf,
    /// The sign of life. Let go before the directory is removed, which takes it anew.
    claim: Option<Claim>,
}

impl Staging {
    /// Makes an empty one in `parent`, with the permissions `mode`, whatever the umask.
    pub fn create(parent: impl AsRef<Path>, mode: u32) -> Result<Self, Error> {
        let parent = parent.as_ref();
        loop {
            let path = parent.join(names::staging());
            let failed = || Error::at("create", &path);
            let place = Place::of("create", &path)?;
            match mkdirat(place.directory(), place.name.as_os_str(), Mode::S_IRWXU) {
                Ok(()) => {}
                Err(Errno::EEXIST) => continue,
                Err(error) => return Err(failed()(error)),
            }
            let directory = match open_directory(&path) {
                Ok(directory) => directory,
                // A cleaner took it for a dead one's in the instant before it was locked.
                Err(Errno::ENOENT) => continue,
                Err(error) => return Err(failed()(error)),
            };
            fchmod(&directory, permissions(mode)).map_err(failed())?;
            let created = fstat(&directory).map_err(failed())?;
            let claim = claim(directory);
            let named = place.look().map_err(failed())?;
            let ours = named.is_some_and(|named| same(&named, &created));
            if ours && claim.file().is_some() {
                return Ok(Self {
                    path,
                    claim: Some(claim),
                });
            }
            // Somebody was just looking whether it is in use: leave nothing behind, and take another.
            let name = place.name.as_os_str();
            let _ = unlinkat(place.directory(), name, UnlinkatFlags::RemoveDir);
        }
    }

    /// Where to put what is to be published.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what is in it to the disk now. Publishing does so anyway, and is quick then: for a caller who publishes
    /// while others wait.
    pub fn sync(&self) -> Result<(), Error> {
        let directory = std::fs::File::open(&self.path).map_err(Error::at("write", &self.path))?;
        nix::unistd::syncfs(&directory).map_err(Error::at("write", &self.path))
    }

    /// Gives the directory its final name, as [`publish`] does. After an error it is still there to be removed.
    pub fn publish(mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        let published = publish(&self.path, path);
        if published
            .as_ref()
            .map_or_else(|error| error.took_effect, |()| true)
        {
            self.claim = None;
            self.path = PathBuf::new();
        }
        published
    }

    /// Removes it, and tells how many bytes that freed or why it could not be done.
    pub fn discard(mut self) -> Result<u64, Error> {
        self.clear()
    }

    fn clear(&mut self) -> Result<u64, Error> {
        self.claim = None;
        let path = std::mem::take(&mut self.path);
        if path.as_os_str().is_empty() {
            return Ok(0);
        }
        tree::remove_tree(path)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Whoever wants to know calls `discard`; what stays is found by recovery.
        let _ = self.clear();
    }
}
