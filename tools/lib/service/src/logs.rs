//! A service's own words, and which of them are errors.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A place in a service's log, taken before a start so that what comes after it can be told from what was there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Mark {
    /// A place in systemd's journal.
    Journal {
        /// The last entry, of whatever unit, by the journal's own name for it; none in an empty journal.
        cursor: Option<String>,
        /// Microseconds after 1970, for a journal that had no entry.
        microseconds: u64,
    },
    /// A place in a file.
    File {
        /// Bytes before it.
        offset: u64,
        /// The file's inode number: another one is another file. 0 where there was none yet.
        inode: u64,
    },
    /// A moment, where each line of a log has its own.
    Moment {
        /// Microseconds after 1970.
        microseconds: u64,
    },
    /// Places in several files. One that is not among them was not there yet.
    Files {
        /// A place in each.
        files: Vec<FileMark>,
    },
}

/// A place in one of several files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileMark {
    /// The file.
    pub path: PathBuf,
    /// Bytes before the place.
    pub offset: u64,
    /// The file's inode number.
    pub inode: u64,
}

/// The errors that a service wrote.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogErrors {
    /// How many lines.
    pub count: u64,
    /// The first few of them.
    pub examples: Vec<String>,
}

/// How many examples are kept.
pub(crate) const EXAMPLES: usize = 5;
/// The longest example, in characters.
const LONGEST_EXAMPLE: usize = 300;

impl LogErrors {
    /// Takes in those of another file.
    pub(crate) fn join(&mut self, others: Self) {
        self.count += others.count;
        self.examples.extend(others.examples);
        self.examples.truncate(EXAMPLES);
    }

    /// Counts one line.
    pub(crate) fn add(&mut self, line: &str) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples
                .push(line.chars().take(LONGEST_EXAMPLE).collect());
        }
    }
}

/// Words that make a line an error when they are its first word.
const MARKERS: [&str; 10] = [
    "error", "err", "fatal", "panic", "panicked", "critical", "crit", "alert", "emerg", "uncaught",
];

/// Whether a line of plain text tells of an error. The rule, in full:
///
/// - it begins with the journal's own mark `<0>` to `<3>`; or
/// - its first word, whatever times, numbers and brackets stand before it, is one of `error`, `err`, `fatal`, `panic`,
///   `panicked`, `critical`, `crit`, `alert`, `emerg`, `uncaught`, or ends in `Error:` or `Exception:`; capitals do not
///   matter, nor does what brackets or parts the word (`[ERROR]`, `level=error`); or
/// - it is a thread's last word in Rust (`thread '…' panicked at …`); or
/// - it is a JSON object whose `level` is `error`, `fatal`, `50` or `60`.
///
/// A line that merely speaks of errors further on (`0 errors`) is none.
pub(crate) fn is_error(line: &str) -> bool {
    let line = line.trim_start();
    if let Some(level) = line.strip_prefix('<')
        && let [digit, b'>', ..] = level.as_bytes()
    {
        return (b'0'..=b'3').contains(digit);
    }
    if line.starts_with('{') {
        return is_error_object(line);
    }
    if line.starts_with("thread '") && line.contains(" panicked at ") {
        return true;
    }
    let mut words = line
        .split([' ', '\t', '[', ']', '(', ')', '|'])
        .filter(|word| !word.is_empty())
        .skip_while(|word| is_time_or_number(word));
    words.next().is_some_and(is_marker)
}

fn is_marker(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    if word.ends_with("error:") || word.ends_with("exception:") {
        return true;
    }
    let word = word.strip_prefix("level=").unwrap_or(&word);
    let word = word.trim_matches(|character: char| !character.is_ascii_alphanumeric());
    MARKERS.contains(&word)
}

/// `2026-11-20T09:30:00.123Z`, `09:30:00,123`, `1234`, `+0.5s`.
fn is_time_or_number(word: &str) -> bool {
    let digits = word.bytes().any(|byte| byte.is_ascii_digit());
    let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
    digits && letters <= 3
}

fn is_error_object(line: &str) -> bool {
    let Ok(object) = serde_json::from_str::<serde_json::Value>(line) else {
        return false;
    };
    match object.get("level") {
        Some(serde_json::Value::String(level)) => {
            matches!(level.to_ascii_lowercase().as_str(), "error" | "fatal")
        }
        Some(serde_json::Value::Number(level)) => level.as_u64().is_some_and(|level| level >= 50),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_many_tongues() {
        for line in [
            "<3>ERROR it broke",
            "ERROR it broke",
            "error: it broke",
            "2026-11-20T09:30:00.123Z ERROR it broke",
            "2026-11-20 09:30:00,123 [ERROR] it broke",
            "[1234] FATAL: no such role",
            "level=error msg=x",
            "TypeError: x is not a function",
            "java.lang.IllegalStateException: no",
            "panic: runtime error",
            "thread 'main' (12) panicked at src/main.rs:1:1:",
            "Uncaught Exception",
            r#"{"level":"error","msg":"x"}"#,
            r#"{"level":50,"msg":"x"}"#,
        ] {
            assert!(is_error(line), "{line}");
        }
    }

    #[test]
    fn speaking_of_errors_is_none() {
        for line in [
            "",
            "<6>INFO all well",
            "0 errors, 3 warnings",
            "GET /error 200",
            "listening on error.example.org",
            "errors are reported to the log",
            "INFO error rate 0.1 %",
            r#"{"level":"info","error":"none"}"#,
            "{not json error",
        ] {
            assert!(!is_error(line), "{line}");
        }
    }

    #[test]
    fn only_a_few_examples_are_kept() {
        let mut errors = LogErrors::default();
        for _ in 0..9 {
            errors.add("x");
        }
        assert_eq!((errors.count, errors.examples.len()), (9, EXAMPLES));
    }
}
