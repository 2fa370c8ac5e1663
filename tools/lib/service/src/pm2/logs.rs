//! The files to which PM2 writes what the instances say.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use deadline::Deadline;

use super::{Pm2, Seen};
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
        Ok(Self::files_of(&seen, self.home.logs_of(&self.name)))
    }

    /// Where the present run writes: the files that PM2's list names, all where it names none.
    pub(super) fn files_now(&self, deadline: &Deadline) -> Result<Files, Error> {
        let seen = self.look(deadline)?;
        let known = if seen.own.is_empty() {
            self.home.logs_of(&self.name)
        } else {
            <_>::default()
        };
        Ok(Self::files_of(&seen, known))
    }

    fn files_of(seen: &Seen, (mut out, mut error): (Vec<PathBuf>, Vec<PathBuf>)) -> Files {
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
        Files { out, error }
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

/// The last lines. PM2 notes nowhere when a line was written: where the lines themselves say when, they are told in that order,
/// else file by file, the one that was written to last at the end. Half of the room then belongs to the error output where both
/// are full.
pub(super) fn lines(files: &Files, mark: Option<&Mark>, most: usize) -> Result<Vec<String>, Error> {
    let of = |paths: &[PathBuf]| -> Result<Lines, Error> {
        let mut lines = Lines::default();
        let mut paths: Vec<(Option<SystemTime>, &PathBuf)> =
            paths.iter().map(|path| (written(path), path)).collect();
        paths.sort();
        for (at, path) in paths {
            let place = mark.map(|mark| place(mark, path));
            let more = log_file::lines(path, place.as_ref(), most)?;
            if !more.is_empty() {
                lines.last = at;
                lines.files.push(more);
            }
        }
        Ok(lines)
    };
    let (out, error) = (of(&files.out)?, of(&files.error)?);
    let all = out.files.iter().chain(&error.files);
    if let Some(mut lines) = in_time(all) {
        lines.drain(..lines.len().saturating_sub(most));
        return Ok(lines);
    }
    let error_is_last = error.last >= out.last;
    Ok(share(
        out.files.concat(),
        error.files.concat(),
        most,
        error_is_last,
    ))
}

/// What one kind of output has come to.
#[derive(Default)]
struct Lines {
    /// The last lines of each file, the file that was written to last at the end.
    files: Vec<Vec<String>>,
    /// When that was.
    last: Option<SystemTime>,
}

fn written(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}

/// The lines of all files in the order of their times; nothing where a file does not begin with one. A line without a time
/// belongs to the one before.
fn in_time<'a>(files: impl Iterator<Item = &'a Vec<String>>) -> Option<Vec<String>> {
    let mut timed: Vec<(String, &String)> = Vec::new();
    for file in files {
        let mut at = time_of(file.first()?)?;
        for line in file {
            at = time_of(line).unwrap_or(at);
            timed.push((at.clone(), line));
        }
    }
    timed.sort_by(|(one, _), (other, _)| one.cmp(other));
    Some(timed.into_iter().map(|(_, line)| line.clone()).collect())
}

/// The time that a line begins with, up to the zone: `2026-11-20T09:30:00.123`, with a blank for the T, a comma for the dot, and in
/// brackets too. As it is given back it sorts as text.
fn time_of(line: &str) -> Option<String> {
    const FORM: &[u8] = b"0000-00-00 00:00:00";
    let line = line.trim_start_matches('[');
    let fits = |(byte, form): (&u8, &u8)| match form {
        b'0' => byte.is_ascii_digit(),
        b' ' => matches!(byte, b' ' | b'T'),
        _ => byte == form,
    };
    let bytes = line.as_bytes();
    if bytes.len() < FORM.len() || !bytes.iter().zip(FORM).all(fits) {
        return None;
    }
    let fraction = bytes[FORM.len()..].iter();
    let fraction = fraction.take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
    let time = line.get(..FORM.len() + fraction.count())?;
    Some(time.replace('T', " ").replace(',', "."))
}

fn share(
    mut out: Vec<String>,
    mut error: Vec<String>,
    most: usize,
    error_is_last: bool,
) -> Vec<String> {
    let room = (most - most / 2).max(most.saturating_sub(out.len()));
    error.drain(..error.len().saturating_sub(room));
    out.drain(..(out.len() + error.len()).saturating_sub(most));
    if error_is_last {
        [out, error].concat()
    } else {
        [error, out].concat()
    }
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
        let lines = share(lines(out, "o"), lines(error, "e"), most, true);
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
        // Written to last: at the end, whichever it is.
        fs::write(path("out"), "started\nstopped\n").unwrap();
        let out = fs::File::options().append(true).open(path("out")).unwrap();
        let later = SystemTime::now() + std::time::Duration::from_secs(1);
        out.set_modified(later).unwrap();
        let told = lines(&files, Some(&mark), 10).unwrap();
        assert_eq!(told.last().unwrap(), "stopped");
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn lines_that_say_when_are_told_in_that_order() {
        let files: Vec<Vec<String>> = [
            "2026-11-20T09:30:00: a\n2026-11-20T09:30:02: d\n2026-11-20T09:30:02.5: e",
            "[2026-11-20T09:30:01Z] b\n    at b.js:1\n2026-11-20T09:30:02,9 f",
        ]
        .iter()
        .map(|text| text.lines().map(str::to_owned).collect())
        .collect();
        let told = in_time(files.iter()).unwrap();
        let order: String = told.iter().filter_map(|line| line.chars().last()).collect();
        assert_eq!(order, "ab1def");
        let untimed = vec!["Error: when?".to_owned()];
        assert_eq!(in_time(files.iter().chain([&untimed])), None);
        assert_eq!(time_of("2026-11-20 is a day"), None);
    }
}
