//! The application's env file: what `--app` names.
//!
//! It is the subset that a POSIX shell and systemd's `EnvironmentFile=` read alike: `KEY=bare`, `KEY='quoted'` (which
//! may span lines) and lines that begin with `#`. Whatever the two would read differently is refused with its line.

use std::fmt;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Where the applications are described that `--app` names without a slash.
const DIRECTORY: &str = "/etc/slipway";

/// One assignment of an env file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The variable's name.
    pub key: String,
    /// Its value.
    pub value: String,
    /// The line on which it begins, counted from 1.
    pub line: usize,
}

/// An env file that was read and understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnvFile {
    /// Where it lies.
    pub path: PathBuf,
    /// What it says, in its order.
    pub entries: Vec<Entry>,
}

/// Why an env file is refused.
#[derive(Debug)]
pub enum EnvFileError {
    /// It cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the kernel said.
        error: io::Error,
    },
    /// A line that a shell and systemd would not read alike, or that neither understands.
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it and how it is to be written.
        problem: String,
    },
}

impl fmt::Display for EnvFileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => {
                write!(formatter, "cannot read {}: {error}", path.display())
            }
            Self::Line {
                path,
                line,
                problem,
            } => write!(formatter, "{}, line {line}: {problem}", path.display()),
        }
    }
}

impl std::error::Error for EnvFileError {}

/// The file that `--app` means: a path where there is a slash in it, else a name under `/etc/slipway`.
pub fn path_of(app: &str) -> PathBuf {
    if app.contains('/') {
        PathBuf::from(app)
    } else {
        // The file's name is as good as the application's.
        let name = app.strip_suffix(".env").unwrap_or(app);
        Path::new(DIRECTORY).join(format!("{name}.env"))
    }
}

/// What `--app` calls the file at `path`: the reverse of [`path_of`].
pub fn name_of(path: &Path) -> String {
    let named = path
        .strip_prefix(DIRECTORY)
        .ok()
        .and_then(|file| file.to_str()?.strip_suffix(".env"))
        .filter(|name| !name.contains('/'));
    named.map_or_else(|| path.display().to_string(), str::to_owned)
}

impl EnvFile {
    /// Reads and checks a whole file.
    pub fn read(path: &Path) -> Result<Self, EnvFileError> {
        let bytes = fs::read(path).map_err(|error| EnvFileError::Unreadable {
            path: path.into(),
            error,
        })?;
        let entries = parse(&bytes).map_err(|(line, problem)| EnvFileError::Line {
            path: path.into(),
            line,
            problem,
        })?;
        Ok(Self {
            path: path.into(),
            entries,
        })
    }

    /// The entry of a variable.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

type Refusal = (usize, String);

/// The assignments of an env file's text, or the line that is refused and why.
pub fn parse(bytes: &[u8]) -> Result<Vec<Entry>, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + count_newlines(&bytes[..error.valid_up_to()]);
        (line, "not UTF-8".to_owned())
    })?;
    let mut entries: Vec<Entry> = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while !rest.is_empty() {
        let (length, entry) = statement(rest).map_err(|problem| (line, problem))?;
        if let Some((key, value)) = entry {
            if let Some(earlier) = entries.iter().find(|entry| entry.key == key) {
                let problem = format!("{key} is set twice, first on line {}", earlier.line);
                return Err((line, problem));
            }
            entries.push(Entry { key, value, line });
        }
        line += count_newlines(&rest.as_bytes()[..length]);
        rest = &rest[length..];
    }
    Ok(entries)
}

fn count_newlines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte == b'\n').count()
}

/// The first statement of `text`: how many bytes it takes, its newline included, and what it assigns.
fn statement(text: &str) -> Result<(usize, Option<(String, String)>), String> {
    let end = text.find('\n').unwrap_or(text.len());
    let line = &text[..end];
    let after_line = (end + 1).min(text.len());
    if line.ends_with('\r') {
        return Err("ends with a carriage return; save the file with Unix line ends".into());
    }
    if line.trim_matches([' ', '\t']).is_empty() || line.starts_with('#') {
        return Ok((after_line, None));
    }
    let Some((key, _)) = line.split_once('=') else {
        return Err("not KEY=value; comments begin with #".into());
    };
    if !is_key(key) {
        return Err(format!(
            "{key:?} is not a variable's name; write KEY=value without spaces or export"
        ));
    }
    let value_at = key.len() + 1;
    if text[value_at..].starts_with('\'') {
        return quoted(text, value_at + 1)
            .map(|(length, value)| (length, Some((key.into(), value))));
    }
    let value = &line[value_at..];
    if let Some(strange) = value.chars().find(|&c| !is_bare(c)) {
        return Err(format!(
            "{strange:?} is read differently by a shell and by systemd; put the value in single quotes"
        ));
    }
    Ok((after_line, Some((key.into(), value.into()))))
}

/// A value in single quotes that begins at `from`: the statement's length and the value.
fn quoted(text: &str, from: usize) -> Result<(usize, String), String> {
    let Some(length) = text[from..].find('\'') else {
        return Err("the quote that begins here is never closed".into());
    };
    let value = &text[from..from + length];
    if let Some(control) = value
        .chars()
        .find(|&c| c.is_control() && c != '\n' && c != '\t')
    {
        return Err(format!("{control:?} may not stand in a value"));
    }
    let after = from + length + 1;
    match text[after..].chars().next() {
        None => Ok((after, value.into())),
        Some('\n') => Ok((after + 1, value.into())),
        Some(_) => Err(
            "something follows the closing quote; a value is quoted as a whole, and cannot hold a single quote"
                .into(),
        ),
    }
}

fn is_key(key: &str) -> bool {
    let mut characters = key.chars();
    characters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Characters that mean themselves, unquoted, to a shell's assignment and to systemd alike.
fn is_bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_./:,@%+=-".contains(c)
}

#[cfg(test)]
mod tests;
