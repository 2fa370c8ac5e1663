//! The files to which PM2 writes what the instances say.

use std::path::PathBuf;

use deadline::Deadline;

use super::Pm2;
use crate::{Error, FileMark, LogErrors, Mark, log_file};

/// The files of all instances.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// For what they write to their output.
    out: Vec<PathBuf>,
    /// For what they write to their error output.
    error: Vec<PathBuf>,
}

impl Pm2 {
    /// The files that PM2's list names, and those of instances that it does not list any more.
    pub(super) fn files(&self, deadline: &Deadline) -> Result<Files, Error> {
        let seen = self.look(deadline)?;
        let (mut out, mut error) = self.home.logs_of(&self.name);
        out.extend(seen.own.iter().filter_map(|entry| entry.out.clone()));
        error.extend(seen.own.iter().filter_map(|entry| entry.error.clone()));
        for files in [&mut out, &mut error] {
            files.sort();
            files.dedup();
            // Told to keep no log.
            files.retain(|file| file.as_os_str() != "/dev/null");
        }
        // One file for both is read once.
        error.retain(|file| !out.contains(file));
        Ok(Files { out, error })
    }
}

/// Where each of them ends.
pub(super) fn mark(files: &Files) -> Result<Mark, Error> {
    let mut marks = Vec::new();
    for path in files.out.iter().chain(&files.error) {
        if let Mark::File { offset, inode } = log_file::mark(path)? {
            marks.push(FileMark {
                path: path.clone(),
                offset,
                inode,
            });
        }
    }
    Ok(Mark::Files { files: marks })
}

/// The place in one of the files; its beginning where the file was not there yet.
fn place(mark: &Mark, path: &PathBuf) -> Mark {
    let known = match mark {
        Mark::Files { files } => files.iter().find(|file| file.path == *path),
        _ => None,
    };
    Mark::File {
        offset: known.map_or(0, |file| file.offset),
        inode: known.map_or(0, |file| file.inode),
    }
}

/// The last lines: of the output first, then of the error output, to which half of the room belongs where both are full.
pub(super) fn lines(files: &Files, mark: Option<&Mark>, most: usize) -> Result<Vec<String>, Error> {
    let of = |paths: &[PathBuf]| -> Result<Vec<String>, Error> {
        let mut lines = Vec::new();
        for path in paths {
            let place = mark.map(|mark| place(mark, path));
            lines.extend(log_file::lines(path, place.as_ref(), most)?);
        }
        Ok(lines)
    };
    Ok(share(of(&files.out)?, of(&files.error)?, most))
}

fn share(mut out: Vec<String>, mut error: Vec<String>, most: usize) -> Vec<String> {
    let room = (most - most / 2).max(most.saturating_sub(out.len()));
    error.drain(..error.len().saturating_sub(room));
    out.drain(..(out.len() + error.len()).saturating_sub(most));
    out.append(&mut error);
    out
}

/// The lines that tell of an error, in whichever of the files.
pub(super) fn errors(files: &Files, mark: &Mark) -> Result<LogErrors, Error> {
    let mut all = LogErrors::default();
    for path in files.out.iter().chain(&files.error) {
        all.join(log_file::errors(path, &place(mark, path))?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;

    fn shared(out: usize, error: usize, most: usize) -> (usize, usize) {
        let lines = |count: usize, word: &str| (0..count).map(|n| format!("{word}{n}")).collect();
        let lines = share(lines(out, "o"), lines(error, "e"), most);
        let errors = lines.iter().filter(|line| line.starts_with('e')).count();
        (lines.len() - errors, errors)
    }

    #[test]
    fn neither_kind_of_line_crowds_out_the_other() {
        for (out, error, expected) in [
            (0, 0, (0, 0)),
            (3, 4, (3, 4)),
            (50, 50, (10, 10)),
            (50, 3, (17, 3)),
            (3, 50, (3, 17)),
        ] {
            assert_eq!(shared(out, error, 20), expected, "{out} {error}");
        }
        assert_eq!(shared(5, 5, 0), (0, 0));
        assert_eq!(shared(5, 5, 1), (0, 1));
    }

    #[test]
    fn after_the_mark_only_what_is_new_counts_in_files_old_and_new() {
        let directory =
            std::env::temp_dir().join(format!("slipway-pm2-logs-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let path = |name: &str| directory.join(name);
        fs::write(path("out"), "started\n").unwrap();
        fs::write(path("error"), "Error: the old one\n").unwrap();
        let mut files = Files {
            out: vec![path("out")],
            error: vec![path("error")],
        };
        let mark = mark(&files).unwrap();
        fs::write(path("error"), "Error: the old one\na warning\n").unwrap();
        fs::write(path("error-1"), "TypeError: the new one\n    at x.js:1\n").unwrap();
        files.error.push(path("error-1"));
        let found = errors(&files, &mark).unwrap();
        assert_eq!(
            (found.count, found.examples),
            (1, vec!["TypeError: the new one".to_owned()])
        );
        assert_eq!(
            lines(&files, Some(&mark), 10).unwrap(),
            ["a warning", "TypeError: the new one", "    at x.js:1"]
        );
        assert_eq!(lines(&files, None, 10).unwrap().len(), 5);
        fs::remove_dir_all(directory).unwrap();
    }
}
