//! What a migration's name says: its place in the order, and whether it leads back.

use std::cmp::Ordering;

/// A name, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    class: Class,
    /// `1.10` is later than `1.9`.
    numbers: Vec<u64>,
    /// The digits of a time make a number too, but no series without gaps.
    is_time: bool,
    /// It undoes what its partner does.
    pub(crate) leads_back: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Numbered,
    Unnumbered,
    /// Flyway's `R__`: after all others, each time it changes.
    Repeatable,
}

/// From this many digits on, a number is a time: of a day, of a second, or in milliseconds.
const TIME_DIGITS: usize = 8;

impl Version {
    /// Reads a name without `.sql`.
    pub(crate) fn of(name: &str) -> Self {
        let (name, mut leads_back) = direction(name);
        let mut version = Self {
            class: Class::Unnumbered,
            numbers: Vec::new(),
            is_time: false,
            leads_back: false,
        };
        let (letter, rest) = flyway(&name);
        leads_back |= letter == Some('u');
        if letter == Some('r') {
            version.class = Class::Repeatable;
        } else if let Some((numbers, is_time)) = numbers(rest, letter.is_some()) {
            (version.class, version.numbers, version.is_time) = (Class::Numbered, numbers, is_time);
        }
        Self {
            leads_back,
            ..version
        }
    }

    /// Its number in a series that should have no gap.
    pub(crate) fn number(&self) -> Option<u64> {
        match self.numbers.as_slice() {
            [number] if !self.is_time => Some(*number),
            _ => None,
        }
    }

    /// Two files of which one tool or another would take only one.
    pub(crate) fn is_duplicate_of(&self, other: &Self) -> bool {
        self.class == Class::Numbered
            && other.class == Class::Numbered
            && self.numbers == other.numbers
    }

    pub(crate) fn order(&self, other: &Self) -> Ordering {
        (self.class, &self.numbers).cmp(&(other.class, &other.numbers))
    }
}

/// The name without the word that tells its direction, and whether that is back: `x.up`, `x.down`, `001.do.x`, `001.undo.x`.
fn direction(name: &str) -> (String, bool) {
    const FORWARD: [&str; 3] = ["up", "do", "forward"];
    const BACK: [&str; 5] = ["down", "undo", "rollback", "revert", "back"];
    let mut leads_back = false;
    let is_direction = |part: &&str| {
        let part = part.to_ascii_lowercase();
        FORWARD.contains(&part.as_str()) || BACK.contains(&part.as_str())
    };
    let mut parts: Vec<&str> = name.split('.').collect();
    if parts.len() > 1 {
        let place = if is_direction(&parts[parts.len() - 1]) {
            parts.len() - 1
        } else {
            1
        };
        if is_direction(&parts[place]) {
            leads_back = BACK
                .iter()
                .any(|back| parts[place].eq_ignore_ascii_case(back));
            parts.remove(place);
        }
    }
    let name = parts.join(".");
    let ends = |end: &str| name.to_ascii_lowercase().ends_with(end);
    let leads_back = leads_back
        || ["_down", "-down", "_rollback", "-rollback"]
            .iter()
            .any(|end| ends(end));
    (name, leads_back)
}

/// Flyway's letter, where there is one, and what follows it: `V1__x`, `U1__x`, `B1__x`, `R__x`.
fn flyway(name: &str) -> (Option<char>, &str) {
    let mut letters = name.chars();
    let letter = letters.next().map(|letter| letter.to_ascii_lowercase());
    let rest = letters.as_str();
    match letter {
        Some('v' | 'u' | 'b')
            if rest.starts_with(|next: char| next.is_ascii_digit()) && rest.contains("__") =>
        {
            (letter, rest)
        }
        Some('r') if rest.starts_with("__") => (letter, rest),
        _ => (None, name),
    }
}

/// The numbers that a name begins with, and whether they tell a time.
fn numbers(name: &str, is_flyway: bool) -> Option<(Vec<u64>, bool)> {
    if let Some(time) = parted_time(name) {
        return Some((vec![time], true));
    }
    let version = match name.split_once("__") {
        Some((version, _)) if is_flyway => version.replace('_', "."),
        _ => {
            let end = name
                .find(|next: char| !next.is_ascii_digit())
                .unwrap_or(name.len());
            let separated = name[end..]
                .chars()
                .next()
                .is_none_or(|next| "_-. ".contains(next));
            if !separated {
                return None;
            }
            name[..end].to_owned()
        }
    };
    let is_time = version.len() >= TIME_DIGITS && !version.contains('.');
    let numbers: Vec<u64> = version
        .split('.')
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    Some((numbers, is_time))
}

/// A time in parts: `2026-11-20-093000_x`, `2026_11_20_093000_x`, `20261120_093000_x`.
fn parted_time(name: &str) -> Option<u64> {
    let mut digits = String::new();
    let mut rest = name;
    for lengths in [&[4, 8][..], &[2], &[2], &[4, 6]] {
        if digits.len() == 8 && lengths == [2] {
            continue;
        }
        let length = rest
            .find(|next: char| !next.is_ascii_digit())
            .unwrap_or(rest.len());
        if !lengths.contains(&length) {
            break;
        }
        digits.push_str(&rest[..length]);
        let Some(next) = rest[length..].strip_prefix(['-', '_']) else {
            break;
        };
        rest = next;
    }
    (digits.len() >= TIME_DIGITS).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(name: &str) -> Option<u64> {
        Version::of(name).number()
    }

    #[test]
    fn numbers_of_a_series_and_times_are_told_apart() {
        assert_eq!(number("001_create_users"), Some(1));
        assert_eq!(number("0000_dry_wolverine"), Some(0));
        assert_eq!(number("12"), Some(12));
        assert_eq!(number("V7__add_email"), Some(7));
        for time in [
            "20261120093000_x",
            "1732095000_x",
            "2026-11-20-093000_x",
            "2026_11_20_093000_x",
            "20261120_093000_x",
            "00000000000000_diesel_initial_setup",
            "V1.2__x",
            "3d_models",
            "schema",
        ] {
            assert_eq!(number(time), None, "{time}");
        }
    }

    #[test]
    fn the_order_is_that_of_numbers() {
        let sorted = [
            "V1__a",
            "V1.9__a",
            "V1.10__a",
            "V2__a",
            "2026-11-20-093000_x",
            "schema",
            "R__views",
        ];
        for pair in sorted.windows(2) {
            let order = Version::of(pair[0]).order(&Version::of(pair[1]));
            assert_eq!(order, Ordering::Less, "{pair:?}");
        }
        assert!(Version::of("001_a").is_duplicate_of(&Version::of("1-b")));
        assert!(!Version::of("schema").is_duplicate_of(&Version::of("seed")));
    }

    #[test]
    fn what_leads_back_says_so() {
        for back in [
            "001_a.down",
            "down",
            "001.undo.a",
            "U1__a",
            "001_a_rollback",
            "001_a.rollback",
        ] {
            assert!(Version::of(back).leads_back || back == "down", "{back}");
        }
        for forward in [
            "001_a.up",
            "001.do.a",
            "V1__a",
            "001_count_downloads",
            "001_add_undo_log",
        ] {
            assert!(!Version::of(forward).leads_back, "{forward}");
        }
        assert_eq!(number("001.do.a"), Some(1));
        assert_eq!(number("003_a.up"), Some(3));
    }
}
