//! What went wrong, with which file, and whether the change can be seen all the same.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// One failed change (or reading) of one file.
///
/// It reads `cannot replace /srv/shop/deploy-state.json: No space left on device`.
#[derive(Debug)]
pub struct Error {
    /// What was to be done, as the verb of the sentence: `replace`, `switch`, `remove`.
    pub action: &'static str,
    /// To what it was to be done.
    pub path: PathBuf,
    /// What the operating system said, or which of this crate's own conditions was not met.
    pub source: io::Error,
    /// The change can be seen, though it was not confirmed that it would survive a power cut.
    pub took_effect: bool,
}

impl Error {
    /// Makes a function for `map_err`.
    pub(crate) fn at<S: Into<io::Error>>(
        action: &'static str,
        path: &Path,
    ) -> impl FnOnce(S) -> Self {
        let path = path.to_path_buf();
        move |source| Self {
            action,
            path,
            source: source.into(),
            took_effect: false,
        }
    }

    /// The same for a change that is made, but whose survival was not confirmed; `took_effect` as it was found to be.
    pub(crate) fn unconfirmed(
        action: &'static str,
        path: &Path,
        took_effect: impl FnOnce() -> bool,
    ) -> impl FnOnce(io::Error) -> Self {
        move |source| Self {
            took_effect: took_effect(),
            ..Self::at(action, path)(source)
        }
    }

    /// A condition of this crate that was not met.
    pub(crate) fn refused(
        action: &'static str,
        path: &Path,
        kind: io::ErrorKind,
        why: &'static str,
    ) -> Self {
        Self::at(action, path)(io::Error::new(kind, why))
    }

    /// What the operating system said, sorted.
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }

    /// Whether space is what was missing: blocks, inodes or quota.
    pub fn is_full(&self) -> bool {
        matches!(
            self.source.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "cannot {} {}: ",
            self.action,
            self.path.display()
        )?;
        formatter.write_str(&without_number(&self.source))?;
        if self.took_effect {
            formatter.write_str(" (it is done, but a power cut may still undo it)")?;
        }
        Ok(())
    }
}

/// What an error says, without the "(os error 28)" that the standard library adds and that helps nobody at night.
pub fn without_number(error: &io::Error) -> String {
    let text = error.to_string();
    let number = error
        .raw_os_error()
        .map(|number| format!(" (os error {number})"));
    match number.and_then(|number| text.strip_suffix(&number)) {
        Some(words) => words.to_string(),
        None => text,
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
