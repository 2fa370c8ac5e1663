//! `run:NAME`: a command of the application's own says yes: its tests, its types, a question to somebody's incident list.

use super::entry::Family;
use crate::finding::Finding;
use crate::given::Given;
use crate::told::{Run, RunTimeout};
use camino::Utf8Path;
use deadline::Deadline;
use deadline::child::{self, ChildError, Finished, Options};
use std::fs;
use std::process::Command;
use std::time::Duration;

/// How many of its last lines are told.
const LINES: usize = 5;

pub(super) const FAMILY: Family = Family {
    prefix: "run",
    about: "the command ends with 0",
    needs: "--run",
    told: |args| args.run.iter().map(|told| told.name.as_str()).collect(),
    limit: |args, name| limit(&args.run_timeout, name).unwrap_or(args.check_timeout),
    // It is killed with all that it started, and what it said is read to the end.
    grace: Duration::from_secs(2),
    run,
};

/// What was said of this one, else of all.
fn limit(told: &[RunTimeout], name: &str) -> Option<Duration> {
    let of = |wanted: Option<&str>| {
        let found = told.iter().rfind(|told| told.name.as_deref() == wanted);
        found.map(|told| told.limit)
    };
    of(Some(name)).or_else(|| of(None))
}

fn run(given: &Given, name: &str, deadline: &Deadline) -> Finding {
    let Some(told) = given.args.run.iter().find(|told| told.name == name) else {
        return Finding::skip("there is no command");
    };
    let place = place(given);
    let mut command = Command::new("sh");
    command.args(["-c", &told.command]);
    if let Some(place) = place {
        // The start of a program says only that something is not there.
        if let Err(error) = fs::read_dir(place) {
            return Finding::fail(
                format!("it is to run in {place}: {error}"),
                format!("ls -ld {}", step::quoted(place.as_str())),
            );
        }
        command.current_dir(place);
    }
    judge(
        told,
        place,
        child::run(command, Options::default(), deadline),
    )
}

/// Where it runs: where the sources are, else in the application's root. Only where neither is known does it matter where the
/// caller stands.
fn place(given: &Given) -> Option<&Utf8Path> {
    let args = &given.args;
    let root = given
        .application
        .as_ref()
        .map(|application| &application.layout.root);
    let places = [args.source.as_ref(), args.git.as_ref(), root];
    places
        .into_iter()
        .flatten()
        .next()
        .map(camino::Utf8PathBuf::as_path)
}

fn judge(told: &Run, place: Option<&Utf8Path>, ended: Result<Finished, ChildError>) -> Finding {
    match ended {
        Ok(finished) if finished.status.success() => {
            Finding::pass(with("it ended with 0", &finished.tail(1))).measured(0, 0)
        }
        Ok(finished) => {
            // "exit status: 3", "signal: 9 (SIGKILL)"
            let how = finished.status.to_string();
            Finding::fail(with(&how, &finished.tail(LINES)), again(told, place))
                .measured(finished.status.code(), 0)
        }
        Err(ChildError::TimedOut { tail, .. }) => {
            let lines: Vec<&str> = tail.lines().collect();
            let tail = lines[lines.len().saturating_sub(LINES)..].join("\n");
            Finding::fail(
                with("it did not end in time and was killed", &tail),
                format!("preflight --run-timeout {}=10m", told.name),
            )
        }
        Err(error) => Finding::fail(error.to_string(), again(told, place)),
    }
}

/// The command, to be run by hand.
fn again(told: &Run, place: Option<&Utf8Path>) -> String {
    match place {
        Some(place) => format!(
            "(cd {} && {})",
            step::quoted(place.as_str()),
            in_a_shell(told)
        ),
        None => in_a_shell(told),
    }
}

/// As the check calls it: whatever the command does to its shell, it is not that of whoever pastes it.
fn in_a_shell(told: &Run) -> String {
    format!("sh -c {}", step::quoted(&told.command))
}

/// What happened, and behind it what was said, its lines parted by " | ".
fn with(what: &str, said: &str) -> String {
    let said: Vec<&str> = said
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    if said.is_empty() {
        what.to_owned()
    } else {
        format!("{what}: {}", said.join(" | "))
    }
}
