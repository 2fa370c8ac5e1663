//! What a child that has ended said: words for people, or an answer that is to be understood.

use super::capture::Kept;
use std::ops::Deref;
use std::process::ExitStatus;

/// A child that ended by itself.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// The end of its standard output. Not for everybody: who understands it must know whether it is whole.
    pub(super) stdout: Kept,
    /// The end of its standard error.
    pub(super) stderr: Kept,
}

impl Finished {
    /// The same, where its standard output is known from its first byte to its last. What counts or understands it goes by
    /// this alone.
    pub fn answer(self) -> Option<Answer> {
        self.stdout.whole.then_some(Answer(self))
    }

    /// Whether each of its lines was shown to whoever wanted to see them.
    pub(super) fn is_read(&self) -> bool {
        self.stdout.read && self.stderr.read
    }

    /// The end of its standard error as text, what is not UTF-8 replaced.
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr.bytes).into_owned()
    }

    /// All words of both its streams, as far as they are kept: to look for some in them.
    pub fn words(&self) -> String {
        let output = String::from_utf8_lossy(&self.stdout.bytes);
        format!("{output}\n{}", self.stderr_text())
    }

    /// The last `lines` lines that it said: of its standard error, or of its output where there was no error.
    pub fn tail(&self, lines: usize) -> String {
        tail(&self.stdout.bytes, &self.stderr.bytes, lines)
    }

    /// The same in one line, empty ones left out; how it ended where it said nothing.
    pub fn last_words(&self, lines: usize) -> String {
        let said = self.tail(lines);
        let said: Vec<&str> = said
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        if said.is_empty() {
            self.status.to_string()
        } else {
            said.join(" ")
        }
    }
}

/// A child that ended by itself, with all that it wrote to its standard output.
#[derive(Debug)]
pub struct Answer(Finished);

impl Answer {
    /// Its standard output.
    pub fn stdout(&self) -> &[u8] {
        &self.0.stdout.bytes
    }

    /// The same, kept.
    pub fn into_stdout(self) -> Vec<u8> {
        self.0.stdout.bytes
    }

    /// Its standard output as text, what is not UTF-8 replaced.
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(self.stdout()).into_owned()
    }
}

impl Deref for Answer {
    type Target = Finished;

    fn deref(&self) -> &Finished {
        &self.0
    }
}

pub(super) fn tail(stdout: &[u8], stderr: &[u8], lines: usize) -> String {
    let said = if stderr.iter().any(|byte| !byte.is_ascii_whitespace()) {
        stderr
    } else {
        stdout
    };
    let text = String::from_utf8_lossy(said);
    let all: Vec<&str> = text.trim_end().lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
