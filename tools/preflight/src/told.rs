//! What the options that name a check of their own say: `NAME=…`.

mod format;
mod freeze;

pub use format::Format;
pub(crate) use freeze::frozen;
pub use freeze::{Freeze, Frozen};

use crate::checks::is_name;
use migrations::Dialect;
use probe::{JsonExpectation, Question, Target};
use regex::bytes::{Regex, RegexBuilder};
use std::time::Duration;
use step::parse;

/// `--outside 'NAME=URL /pointer=value'`.
#[derive(Debug, Clone, PartialEq)]
pub struct Outside {
    /// What the check is called behind `outside:`.
    pub name: String,
    /// What is asked, and what is expected in the answer.
    pub question: Question,
    /// The expectation as it was written.
    pub expected: Option<String>,
}

/// `--run 'NAME=COMMAND'`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What the check is called behind `run:`.
    pub name: String,
    /// The line, for `sh`.
    pub command: String,
}

/// `--run-timeout TIME`, for every `--run`, or `NAME=TIME`, for that one.
#[derive(Debug, Clone)]
pub struct RunTimeout {
    /// Which; all where there is none.
    pub name: Option<String>,
    /// How long.
    pub limit: Duration,
}

/// Reads a pattern of `--forbid`: of whole lines, whichever way they end.
pub(crate) fn pattern(text: &str) -> Result<Regex, String> {
    let pattern = RegexBuilder::new(text).multi_line(true).crlf(true).build();
    let pattern = pattern.map_err(|error| error.to_string())?;
    if pattern.is_match(b"") {
        return Err("it matches every line".to_owned());
    }
    Ok(pattern)
}

/// Reads `--dialect`.
pub(crate) fn dialect(text: &str) -> Result<Dialect, String> {
    match text.to_ascii_lowercase().as_str() {
        "postgres" | "postgresql" => Ok(Dialect::Postgres),
        "sqlite" => Ok(Dialect::Sqlite),
        _ => Err("postgres or sqlite; no other SQL is judged".to_owned()),
    }
}

/// Reads `--time-zone`.
pub(crate) fn time_zone(text: &str) -> Result<String, String> {
    let zone = jiff::tz::TimeZone::get(text);
    zone.map(|_| text.to_owned())
        .map_err(|error| format!("{error} (they come with the package tzdata)"))
}

/// Reads `NAME=URL /pointer=value`. The value reaches to the end: states of status pages are sentences.
pub(crate) fn outside(text: &str) -> Result<Outside, String> {
    let (name, rest) = named(text, "'NAME=URL /pointer=value'")?;
    let (url, expected) = match rest.split_once(char::is_whitespace) {
        Some((url, expected)) => (url, Some(expected.trim())),
        None => (rest, None),
    };
    let target = Target::parse(url).map_err(|error| error.to_string())?;
    let mut question = Question::new(target);
    let expected = expected.filter(|text| !text.is_empty());
    if let Some(expected) = expected {
        question.json.push(JsonExpectation::parse(expected)?);
    }
    Ok(Outside {
        name: name.to_owned(),
        question,
        expected: expected.map(str::to_owned),
    })
}

/// Reads `NAME=COMMAND`.
pub(crate) fn run(text: &str) -> Result<Run, String> {
    let (name, command) = named(text, "'NAME=COMMAND'")?;
    Ok(Run {
        name: name.to_owned(),
        command: command.to_owned(),
    })
}

/// Reads `TIME` or `NAME=TIME`.
pub(crate) fn run_timeout(text: &str) -> Result<RunTimeout, String> {
    let (name, limit) = match text.split_once('=') {
        Some(_) => {
            let (name, limit) = named(text, "TIME or NAME=TIME")?;
            (Some(name.to_owned()), limit)
        }
        None => (None, text),
    };
    let limit = parse::duration(limit)?;
    Ok(RunTimeout { name, limit })
}

fn named<'a>(text: &'a str, form: &str) -> Result<(&'a str, &'a str), String> {
    let (name, rest) = text
        .split_once('=')
        .ok_or_else(|| format!("expected {form}"))?;
    if !is_name(name) {
        return Err(format!(
            "{name:?} is no name for a check: letters, digits, '-', '_' and '.'; expected {form}"
        ));
    }
    let rest = rest.trim();
    if rest.is_empty() {
        return Err(format!("nothing follows {name}=; expected {form}"));
    }
    Ok((name, rest))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_value_may_be_a_sentence() {
        let told = outside("host=https://h/api?a=b /status/text=All Systems = well ").unwrap();
        assert_eq!(told.name, "host");
        assert_eq!(told.question.target.to_string(), "https://h/api?a=***");
        let expected = JsonExpectation::parse("/status/text=All Systems = well").unwrap();
        assert_eq!(told.question.json, [expected]);
        assert!(outside("host=https://h/").unwrap().question.json.is_empty());
        for wrong in [
            "",
            "host",
            "host=",
            "=https://h/",
            "a b=https://h/",
            "h=ftp://h/",
            "h=http://h/ x=y",
        ] {
            assert!(outside(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_command_is_the_rest_of_the_line() {
        let told = run("tests=A=b make 'a, b'").unwrap();
        assert_eq!(
            (told.name.as_str(), told.command.as_str()),
            ("tests", "A=b make 'a, b'")
        );
        for wrong in ["make", "=make", "a,b=make", "tests= "] {
            assert!(run(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_limit_for_all_or_for_one() {
        let of = |text| run_timeout(text).map(|told| (told.name, told.limit.as_secs()));
        assert_eq!(of("5m"), Ok((None, 300)));
        assert_eq!(of("tests=20m"), Ok((Some("tests".into()), 1200)));
        assert!(of("tests=").is_err() && of("soon").is_err());
    }
}
