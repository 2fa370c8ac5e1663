//! A whole tree, removed without ever leaving it.

use crate::claim::{Claim, claim};
use crate::directory::rename_to_new;
use crate::error::Error;
use crate::names;
use crate::place::{Place, kind_of, same};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat2, renameat};
use nix::sys::stat::{FchmodatFlags, FileStat, Mode, SFlag, fchmod, fchmodat, fstat, fstatat};
use nix::unistd::{UnlinkatFlags, unlinkat};
use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Directories held open at a time. What lies deeper is moved up to the top first, so that no depth of tree uses up
/// descriptors or stack.
const DEEPEST: usize = 32;
/// How often a directory is looked through again because something was put into it meanwhile.
const PASSES: u8 = 8;

/// Removes the directory at `path` with everything in it; returns the bytes that this freed.
///
/// It first gets the name `.removing-…`, so that nobody ever sees half of it under its own. Links are removed, never
/// followed, and nothing on another mount is touched (the error is then
/// [`io::ErrorKind::CrossesDevices`]). What cannot be removed is left, the rest is removed all the same, and the
/// first obstacle is the error. Directories of our own that forbid writing are made writable. A file that other
/// hard links keep alive frees nothing. A directory that another process is filling or removing is refused with
/// [`io::ErrorKind::ResourceBusy`].
pub fn remove_tree(path: impl AsRef<Path>) -> Result<u64, Error> {
    let path = path.as_ref();
    let failed = || Error::at("remove", path);
    let refused = |kind, why| Err(Error::refused("remove", path, kind, why));
    let place = Place::of("remove", path)?;
    let directory = match enter(place.directory(), &c_name(&place.name)) {
        Ok(directory) => directory,
        Err(Errno::ELOOP | Errno::ENOTDIR) => {
            return refused(io::ErrorKind::NotADirectory, "it is not a directory");
        }
        Err(error) => return Err(failed()(error)),
    };
    let opened = fstat(&directory).map_err(failed())?;
    let clone = directory.try_clone().map_err(Error::at("remove", path))?;
    let claim = claim(clone);
    if matches!(claim, Claim::Held) {
        return refused(
            io::ErrorKind::ResourceBusy,
            "another process is at work on it",
        );
    }

    let place = if place
        .name
        .as_bytes()
        .starts_with(names::REMOVING.as_bytes())
    {
        place
    } else {
        let aside = place
            .beside(names::removing().into())
            .map_err(Error::at("remove", path))?;
        rename_to_new(&place, &aside).map_err(failed())?;
        let moved = aside.look().map_err(failed())?;
        if !moved.is_some_and(|moved| same(&moved, &opened)) {
            // Somebody put something else in its place since it was opened: give that its name back.
            let _ = rename_to_new(&aside, &place);
            return refused(io::ErrorKind::ResourceBusy, "it was replaced meanwhile");
        }
        // The old name must be gone for good before the first file is.
        place.sync().map_err(Error::at("remove", path))?;
        aside
    };

    let mut removal = Removal::new(place.path.clone(), directory, &opened);
    let name = c_name(&place.name);
    let removed = loop {
        removal.run();
        if removal.frames[0].obstructed {
            break Err(Errno::ENOTEMPTY);
        }
        match unlinkat(place.directory(), name.as_c_str(), UnlinkatFlags::RemoveDir) {
            Err(Errno::ENOTEMPTY | Errno::EEXIST) if removal.frames[0].passes < PASSES => {
                removal.scan();
            }
            Err(Errno::ENOENT) => break Ok(()),
            other => break other,
        }
    };
    if let Err(error) = removed {
        let last = || Error::at("remove", &place.path)(error);
        return Err(removal.obstacle.unwrap_or_else(last));
    }
    place
        .sync()
        .map_err(Error::unconfirmed("remove", path, || true))?;
    Ok(removal.freed + removal.frames[0].bytes)
}

/// One directory on the way from the top down to where the work is.
struct Frame {
    directory: File,
    /// Its name in the frame before.
    name: CString,
    /// What it takes up itself.
    bytes: u64,
    /// Directories in it that are still to be emptied.
    pending: Vec<CString>,
    /// Something in it stays.
    obstructed: bool,
    passes: u8,
}

struct Removal {
    path: PathBuf,
    /// Never empty: the first is the top of the tree.
    frames: Vec<Frame>,
    freed: u64,
    /// The first thing that could not be removed.
    obstacle: Option<Error>,
}

impl Removal {
    fn new(path: PathBuf, top: File, status: &FileStat) -> Self {
        let mut removal = Self {
            path,
            frames: Vec::with_capacity(DEEPEST),
            freed: 0,
            obstacle: None,
        };
        allow_writing(&top, status);
        removal.push(top, CString::default(), status);
        removal
    }

    /// Empties the top, with no recursion: a tree may be deeper than any stack.
    fn run(&mut self) {
        loop {
            let depth = self.frames.len();
            let Some(frame) = self.frames.last_mut() else {
                return;
            };
            if let Some(name) = frame.pending.pop() {
                self.descend(name);
            } else if depth > 1 {
                self.leave();
            } else {
                return;
            }
        }
    }

