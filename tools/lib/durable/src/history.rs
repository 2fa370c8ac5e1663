//! A file of lines that only grows.

use crate::error::Error;
use crate::file::open_regular;
use crate::place::{Place, permissions};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::{Mode, fchmod};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes read at a time while looking back for the end of the last whole line.
const BLOCK: u64 = 64 * 1024;

/// Adds one line at the end of the file at `path`, or makes the file with the permissions `mode`.
///
/// `line` may end in its newline or leave it out; a newline or NUL within it is refused. What an earlier writer left
/// torn is cut first (see [`intact`]), and a line that could not be written whole is taken away again. The caller
/// holds the [`Mutex`](crate::Mutex) that goes with the file: two writers at once would cut each other's lines.
pub fn append(path: impl AsRef<Path>, line: &[u8], mode: u32) -> Result<(), Error> {
    let path = path.as_ref();
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    if line.iter().any(|byte| matches!(byte, b'\n' | 0)) {
        return Err(Error::refused(
            "append to",
            path,
            io::ErrorKind::InvalidInput,
            "a line must not hold a newline or NUL",
        ));
    }
    let place = Place::of("append to", path)?;
    let file = open(&place, mode)?;
    write(&place, &file, line).map_err(Error::at("append to", path))
}

/// The part of a history's bytes that is whole lines.
///
/// A power cut may leave at its end half a line, or blocks that were never written and read as NUL.
pub fn intact(content: &[u8]) -> &[u8] {
    let mut end = content.len();
    while end > 0 {
        let line = match content[..end - 1].iter().rposition(|byte| *byte == b'\n') {
            Some(before) => before + 1,
            None => 0,
        };
        if content[end - 1] == b'\n' && !content[line..end].contains(&0) {
            break;
        }
        end = line;
    }
    &content[..end]
}

/// The file, made if need be.
fn open(place: &Place, mode: u32) -> Result<File, Error> {
    let flags = OFlag::O_RDWR | OFlag::O_APPEND;
    let private = Mode::S_IRUSR | Mode::S_IWUSR;
    loop {
        match place.open(flags | OFlag::O_CREAT | OFlag::O_EXCL, private) {
            Ok(file) => {
                fchmod(&file, permissions(mode)).map_err(Error::at("append to", &place.path))?;
                return Ok(file);
            }
            Err(Errno::EEXIST) => {}
            Err(error) => return Err(Error::at("append to", &place.path)(error)),
        }
        match open_regular(place, "append to", flags) {
            // Removed between the two calls: make it, then.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => return other,
        }
    }
}

/// Cuts the torn tail, adds the line, makes sure of it.
fn write(place: &Place, mut file: &File, line: &[u8]) -> io::Result<()> {
    let length = file.metadata()?.len();
    if length == 0 {
        // New, or made by somebody who was killed before this. The name must last before a line is said to.
        place.sync()?;
    }
    let whole = end_of_whole_lines(file, length)?;
    if whole < length {
        file.set_len(whole)?;
    }
    // One write, unless the disk fills up within it: what it says then is the error of the second.
    let bytes = [line, b"\n"].concat();
    let written = file.write_all(&bytes).and_then(|()| file.sync_data());
    if written.is_err() {
        // Where this fails as well, the next writer cuts what is torn.
        let _ = file.set_len(whole);
    }
    written
}

/// Where the last whole line ends, found from the end of the file, so that a long history costs nothing.
fn end_of_whole_lines(file: &File, length: u64) -> io::Result<u64> {
    let mut tail = Vec::new();
    let mut start = length;
    loop {
        let more = start.min(BLOCK);
        start -= more;
        let mut block = vec![0; usize::try_from(more).unwrap_or_default()];
        file.read_exact_at(&mut block, start)?;
        block.append(&mut tail);
        tail = block;
        // The first line in the block may have begun before it, so it takes a whole line after that one to be sure.
        let first = if start == 0 {
            Some(0)
        } else {
            tail.iter().position(|byte| *byte == b'\n').map(|at| at + 1)
        };
        if let Some(first) = first {
            let whole = intact(&tail[first..]).len();
            if whole > 0 || start == 0 {
                return Ok(start + (first + whole) as u64);
            }
        }
    }
}
