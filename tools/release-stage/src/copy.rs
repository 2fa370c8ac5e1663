//! A tree, copied.
//!
//! The source may be anybody's, and may be changed while it is copied: every file is opened in its own directory and
//! never through a link, so that nothing from outside the source gets in.

use crate::exclude::Exclude;
use crate::file;
use crate::trouble;
use deadline::Deadline;
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat, fstatat, futimens, mkdirat};
use nix::sys::time::TimeSpec;
use nix::unistd::symlinkat;
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use step::Failure;

/// Directories within each other; each holds descriptors open. Real trees do not come to half of it.
const DEEPEST: usize = 128;

/// What was copied, beside the files and directories.
#[derive(Debug, Default)]
pub(crate) struct Copied {
    /// The symbolic links, by their paths from the root.
    pub(crate) links: Vec<PathBuf>,
    /// What is neither file, directory nor link, and was not copied.
    pub(crate) skipped: Vec<PathBuf>,
}

struct Copy<'a> {
    source: &'a Path,
    exclude: &'a Exclude,
    /// The directory of releases: a source may contain the place that it is copied to.
    never: (u64, u64),
    deadline: &'a Deadline,
    copied: Copied,
}

/// Copies what is in `source` into the directory `target`, which is there and empty, and nobody else's.
///
/// Permissions and times are kept, set-user-id bits are not, and who copies owns the copy.
pub(crate) fn tree(
    source: &Path,
    target: &Path,
    exclude: &Exclude,
    deadline: &Deadline,
) -> Result<Copied, Failure> {
    let from = File::open(source).map_err(trouble::at("read", source))?;
    let to = File::open(target).map_err(trouble::at("write", target))?;
    let releases = target.parent().unwrap_or(target);
    let releases_status = nix::sys::stat::stat(releases).map_err(trouble::at("read", releases))?;
    let mut copy = Copy {
        source,
        exclude,
        never: (releases_status.st_dev, releases_status.st_ino),
        deadline,
        copied: Copied::default(),
    };
    copy.directory(&from, &to, Path::new(""), 0)?;
    Ok(copy.copied)
}

impl Copy<'_> {
    fn directory(
        &mut self,
        from: &File,
        to: &File,
        path: &Path,
        depth: usize,
    ) -> Result<(), Failure> {
        let whole = self.source.join(path);
        if depth > DEEPEST {
            return Err(Failure::no(
                "source-unusable",
                format!("{} lies deeper than {DEEPEST} directories", whole.display()),
            ));
        }
        for name in names(from).map_err(trouble::in_source(&whole))? {
            self.deadline.check()?;
            let path = path.join(OsStr::from_bytes(name.to_bytes()));
            if !self.exclude.leaves_out(&path) {
                self.entry(from, to, &name, &path, depth)?;
            }
        }
        Ok(())
    }

    fn entry(
        &mut self,
        from: &File,
        to: &File,
        name: &CString,
        path: &Path,
        depth: usize,
    ) -> Result<(), Failure> {
        let whole = self.source.join(path);
        let status = fstatat(from, name.as_c_str(), AtFlags::AT_SYMLINK_NOFOLLOW)
            .map_err(trouble::in_source(&whole))?;
        match kind(&status) {
            SFlag::S_IFDIR if (status.st_dev, status.st_ino) == self.never => {}
            SFlag::S_IFDIR => {
                let inner =
                    open(from, name, OFlag::O_DIRECTORY).map_err(trouble::in_source(&whole))?;
                let made = make_directory(to, name).map_err(trouble::at("copy", &whole))?;
                self.directory(&inner, &made, path, depth + 1)?;
                keep(&made, &status).map_err(trouble::at("copy", &whole))?;
            }
            SFlag::S_IFREG => {
                let source =
                    open(from, name, OFlag::O_NONBLOCK).map_err(trouble::in_source(&whole))?;
                let status = fstat(&source).map_err(trouble::in_source(&whole))?;
                if kind(&status) != SFlag::S_IFREG {
                    return Err(trouble::in_source(&whole)(Errno::ENOENT));
                }
                let target = make_file(to, name).map_err(trouble::at("copy", &whole))?;
                file::contents(&source, &target, &status, self.deadline, &whole)?;
                keep(&target, &status).map_err(trouble::at("copy", &whole))?;
            }
            SFlag::S_IFLNK => {
                let says = readlinkat(from, name.as_c_str()).map_err(trouble::in_source(&whole))?;
                symlinkat(says.as_os_str(), to, name.as_c_str())
                    .map_err(trouble::at("copy", &whole))?;
                self.copied.links.push(path.to_path_buf());
            }
            _ => self.copied.skipped.push(path.to_path_buf()),
        }
        Ok(())
    }
}

fn kind(status: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(status.st_mode & SFlag::S_IFMT.bits())
}

/// All names in a directory, read before anything is done with the first.
fn names(directory: &File) -> nix::Result<Vec<CString>> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let mut names = Vec::new();
    for entry in Dir::openat(directory, c".", flags, Mode::empty())?.iter() {
        let name = entry?.file_name().to_owned();
        if !matches!(name.to_bytes(), b"." | b"..") {
            names.push(name);
        }
    }
    Ok(names)
}

/// Opens for reading, never through a link.
fn open(directory: &File, name: &CString, flags: OFlag) -> nix::Result<File> {
    let flags = flags | OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
    openat(directory, name.as_c_str(), flags, Mode::empty()).map(File::from)
}

fn make_directory(directory: &File, name: &CString) -> nix::Result<File> {
    mkdirat(directory, name.as_c_str(), Mode::S_IRWXU)?;
    open(directory, name, OFlag::O_DIRECTORY)
}

fn make_file(directory: &File, name: &CString) -> nix::Result<File> {
    let flags =
        OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mode = Mode::S_IRUSR | Mode::S_IWUSR;
    openat(directory, name.as_c_str(), flags, mode).map(File::from)
}

/// Gives the copy the permissions and the time of the original. Whoever copies owns the copy, so that a bit which lends
/// the owner's rights would lend others than it did.
fn keep(copy: &File, status: &FileStat) -> nix::Result<()> {
    fchmod(copy, Mode::from_bits_truncate(status.st_mode & 0o777))?;
    let modified = TimeSpec::new(status.st_mtime, status.st_mtime_nsec);
    futimens(copy, &TimeSpec::UTIME_OMIT, &modified)
}
