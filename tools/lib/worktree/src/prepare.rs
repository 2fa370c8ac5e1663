//! A release's outputs, copied beside the tree, so that putting them into it is only a rename.

use crate::{Error, Release, Tree};
use deadline::Deadline;
use durable::Staging;
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

impl Tree {
    /// Makes the outputs of a release ready for this tree, where they are not yet. Nothing of the tree is touched. What
    /// dead makers left, and what was made ready of releases that are neither this one nor in the tree, goes.
    pub fn prepare(&self, release: &Release<'_>, deadline: &Deadline) -> Result<(), Error> {
        // What a mirror is at work with is not tidied away under it.
        let _alone = self.alone(deadline)?;
        self.tidy(release.name)?;
        self.ready(release, deadline).map(drop)
    }

    /// Where the outputs of that release lie ready.
    pub(crate) fn ready(
        &self,
        release: &Release<'_>,
        deadline: &Deadline,
    ) -> Result<PathBuf, Error> {
        let place = self.ready_place(release.name);
        if place.symlink_metadata().is_ok() {
            return Ok(place);
        }
        let all = self.area().join("outputs");
        durable::create_directory(&all, 0o755)?;
        let staging = Staging::create(self.area(), 0o755)?;
        for output in release.outputs {
            let from = release.directory.join(output);
            let to = staging.path().join(output);
            make_parents(release.directory, staging.path(), Path::new(output))?;
            copy(&from, &to, deadline)?;
        }
        staging.publish(&place)?;
        Ok(place)
    }

    /// Where they would lie.
    pub(crate) fn ready_place(&self, release: &str) -> PathBuf {
        self.area().join("outputs").join(release)
    }

    /// Removes what was made ready of a release.
    pub(crate) fn discard(&self, release: &str) -> Result<(), Error> {
        let place = self.ready_place(release);
        if place.symlink_metadata().is_ok() {
            durable::remove_tree(place)?;
        }
        Ok(())
    }

    fn tidy(&self, wanted: &str) -> Result<(), Error> {
        let held = self.placed()?.map(|placed| placed.release);
        let entries = fs::read_dir(self.area().join("outputs"));
        for entry in entries.into_iter().flatten().flatten() {
            let name = entry.file_name();
            if name != wanted && held.as_deref().is_none_or(|held| name != held) {
                durable::remove_tree(entry.path())?;
            }
        }
        self.sweep()
    }

    /// Removes what dead makers left beside the tree.
    pub(crate) fn sweep(&self) -> Result<(), Error> {
        for leftover in durable::leftovers(self.area())? {
            if !leftover.in_use {
                leftover.remove()?;
            }
        }
        Ok(())
    }
}

/// The directories above `path`, made in `to` with the permissions that they have in `from`.
pub(crate) fn make_parents(from: &Path, to: &Path, path: &Path) -> Result<(), Error> {
    let Some(parent) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    else {
        return Ok(());
    };
    let place = to.join(parent);
    if place.is_dir() {
        return Ok(());
    }
    make_parents(from, to, parent)?;
    fs::create_dir(&place).map_err(Error::io("create", &place))?;
    if let Ok(found) = fs::metadata(from.join(parent)) {
        fs::set_permissions(&place, found.permissions()).map_err(Error::io("create", &place))?;
    }
    Ok(())
}

/// Copies a file, a link or a whole directory, with permissions and times.
fn copy(from: &Path, to: &Path, deadline: &Deadline) -> Result<(), Error> {
    // Times of directories last: what is made in them changes them.
    let mut directories: Vec<(PathBuf, Metadata)> = Vec::new();
    for entry in WalkDir::new(from) {
        deadline.check()?;
        let entry = entry.map_err(|error| Error::io::<io::Error>("read", from)(error.into()))?;
        let path = entry.path();
        let inner = path.strip_prefix(from).unwrap_or(path);
        let place = if inner.as_os_str().is_empty() {
            to.to_owned()
        } else {
            to.join(inner)
        };
        let failed = || Error::io::<io::Error>("copy", path);
        let found = entry.metadata().map_err(|error| failed()(error.into()))?;
        if found.is_dir() {
            fs::create_dir(&place).map_err(failed())?;
            directories.push((place, found));
        } else if found.is_symlink() {
            let target = fs::read_link(path).map_err(failed())?;
            symlink(target, &place).map_err(failed())?;
        } else if found.is_file() {
            // By the kernel, which shares blocks where the file system can.
            fs::copy(path, &place).map_err(failed())?;
            keep_times(&place, &found)?;
        }
    }
    for (place, found) in directories.iter().rev() {
        fs::set_permissions(place, found.permissions()).map_err(Error::io("copy", place))?;
        keep_times(place, found)?;
    }
    Ok(())
}

pub(crate) fn keep_times(place: &Path, found: &Metadata) -> Result<(), Error> {
    let modified = TimeSpec::new(found.mtime(), found.mtime_nsec());
    let accessed = TimeSpec::new(found.atime(), found.atime_nsec());
    utimensat(
        nix::fcntl::AT_FDCWD,
        place,
        &accessed,
        &modified,
        UtimensatFlags::NoFollowSymlink,
    )
    .map_err(Error::io("copy", place))
}
