//! Unchanged files, shared with another release by hard links.
//!
//! A file with two names is written through both, so what is shared must not be written: with `--link-dest` every file
//! of the new release loses its write permission, and only files of the other release that have none are linked to. It
//! comes after the build, and contents are compared: a fresh checkout has new times on old files.

use crate::trouble;
use deadline::Deadline;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use step::Failure;
use walkdir::WalkDir;

/// The name under which a link lies for the moment before it takes the file's place.
const ASIDE: &str = ".release-stage-link";
/// The write permissions.
const WRITE: u32 = 0o222;
/// Bytes compared at a time.
const BLOCK: usize = 64 * 1024;

/// Makes the files in `release` read-only, and links those that are the same in `other`; how many were linked.
pub(crate) fn with(
    release: &Path,
    other: Option<&Path>,
    deadline: &Deadline,
) -> Result<u64, Failure> {
    let other = other
        .map(|other| File::open(other).map(|directory| (other, directory)))
        .transpose()
        .map_err(trouble::at("read", release))?;
    let mut linked = 0;
    for entry in WalkDir::new(release) {
        deadline.check()?;
        let entry = entry.map_err(|error| trouble::at("read", release)(io::Error::from(error)))?;
        if !entry.file_type().is_file() {
            continue;
        }
        let path = entry.path();
        let found = fs::symlink_metadata(path).map_err(trouble::at("read", path))?;
        let mode = found.permissions().mode();
        if mode & WRITE != 0 {
            fs::set_permissions(path, Permissions::from_mode(mode & 0o7777 & !WRITE))
                .map_err(trouble::at("write", path))?;
        }
        if let (Some((other, directory)), Ok(inner)) = (&other, path.strip_prefix(release)) {
            linked += u64::from(link(path, &found, other, directory, inner));
        }
    }
    Ok(linked)
}

/// Links one file if it is the same there; where that does not work out, the copy stays.
fn link(path: &Path, found: &Metadata, other: &Path, directory: &File, inner: &Path) -> bool {
    let Ok((twin, status)) = open(directory, inner) else {
        return false;
    };
    let alike = status.is_file()
        && status.len() == found.len()
        && !found.len().eq(&0)
        && status.mode() & 0o7777 == found.mode() & 0o7777 & !WRITE
        && (status.uid(), status.gid()) == (found.uid(), found.gid())
        && File::open(path).is_ok_and(|file| same(file, twin).unwrap_or(false));
    alike && replace(path, &other.join(inner), &status).is_ok()
}

/// Opens a file of the other release through no link: behind one may lie what is shared in another way.
fn open(directory: &File, inner: &Path) -> io::Result<(File, Metadata)> {
    let how = OpenHow::new()
        .flags(OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC)
        .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
    let file = File::from(openat2(directory, inner, how)?);
    let status = file.metadata()?;
    Ok((file, status))
}

/// The link takes the file's place in one step; the directory is not published yet, and nobody else's.
fn replace(path: &Path, twin: &Path, status: &Metadata) -> io::Result<()> {
    let aside = path.with_file_name(ASIDE);
    fs::hard_link(twin, &aside)?;
    let made = fs::symlink_metadata(&aside)?;
    let is_it = (made.dev(), made.ino()) == (status.dev(), status.ino());
    let replaced = if is_it {
        fs::rename(&aside, path)
    } else {
        Err(io::ErrorKind::StaleNetworkFileHandle.into())
    };
    replaced.inspect_err(|_| drop(fs::remove_file(&aside)))
}

fn same(mut one: File, mut other: File) -> io::Result<bool> {
    let (mut left, mut right) = (vec![0; BLOCK], vec![0; BLOCK]);
    loop {
        let count = one.read(&mut left)?;
        if count == 0 {
            return Ok(other.read(&mut right)? == 0);
        }
        match other.read_exact(&mut right[..count]) {
            Ok(()) if left[..count] == right[..count] => {}
            Ok(()) => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}
