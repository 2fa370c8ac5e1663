//! `--env-format`: what a variable's value must look like.

use regex::Regex;
use std::fmt;

/// `NAME=/REGEX/` or `NAME=4|`.
#[derive(Debug, Clone)]
pub struct Format {
    /// The variable.
    pub name: String,
    rule: Rule,
    /// As it was written.
    text: String,
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

#[derive(Debug, Clone)]
enum Rule {
    /// It is found somewhere in the value.
    Pattern(Regex),
    /// At least so many fields, parted by that character.
    Fields { least: usize, separator: char },
}

impl Format {
    /// Reads one from the command line.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let form = "expected 'NAME=/REGEX/' or 'NAME=4|', at least 4 fields parted by |";
        let (name, rule) = text.split_once('=').ok_or(form)?;
        if name.is_empty() {
            return Err(form.into());
        }
        let pattern = rule
            .strip_prefix('/')
            .and_then(|rest| rest.strip_suffix('/'));
        let rule = if let Some(pattern) = pattern.filter(|pattern| !pattern.is_empty()) {
            let regex = Regex::new(pattern).map_err(|error| error.to_string())?;
            Rule::Pattern(regex)
        } else {
            let mut characters = rule.chars();
            let separator = characters.next_back().ok_or(form)?;
            let least = characters.as_str().parse().map_err(|_| form)?;
            if least < 2 || separator.is_ascii_digit() {
                return Err(form.into());
            }
            Rule::Fields { least, separator }
        };
        Ok(Self {
            name: name.to_owned(),
            rule,
            text: text.to_owned(),
        })
    }

    /// Whether a value is so.
    pub(crate) fn fits(&self, value: &str) -> bool {
        match &self.rule {
            Rule::Pattern(regex) => regex.is_match(value),
            Rule::Fields { least, separator } => value.split(*separator).count() >= *least,
        }
    }
}

/// What a value that does not fit lacks, behind the variable's name; nothing of the value itself.
impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match &self.rule {
            Rule::Pattern(regex) => write!(formatter, "{name} does not match /{regex}/"),
            Rule::Fields { least, separator } => write!(
                formatter,
                "{name} has not {least} fields or more parted by {separator:?}"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn fits(format: &str, value: &str) -> bool {
        Format::parse(format).unwrap().fits(value)
    }

    #[test]
    fn a_pattern_is_found_anywhere_unless_it_says_where() {
        assert!(fits("A=/b+/", "abbc"));
        assert!(!fits("A=/^b+$/", "abbc"));
        assert!(fits("A=/^a/b=c$/", "a/b=c"), "a slash needs no escape");
    }

    #[test]
    fn fields_are_counted() {
        assert!(fits("A=4|", "a|b|c|d"));
        assert!(fits("A=4|", "a|b|c|d|e"));
        assert!(!fits("A=4|", "a|b|c"));
        assert!(fits("A=2,", "a,"), "an empty field is one");
    }

    #[test]
    fn what_is_no_format() {
        for wrong in [
            "", "A", "A=", "=/x/", "A=//", "A=/x", "A=/(/", "A=|", "A=4", "A=44", "A=1|", "A=x|",
        ] {
            assert!(Format::parse(wrong).is_err(), "{wrong}");
        }
    }
}
