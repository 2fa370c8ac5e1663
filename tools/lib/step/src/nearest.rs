//! The name that somebody may have meant.

/// The one among `names` that is most like `word`, where any is alike: a third of its letters may be other ones.
pub(crate) fn of<'a>(word: &str, names: &'a [String]) -> Option<&'a str> {
    names
        .iter()
        .map(|name| (distance(word, name), name.as_str()))
        .min()
        .filter(|(distance, _)| distance * 3 <= word.len())
        .map(|(_, name)| name)
}

/// How many letters are to be put in, left out or changed to make the one of the other.
pub(crate) fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (place, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = place + 1;
        for (column, &against) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != against);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_differ_are_counted() {
        for (one, other, expected) in [
            ("", "", 0),
            ("A", "", 1),
            ("TIMOUT", "TIMEOUT", 1),
            ("TIMEOTU", "TIMEOUT", 2),
            ("STOP", "START", 3),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
            assert_eq!(distance(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn what_is_like_nothing_means_nothing() {
        let names = ["ROLLBACK_TIMEOUT".to_owned(), "ROLLBACK_WHY".to_owned()];
        assert_eq!(of("ROLLBACK_TIMOUT", &names), Some("ROLLBACK_TIMEOUT"));
        assert_eq!(of("ROLLBACK_MAX_MEMORY", &names), None);
    }
}
