//! Looking for patterns in a source tree, as fast as a good grep: two threads and more, each file read once into a buffer
//! that stays, whole buffers matched instead of lines.

use deadline::Deadline;
use ignore::{DirEntry, WalkBuilder, WalkState};
use regex::bytes::Regex;
use std::fs::File;
use std::io::{self, Read};
use std::num::NonZero;
use std::path::Path;
use std::sync::Mutex;
use std::thread::available_parallelism;

/// A line that a pattern matches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    pub(super) file: String,
    /// Counted from 1.
    pub(super) line: usize,
    /// Which pattern, as its place among them.
    pub(super) pattern: usize,
}

/// What a search came to.
#[derive(Debug, Default)]
pub(super) struct Searched {
    /// By file and line.
    pub(super) hits: Vec<Hit>,
    /// How many files were read.
    pub(super) files: usize,
    /// What could not be read, and why.
    pub(super) unread: Vec<String>,
}

/// Larger files are data; they are named as not read.
const LARGEST: u64 = 256 << 20;

/// Searches a tree, as far as it gets by the deadline.
pub(super) fn search(tree: &Path, patterns: &[Regex], deadline: &Deadline) -> Searched {
    let all = Mutex::new(Searched::default());
    let walk = WalkBuilder::new(tree)
        .hidden(false)
        // A tree that was copied without its .git still has its .gitignore; .ignore is another program's, and what one
        // user never wants to see says nothing of the source.
        .require_git(false)
        .ignore(false)
        .git_global(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .threads(available_parallelism().map_or(2, NonZero::get).clamp(2, 8))
        .build_parallel();
    walk.run(|| {
        let mut mine = Mine {
            all: &all,
            found: Searched::default(),
            buffer: Vec::new(),
        };
        Box::new(move |entry| {
            if deadline.check().is_err() {
                return WalkState::Quit;
            }
            match entry {
                Ok(entry) => mine.entry(&entry, patterns),
                Err(error) => mine.found.unread.push(error.to_string()),
            }
            WalkState::Continue
        })
    });
    let mut searched = all.into_inner().unwrap_or_default();
    searched.hits.sort_unstable();
    searched.unread.sort_unstable();
    searched
}

/// What one thread found, handed over when it is done.
struct Mine<'all> {
    all: &'all Mutex<Searched>,
    found: Searched,
    buffer: Vec<u8>,
}

impl Drop for Mine<'_> {
    fn drop(&mut self) {
        if let Ok(mut all) = self.all.lock() {
            all.files += self.found.files;
            all.hits.append(&mut self.found.hits);
            all.unread.append(&mut self.found.unread);
        }
    }
}

impl Mine<'_> {
    fn entry(&mut self, entry: &DirEntry, patterns: &[Regex]) {
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            return;
        }
        match read(entry.path(), &mut self.buffer) {
            Ok(()) => {
                self.found.files += 1;
                self.matches(entry.path(), patterns);
            }
            Err(error) => self
                .found
                .unread
                .push(format!("{}: {error}", entry.path().display())),
        }
    }

    fn matches(&mut self, path: &Path, patterns: &[Regex]) {
        for (place, pattern) in patterns.iter().enumerate() {
            let lines = lines(&self.buffer, pattern);
            // Only where something matches it matters what the rest of the file is.
            if lines.is_empty() || memchr::memchr(0, &self.buffer).is_some() {
                continue;
            }
            let file = path.to_string_lossy();
            self.found.hits.extend(lines.into_iter().map(|line| Hit {
                file: file.clone().into_owned(),
                line,
                pattern: place,
            }));
        }
    }
}

fn read(path: &Path, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.clear();
    let mut file = File::open(path)?.take(LARGEST + 1);
    file.read_to_end(buffer)?;
    if file.limit() == 0 {
        return Err(io::Error::other("it is too large"));
    }
    Ok(())
}

/// The lines that match. A match over the end of a line is none: then the line on which it began is asked alone.
fn lines(text: &[u8], pattern: &Regex) -> Vec<usize> {
    let mut found = Vec::new();
    let (mut line, mut counted, mut place) = (1, 0, 0);
    while let Some(hit) = pattern.find_at(text, place) {
        let begin = memchr::memrchr(b'\n', &text[..hit.start()]).map_or(0, |end| end + 1);
        let end =
            memchr::memchr(b'\n', &text[hit.start()..]).map_or(text.len(), |end| hit.start() + end);
        line += memchr::memchr_iter(b'\n', &text[counted..begin]).count();
        counted = begin;
        if hit.end() <= end || pattern.is_match(&text[begin..end]) {
            found.push(line);
        }
        if end == text.len() {
            break;
        }
        place = end + 1;
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::told::pattern;

    fn found(text: &str, wanted: &str) -> Vec<usize> {
        lines(text.as_bytes(), &pattern(wanted).unwrap())
    }

    #[test]
    fn lines_match_as_lines() {
        assert_eq!(found("a\nb a a\n\nca", "a"), [1, 2, 4]);
        assert_eq!(found("a\r\nba\r\nab", "a$"), [1, 2]);
        assert_eq!(found("x\na\nb", "^a"), [2]);
        assert_eq!(found("debugger;\n  debugger\n", r"^\s*debugger"), [1, 2]);
        assert_eq!(
            found("a\nb a c\n", r"a\s+[bc]"),
            [2],
            "not over the end of a line"
        );
        assert_eq!(found("", "a"), Vec::<usize>::new());
        assert!(pattern("x*").is_err() && pattern("(").is_err());
    }
}
