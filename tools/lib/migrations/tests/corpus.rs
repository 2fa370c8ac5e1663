//! Migrations as the tools of the trade write them, each with its verdicts in the file itself.
//!
//! A line `-- expect: RULE WHAT` says what is found on the next line that is no such line; `-- expect-allowed:` says what
//! a comment allows there, `-- expect-doubt:` a part of why it is not understood. What is found and not expected is a failure
//! too. Every directory is a series as its tool lays it out.
#![allow(clippy::unwrap_used)]

use deadline::Deadline;
use migrations::{Dialect, Directory, Examined, New, examine};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The series of a dialect.
fn series(dialect: &str) -> Vec<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(dialect);
    let mut found: Vec<PathBuf> = fs::read_dir(corpus)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    found
}

fn expected(file: &str, text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting = Vec::new();
    for (line, said) in (1..).zip(text.lines()) {
        let Some(expectation) = said.trim_start().strip_prefix("-- expect") else {
            found.extend(
                waiting
                    .drain(..)
                    .map(|what| format!("{file}:{line}: {what}")),
            );
            continue;
        };
        let (kind, what) = expectation.split_once(':').unwrap();
        waiting.push(match kind {
            "" => format!("problem {}", what.trim()),
            "-allowed" => format!("allowed {}", what.trim()),
            // What a parser says is its own: only that it says something is expected, and where.
            "-doubt" => "doubt".to_owned(),
            _ => panic!("{file}:{line}: -- expect{kind}: is not known"),
        });
    }
    assert!(
        waiting.is_empty(),
        "{file}: nothing follows the last expectation"
    );
    found
}

fn found(examined: &Examined) -> BTreeSet<String> {
    let problem = |kind: &str, one: &migrations::Problem| {
        format!(
            "{}:{}: {kind} {} {}",
            one.file, one.line, one.rule, one.what
        )
    };
    let problems = examined.problems.iter().map(|one| problem("problem", one));
    let allowed = examined
        .allowed
        .iter()
        .map(|one| problem("allowed", &one.problem));
    let doubtful = examined
        .doubtful
        .iter()
        .map(|one| format!("{}:{}: doubt", one.file, one.line));
    problems.chain(allowed).chain(doubtful).collect()
}

/// The reasons that expected doubts must give, as far as the corpus says.
fn reasons(file: &str, text: &str, examined: &Examined) {
    let lines: Vec<&str> = text.lines().collect();
    for (place, line) in lines.iter().enumerate() {
        let Some(part) = line.trim_start().strip_prefix("-- expect-doubt:") else {
            continue;
        };
        let target = (place..lines.len())
            .find(|at| !lines[*at].trim_start().starts_with("-- expect"))
            .unwrap()
            + 1;
        let doubts = examined
            .doubtful
            .iter()
            .filter(|doubt| doubt.file == file && doubt.line == target);
        let whys: Vec<&str> = doubts.map(|doubt| doubt.why.as_str()).collect();
        assert!(
            whys.iter().any(|why| why.contains(part.trim())),
            "{file}:{target}: {part} in {whys:?}"
        );
    }
}

fn judged(dialect: Dialect, name: &str, least: usize) {
    let mut wrong = Vec::new();
    let mut statements = 0;
    for series in series(name) {
        let directory = Directory::read(&series).unwrap();
        let deadline = Deadline::after(Duration::from_secs(60));
        let examined = examine(&directory, dialect, &New::All, &deadline).unwrap();
        assert!(!directory.migrations.is_empty());
        statements += examined.statements;
        let mut expectations = BTreeSet::new();
        for migration in &directory.migrations {
            let text = fs::read_to_string(series.join(&migration.name)).unwrap();
            expectations.extend(expected(&migration.name, &text));
            reasons(&migration.name, &text, &examined);
        }
        let found = found(&examined);
        let series = series.file_name().unwrap().to_string_lossy().into_owned();
        for missing in expectations.difference(&found) {
            wrong.push(format!("not found: {name}/{series}/{missing}"));
        }
        for surplus in found.difference(&expectations) {
            wrong.push(format!("not expected: {name}/{series}/{surplus}"));
        }
        if !wrong.is_empty() {
            wrong.push(format!("{:#?}", examined.doubtful));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(statements >= least, "{name}: {statements} statements");
}

#[test]
fn postgres() {
    judged(Dialect::Postgres, "postgres", 350);
}

#[test]
fn sqlite() {
    judged(Dialect::Sqlite, "sqlite", 180);
}

/// What is made only where it is not there excuses nothing in the files after it either, but where nothing is live.
#[test]
fn what_may_have_been_there_is_not_new_to_later_files() {
    let place = std::env::temp_dir().join(format!("slipway-unless-there-{}", std::process::id()));
    fs::create_dir_all(&place).unwrap();
    let write = |name: &str, text: &str| fs::write(place.join(name), text).unwrap();
    write("001_make.sql", "CREATE TABLE IF NOT EXISTS users (id INT);");
    write("002_drop.sql", "DROP TABLE users;");
    let directory = Directory::read(&place).unwrap();
    let names = directory.migrations.iter().map(|one| one.name.clone());
    let only = New::Only(names.collect());
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        let problems = |new: &New| {
            let deadline = Deadline::after(Duration::from_secs(60));
            let examined = examine(&directory, dialect, new, &deadline).unwrap();
            found(&examined).into_iter().collect::<Vec<_>>()
        };
        assert_eq!(
            problems(&only),
            ["002_drop.sql:1: problem drop-table users"]
        );
        assert_eq!(problems(&New::First), [""; 0]);
    }
    fs::remove_dir_all(&place).unwrap();
}
