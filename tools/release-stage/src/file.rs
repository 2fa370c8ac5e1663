//! What is in one file, copied by the kernel where it can, holes as holes.

use crate::trouble;
use deadline::Deadline;
use nix::errno::Errno;
use nix::sys::stat::FileStat;
use nix::unistd::{Whence, lseek};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use step::Failure;

/// Bytes between two looks at the deadline.
const STRETCH: u64 = 16 * 1024 * 1024;

/// Copies everything in `source` into the empty file `target`; `path` is for messages.
pub(crate) fn contents(
    source: &File,
    target: &File,
    status: &FileStat,
    deadline: &Deadline,
    path: &Path,
) -> Result<(), Failure> {
    let failed = || trouble::at::<io::Error>("copy", path);
    let length = u64::try_from(status.st_size).unwrap_or(0);
    let on_disk = u64::try_from(status.st_blocks).unwrap_or(0) * 512;
    if on_disk >= length {
        return stretch(source, target, u64::MAX, deadline, path);
    }
    let mut at = 0;
    while let Some((from, to)) = data_after(source, at, length).map_err(failed())? {
        let (mut reader, mut writer) = (source, target);
        reader.seek(SeekFrom::Start(from)).map_err(failed())?;
        writer.seek(SeekFrom::Start(from)).map_err(failed())?;
        stretch(source, target, to - from, deadline, path)?;
        at = to;
    }
    target.set_len(length).map_err(failed())
}

/// Copies `length` bytes from where both files stand, or what there is up to the end.
fn stretch(
    mut source: &File,
    mut target: &File,
    length: u64,
    deadline: &Deadline,
    path: &Path,
) -> Result<(), Failure> {
    let mut left = length;
    while left > 0 {
        deadline.check()?;
        let wanted = left.min(STRETCH);
        let count = io::copy(&mut source.by_ref().take(wanted), &mut target)
            .map_err(trouble::at("copy", path))?;
        if count == 0 {
            break;
        }
        left -= count;
    }
    Ok(())
}

/// Where the next data lies at or after `at`: from and to. Nothing where only a hole is left.
fn data_after(file: &File, at: u64, length: u64) -> io::Result<Option<(u64, u64)>> {
    let offset = |at: u64| i64::try_from(at).map_err(|_| Errno::EOVERFLOW);
    let place = |found: i64| u64::try_from(found).unwrap_or(0);
    if at >= length {
        return Ok(None);
    }
    let from = match lseek(file, offset(at)?, Whence::SeekData) {
        Ok(from) => place(from),
        Err(Errno::ENXIO) => return Ok(None),
        // A file system that knows no holes.
        Err(Errno::EINVAL) => return Ok(Some((at, length))),
        Err(error) => return Err(error.into()),
    };
    let to = place(lseek(file, offset(from)?, Whence::SeekHole)?);
    Ok(Some((from, to)))
}
