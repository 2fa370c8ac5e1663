//! From a name that came from outside to a directory, beneath the releases or not at all.

use crate::layout::{Layout, PathError, physical};
use crate::name::{self, NameError};
use camino::{Utf8Path, Utf8PathBuf};
use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat, openat2};
use nix::sys::stat::Mode;
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;

/// Why a name leads to no release.
#[derive(Debug)]
pub enum ResolveError {
    /// It cannot be a release's name.
    BadName {
        /// As it was given.
        name: String,
        /// What is wrong with it.
        why: NameError,
    },
    /// There is nothing of that name.
    Absent(Utf8PathBuf),
    /// It is a symbolic link, inside the tree or out of it; a release is a real directory.
    Link {
        /// The link.
        path: Utf8PathBuf,
        /// What the link says, as far as it can be read.
        target: String,
        /// Whether that lies outside the directory of releases.
        outside: bool,
    },
    /// It is a file, or something else that is not a directory.
    NotADirectory(Utf8PathBuf),
    /// The directory of releases itself, or the release, could not be looked at.
    Unreadable(PathError),
}

/// The physical directory of the release `name`: directly in the resolved directory of releases, through no link.
pub fn resolve(layout: &Layout, name: &str) -> Result<Utf8PathBuf, ResolveError> {
    name::validate(name).map_err(|why| ResolveError::BadName {
        name: name.to_string(),
        why,
    })?;
    let releases = layout
        .physical_releases()
        .map_err(ResolveError::Unreadable)?;
    let path = releases.join(name);
    match open_beneath(&releases, name) {
        Ok(_) => Ok(path),
        Err(Errno::ENOENT) => Err(ResolveError::Absent(path)),
        Err(Errno::ELOOP | Errno::ENOTDIR | Errno::EXDEV) => Err(not_a_directory(&releases, path)),
        Err(error) => Err(ResolveError::Unreadable(PathError::at(&path)(error))),
    }
}

/// Opens it only to see that it can be: the kernel, not a comparison of strings, says what lies beneath.
fn open_beneath(releases: &Utf8Path, name: &str) -> nix::Result<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let directory = open(releases.as_std_path(), flags, Mode::empty())?;
    let how = OpenHow::new()
        .flags(flags)
        .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
    match openat2(&directory, name, how) {
        // Older containers forbid the call. The name is one plain part of a path, so not following it is as good.
        Err(Errno::ENOSYS | Errno::EPERM) => openat(&directory, name, flags, Mode::empty()),
        other => other,
    }
}

fn not_a_directory(releases: &Utf8Path, path: Utf8PathBuf) -> ResolveError {
    match path.as_std_path().read_link() {
        Ok(target) => ResolveError::Link {
            target: target.to_string_lossy().into_owned(),
            outside: path
                .canonicalize_utf8()
                .map_or(true, |real| !real.starts_with(releases)),
            path,
        },
        Err(_) => ResolveError::NotADirectory(path),
    }
}

/// The names of all releases, sorted: real directories whose names can be a release's. Links, files and what begins
/// with a dot are none, nor is a name that is not UTF-8, which nobody could type. Nothing where the directory of releases
/// does not exist.
pub fn list(layout: &Layout) -> Result<Vec<String>, PathError> {
    let failed = || PathError::at(&layout.releases);
    let releases = match physical(&layout.releases) {
        Err(error) if error.source.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut names = Vec::new();
    for entry in releases.as_std_path().read_dir().map_err(failed())? {
        let entry = entry.map_err(failed())?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let is_directory = match entry.file_type() {
            Ok(kind) => kind.is_dir(),
            // Removed since it was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(failed()(error)),
        };
        if is_directory && name::validate(&name).is_ok() {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

impl fmt::Display for ResolveError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadName { name, why } => write!(formatter, "{why}: {name:?}"),
            Self::Absent(path) => write!(formatter, "there is no release {path}"),
            Self::Link {
                path,
                target,
                outside,
            } => {
                let out = if *outside { " out of the releases" } else { "" };
                write!(
                    formatter,
                    "{path} is a symbolic link{out}, to {target:?}, and no release"
                )
            }
            Self::NotADirectory(path) => {
                write!(formatter, "{path} is not a directory, and so no release")
            }
            Self::Unreadable(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for ResolveError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::BadName { why, .. } => Some(why),
            Self::Unreadable(error) => Some(error),
            _ => None,
        }
    }
}
