//! A file's place: its directory, held open, and its name in it.
//!
//! Everything that is done to the file is then done in that one directory, even if somebody moves it meanwhile.

use crate::error::Error;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, open, openat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstatat};
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

/// Where a file is, or is to be.
pub(crate) struct Place {
    /// As the caller wrote it, for messages.
    pub(crate) path: PathBuf,
    /// The last part of the path: one plain name.
    pub(crate) name: OsString,
    directory: File,
}

impl Place {
    /// Opens the directory. Links on the way to it are followed, for it comes from the configuration.
    pub(crate) fn of(action: &'static str, path: &Path) -> Result<Self, Error> {
        let Some(name) = path.file_name() else {
            return Err(Error::refused(
                action,
                path,
                io::ErrorKind::InvalidInput,
                "the path does not end in a name",
            ));
        };
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory = open(parent, flags, Mode::empty()).map_err(Error::at(action, path))?;
        Ok(Self {
            path: path.to_path_buf(),
            name: name.to_os_string(),
            directory: directory.into(),
        })
    }

    /// The directory.
    pub(crate) fn directory(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    /// Makes sure that what the directory lists survives a power cut.
    pub(crate) fn sync(&self) -> io::Result<()> {
        match self.directory.sync_all() {
            // A file system without such a call for directories writes them through, or cannot be helped.
            Err(error) if error.raw_os_error() == Some(Errno::EINVAL as i32) => Ok(()),
            other => other,
        }
    }

    /// The directory once more, for a claim on it.
    pub(crate) fn directory_again(&self) -> nix::Result<File> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        openat(&self.directory, ".", flags, Mode::empty()).map(File::from)
    }

    /// What is there, a link not followed; `None` where nothing is.
    pub(crate) fn look(&self) -> nix::Result<Option<FileStat>> {
        match fstatat(
            &self.directory,
            self.name.as_os_str(),
            AtFlags::AT_SYMLINK_NOFOLLOW,
        ) {
            Ok(found) => Ok(Some(found)),
            Err(Errno::ENOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens the file itself, never through a link, never waiting for the other end of a FIFO.
    pub(crate) fn open(&self, flags: OFlag, mode: Mode) -> nix::Result<File> {
        let safe = OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        openat(&self.directory, self.name.as_os_str(), flags | safe, mode).map(File::from)
    }

    /// The same directory under another name in it.
    pub(crate) fn beside(&self, name: OsString) -> io::Result<Self> {
        Ok(Self {
            path: self.path.with_file_name(&name),
            name,
            directory: self.directory.try_clone()?,
        })
    }
}

/// What kind of thing a status describes.
pub(crate) fn kind_of(status: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(status.st_mode & SFlag::S_IFMT.bits())
}

/// The permission bits of `mode`; the bits of the file's kind are dropped.
pub(crate) fn permissions(mode: u32) -> Mode {
    Mode::from_bits_truncate(mode & 0o7777)
}

/// Whether two statuses are of one and the same file.
pub(crate) fn same(one: &FileStat, other: &FileStat) -> bool {
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}

/// Opens a directory by path, a link at its end not followed.
pub(crate) fn open_directory(path: &Path) -> nix::Result<File> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(AT_FDCWD, path, flags, Mode::empty()).map(File::from)
}