    /// Goes into a subdirectory, or moves it up where we are deep already.
    fn descend(&mut self, name: CString) {
        let depth = self.frames.len();
        let frame = &self.frames[depth - 1];
        let entered = enter(&frame.directory, &name).and_then(|directory| {
            let status = fstat(&directory)?;
            allow_writing(&directory, &status);
            Ok((directory, status))
        });
        match entered {
            Ok((directory, status)) if depth < DEEPEST => self.push(directory, name, &status),
            Ok(_) => {
                let up = c_name(OsStr::new(&names::removing()));
                let top = &self.frames[0].directory;
                match renameat(&frame.directory, name.as_c_str(), top, up.as_c_str()) {
                    Ok(()) => self.frames[0].pending.push(up),
                    Err(error) => self.stopped_by(&name, error),
                }
            }
            Err(Errno::ENOENT) => {}
            Err(error) => self.stopped_by(&name, error),
        }
    }

    /// Removes the directory that has been emptied.
    fn leave(&mut self) {
        let depth = self.frames.len();
        if self.frames[depth - 1].obstructed {
            self.frames.pop();
            self.frames[depth - 2].obstructed = true;
            return;
        }
        let parent = &self.frames[depth - 2].directory;
        let name = self.frames[depth - 1].name.clone();
        match unlinkat(parent, name.as_c_str(), UnlinkatFlags::RemoveDir) {
            Ok(()) => self.freed += self.frames[depth - 1].bytes,
            Err(Errno::ENOENT) => {}
            // Somebody who still runs in there put something new into it.
            Err(Errno::ENOTEMPTY | Errno::EEXIST) if self.frames[depth - 1].passes < PASSES => {
                self.scan();
                return;
            }
            Err(error) => {
                self.frames.pop();
                self.stopped_by(&name, error);
                return;
            }
        }
        self.frames.pop();
    }

    fn push(&mut self, directory: File, name: CString, status: &FileStat) {
        self.frames.push(Frame {
            directory,
            name,
            bytes: bytes(status),
            pending: Vec::new(),
            obstructed: false,
            passes: 0,
        });
        self.scan();
    }

    /// Removes every file in the last frame's directory, and notes its subdirectories.
    fn scan(&mut self) {
        let depth = self.frames.len();
        self.frames[depth - 1].passes += 1;
        let entries = match entries(&self.frames[depth - 1].directory) {
            Ok(entries) => entries,
            Err(error) => return self.stopped_by(c".", error),
        };
        for name in entries {
            let directory = &self.frames[depth - 1].directory;
            let removed = fstatat(directory, name.as_c_str(), AtFlags::AT_SYMLINK_NOFOLLOW)
                .and_then(|status| {
                    if kind_of(&status) == SFlag::S_IFDIR {
                        return Ok(None);
                    }
                    unlinkat(directory, name.as_c_str(), UnlinkatFlags::NoRemoveDir)?;
                    Ok(Some(if status.st_nlink == 1 {
                        bytes(&status)
                    } else {
                        0
                    }))
                });
            match removed {
                Ok(Some(bytes)) => self.freed += bytes,
                Ok(None) => self.frames[depth - 1].pending.push(name),
                Err(Errno::ENOENT) => {}
                Err(error) => self.stopped_by(&name, error),
            }
        }
    }

    /// Notes that something in the last frame's directory stays.
    fn stopped_by(&mut self, name: &CStr, error: Errno) {
        if self.obstacle.is_none() {
            let mut path = self.path.clone();
            for frame in &self.frames[1..] {
                path.push(OsStr::from_bytes(frame.name.to_bytes()));
            }
            path.push(OsStr::from_bytes(name.to_bytes()));
            self.obstacle = Some(Error::at("remove", &path)(error));
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.obstructed = true;
        }
    }
}

/// Opens the directory `name` in `parent`: never a link, never another mount.
fn enter(parent: impl AsFd + Copy, name: &CStr) -> nix::Result<File> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let how = OpenHow::new().flags(flags).resolve(
        ResolveFlag::RESOLVE_BENEATH
            | ResolveFlag::RESOLVE_NO_SYMLINKS
            | ResolveFlag::RESOLVE_NO_XDEV,
    );
    match openat2(parent, name, how) {
        Err(Errno::EACCES) => {
            // Its owner may mend that; for anybody else what stands in the way is what was said first.
            fchmodat(parent, name, Mode::S_IRWXU, FchmodatFlags::NoFollowSymlink)
                .map_err(|_| Errno::EACCES)?;
            openat2(parent, name, how)
        }
        other => other,
    }
    .map(File::from)
}

/// Gives its owner, which may be us, every right on a directory: to empty it, and to move it, which changes its `..`.
fn allow_writing(directory: &File, status: &FileStat) {
    if status.st_mode & 0o700 != 0o700 {
        // Refused where it is not ours. If that matters, what comes next says so.
        let _ = fchmod(
            directory,
            Mode::from_bits_truncate(status.st_mode) | Mode::S_IRWXU,
        );
    }
}

/// The names in a directory, all read before the first is removed: what a directory lists while it changes is anybody's
/// guess.
fn entries(directory: &File) -> nix::Result<Vec<CString>> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let mut listing = nix::dir::Dir::openat(directory, c".", flags, Mode::empty())?;
    let mut names = Vec::new();
    for entry in listing.iter() {
        let name = entry?.file_name().to_owned();
        if !matches!(name.to_bytes(), b"." | b"..") {
            names.push(name);
        }
    }
    Ok(names)
}

/// What a file takes up on the disk.
fn bytes(status: &FileStat) -> u64 {
    u64::try_from(status.st_blocks).unwrap_or(0) * 512
}

/// A name as the operating system takes it. One that came out of a path holds no NUL that a system call could have
/// let through, so an empty name (which every call refuses) stands for it.
fn c_name(name: &OsStr) -> CString {
    CString::new(name.as_bytes()).unwrap_or_default()
}
