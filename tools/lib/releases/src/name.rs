//! What a release may be called, and what it is called where nobody says.

use std::fmt;

/// The most bytes that a file name may have.
const LONGEST: usize = 255;

/// Why a name cannot be a release's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameError {
    /// There is nothing in it.
    Empty,
    /// A slash would lead elsewhere.
    Slash,
    /// A leading dot is for what is no release: `.`, `..`, what is being staged or removed.
    LeadingDot,
    /// A leading dash would be read as an option.
    LeadingDash,
    /// NUL, a newline or another control character.
    Control,
    /// More than 255 bytes.
    TooLong,
}

impl fmt::Display for NameError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "a release's name must not be empty",
            Self::Slash => "a release's name must not contain a slash",
            Self::LeadingDot => "a release's name must not begin with a dot",
            Self::LeadingDash => "a release's name must not begin with a dash",
            Self::Control => "a release's name must not contain control characters",
            Self::TooLong => "a release's name must not be longer than 255 bytes",
        })
    }
}

impl std::error::Error for NameError {}

/// Whether `name` can be a release's.
pub fn validate(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        Err(NameError::Empty)
    } else if name.contains('/') {
        Err(NameError::Slash)
    } else if name.starts_with('.') {
        Err(NameError::LeadingDot)
    } else if name.starts_with('-') {
        Err(NameError::LeadingDash)
    } else if name.chars().any(char::is_control) {
        Err(NameError::Control)
    } else if name.len() > LONGEST {
        Err(NameError::TooLong)
    } else {
        Ok(())
    }
}

/// `wanted`, or with the first of `-2`, `-3`, … that is not taken.
pub fn next_free(wanted: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(wanted) {
        return wanted.to_string();
    }
    let mut number = 2_u64;
    loop {
        let candidate = format!("{wanted}-{number}");
        if !taken(&candidate) {
            return candidate;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_lead_elsewhere_are_refused() {
        for (name, error) in [
            ("", NameError::Empty),
            (".", NameError::LeadingDot),
            ("..", NameError::LeadingDot),
            (".staging-1", NameError::LeadingDot),
            ("../other", NameError::Slash),
            ("a/b", NameError::Slash),
            ("/etc", NameError::Slash),
            ("a/", NameError::Slash),
            ("--help", NameError::LeadingDash),
            ("-", NameError::LeadingDash),
            ("a\0b", NameError::Control),
            ("a\nb", NameError::Control),
            ("a\u{9b}b", NameError::Control),
            (&"x".repeat(256), NameError::TooLong),
            (&"ä".repeat(128), NameError::TooLong),
        ] {
            assert_eq!(validate(name), Err(error), "{name:?}");
        }
        for name in [
            "20261120-093000",
            "20261120-093000-2",
            "v1.2.3",
            "a..b",
            "Straße 1",
            &"x".repeat(255),
        ] {
            assert_eq!(validate(name), Ok(()), "{name:?}");
        }
    }

    #[test]
    fn the_second_of_a_second_gets_a_number() {
        let taken = ["a", "a-2", "a-4"];
        assert_eq!(next_free("b", |name| taken.contains(&name)), "b");
        assert_eq!(next_free("a", |name| taken.contains(&name)), "a-3");
    }
}
