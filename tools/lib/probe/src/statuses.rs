//! Which HTTP statuses are well.

use std::fmt;
use std::ops::RangeInclusive;

/// A set of HTTP statuses, as a person writes it: `301`, `200,404`, `200-299`. Empty: nothing was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statuses(Vec<RangeInclusive<u16>>);

impl Statuses {
    /// Reads a list, parted by commas, of statuses from 100 to 599 and of ranges of them. `None` where it is something else.
    pub fn parse(text: &str) -> Option<Self> {
        text.split(',').map(range).collect::<Option<_>>().map(Self)
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether that status is one of them.
    pub fn contain(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }

    /// Adds those of another set.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

impl fmt::Display for Statuses {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, range) in self.0.iter().enumerate() {
            let or = if index == 0 { "" } else { " or " };
            let (first, last) = (range.start(), range.end());
            if first == last {
                write!(formatter, "{or}{first}")?;
            } else {
                write!(formatter, "{or}{first}-{last}")?;
            }
        }
        Ok(())
    }
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (status(first)?, status(last)?);
    (first <= last).then_some(first..=last)
}

fn status(text: &str) -> Option<u16> {
    let text = text.trim();
    let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|status| digits && (100..600).contains(status))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn lists_and_ranges() {
        let some = Statuses::parse("200-204, 301").unwrap();
        assert!(some.contain(200) && some.contain(204) && some.contain(301));
        assert!(!some.contain(205) && !some.contain(300));
        assert_eq!(some.to_string(), "200-204 or 301");
        for text in [
            "", "ok", "99", "600", "200,", "204-200", "2000", "+20", "200-",
        ] {
            assert_eq!(Statuses::parse(text), None, "{text:?}");
        }
    }
}
