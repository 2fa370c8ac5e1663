//! A file that a service writes to.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::SystemTime;

use crate::logs::is_error;
use crate::{Error, LogErrors, Mark};

/// How far back from its end the file is read for its last lines.
const TAIL: u64 = 1024 * 1024;
/// The longest line that is looked at; the rest of a longer one counts as another.
const LONGEST_LINE: u64 = 64 * 1024;

/// Opens the file for the process's output and errors and notes the start in it.
pub(crate) fn open(path: &Path, invocation: &str, directory: &Path) -> Result<(File, File), Error> {
    let failed = || Error::io(format!("write {}", path.display()));
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o640)
        // The directory may be another user's, who must not choose what root writes to.
        .custom_flags(nix::libc::O_NOFOLLOW)
        .open(path)
        .map_err(failed())?;
    let line = format!(
        "--- {} slipway starts it in {} ({invocation})\n",
        clock::rfc3339(SystemTime::now()),
        directory.display()
    );
    file.write_all(line.as_bytes()).map_err(failed())?;
    let errors = file.try_clone().map_err(failed())?;
    Ok((file, errors))
}

/// Where the file ends now.
pub(crate) fn mark(path: &Path) -> Result<Mark, Error> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(Mark::File {
            offset: metadata.len(),
            inode: metadata.ino(),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Mark::File {
            offset: 0,
            inode: 0,
        }),
        Err(error) => Err(unreadable(path, &error)),
    }
}

/// The last lines, those after the mark where one is given.
pub(crate) fn lines(path: &Path, mark: Option<&Mark>, most: usize) -> Result<Vec<String>, Error> {
    let mut last = VecDeque::new();
    each_line(path, mark, Some(TAIL), |line| {
        if last.len() == most {
            last.pop_front();
        }
        if most > 0 {
            last.push_back(line.to_owned());
        }
    })?;
    Ok(last.into())
}

/// The lines after the mark that tell of errors.
pub(crate) fn errors(path: &Path, mark: &Mark) -> Result<LogErrors, Error> {
    let mut errors = LogErrors::default();
    each_line(path, Some(mark), None, |line| {
        if is_error(line) {
            errors.add(line);
        }
    })?;
    Ok(errors)
}

fn each_line(
    path: &Path,
    mark: Option<&Mark>,
    at_most: Option<u64>,
    mut see: impl FnMut(&str),
) -> Result<(), Error> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unreadable(path, &error)),
    };
    let mut read = || -> io::Result<()> {
        let metadata = file.metadata()?;
        let marked = match mark {
            // Rotated or cut since: all that is there is new.
            Some(Mark::File { offset, inode })
                if *inode == metadata.ino() && *offset <= metadata.len() =>
            {
                *offset
            }
            _ => 0,
        };
        let earliest = at_most.map_or(0, |most| metadata.len().saturating_sub(most));
        file.seek(SeekFrom::Start(marked.max(earliest)))?;
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        // Within a line: the first one is not whole.
        if earliest > marked {
            reader
                .by_ref()
                .take(LONGEST_LINE)
                .read_until(b'\n', &mut line)?;
        }
        loop {
            line.clear();
            if reader
                .by_ref()
                .take(LONGEST_LINE)
                .read_until(b'\n', &mut line)?
                == 0
            {
                return Ok(());
            }
            see(String::from_utf8_lossy(&line).trim_end());
        }
    };
    read().map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    Error::Unreadable {
        what: format!("the log {}", path.display()),
        said: error.to_string(),
        hint: format!("ls -l {}", path.display()),
    }
}
