//! Which checks are made, and what their findings come to.

use crate::args::Args;
use crate::checks::Entry;
use crate::finding::{Finding, Status};
use crate::given::Given;
use crate::report::{CheckReport, PreflightReport};
use crate::run::Done;
use std::time::Duration;
use step::Failure;

/// What the options say about checks by name.
#[derive(Default)]
pub(crate) struct Policy {
    skip: Vec<String>,
    warn: Vec<String>,
    only: Vec<String>,
    require: Vec<String>,
    force: bool,
    /// Every check that there is, and those that are insisted on though nobody told them.
    entries: Vec<Entry>,
}

impl Policy {
    /// A name that no check has is bad usage: it would be obeyed by nobody.
    pub(crate) fn of(args: &Args) -> Result<Self, Failure> {
        let mut policy = Self {
            skip: args.skip.clone(),
            warn: args.warn.clone(),
            only: args.only.clone(),
            require: args.require.clone(),
            force: args.force,
            entries: Entry::all(args),
        };
        policy.add_missing();
        policy.check_names(args)?;
        if let Some(name) = policy
            .require
            .iter()
            .find(|name| policy.skip.contains(name))
        {
            return Err(Failure::usage(format!(
                "{name} is both required and to be left out"
            )));
        }
        Ok(policy)
    }

    /// One that is insisted on and was not told is missing, not unknown.
    fn add_missing(&mut self) {
        for name in &self.require {
            let is_there = self.entries.iter().any(|entry| entry.name() == *name);
            if !is_there && let Some(entry) = Entry::member(name) {
                self.entries.push(entry);
            }
        }
    }

    fn check_names(&self, args: &Args) -> Result<(), Failure> {
        let known: Vec<String> = self.entries.iter().map(Entry::name).collect();
        let twice = |(place, name): &(usize, &String)| known[..*place].contains(name);
        if let Some((_, name)) = known.iter().enumerate().find(twice) {
            return Err(Failure::usage(format!("{name} is told twice")).hint("preflight --list"));
        }
        let runs = |name: &&String| !args.run.iter().any(|run| run.name == **name);
        let limits = args.run_timeout.iter();
        if let Some(name) = limits.filter_map(|one| one.name.as_ref()).find(runs) {
            return Err(
                Failure::usage(format!("--run-timeout: there is no --run {name}"))
                    .hint("preflight --list"),
            );
        }
        let named = [
            ("--skip", &self.skip),
            ("--warn", &self.warn),
            ("--only", &self.only),
            ("--require", &self.require),
        ];
        for (option, names) in named {
            if let Some(name) = names.iter().find(|name| !known.contains(name)) {
                return Err(
                    Failure::usage(format!("{option}: there is no check {name}"))
                        .hint("preflight --list"),
                );
            }
        }
        Ok(())
    }

    /// The checks to be made: those that have material.
    pub(crate) fn choose(&self, given: &Given) -> Result<Vec<Entry>, Failure> {
        let (left_out, chosen): (Vec<&Entry>, Vec<&Entry>) = self
            .entries
            .iter()
            .filter(|entry| self.concerns(&entry.name()) && entry.is_given(given))
            .partition(|entry| self.skip.contains(&entry.name()));
        if chosen.is_empty() && self.require.is_empty() {
            let message = match left_out.len() {
                0 => {
                    "there is nothing to check; --app NAME, --root DIR or --service KIND:NAME names something"
                }
                _ => "there is nothing to check: all of it is left out",
            };
            return Err(Failure::usage(message).hint("preflight --list"));
        }
        Ok(chosen.into_iter().cloned().collect())
    }

    fn concerns(&self, name: &str) -> bool {
        let listed = |names: &[String]| names.iter().any(|one| one == name);
        self.only.is_empty() || listed(&self.only) || listed(&self.require)
    }

    /// All findings, in the order of the list: those left out and those missing among them.
    pub(crate) fn conclude(&self, done: Vec<Done>, given: &Given) -> PreflightReport {
        let checks = self.findings(done, |entry| entry.is_given(given));
        PreflightReport::of(checks, self.force)
    }

    fn findings(&self, done: Vec<Done>, has_material: impl Fn(&Entry) -> bool) -> Vec<CheckReport> {
        let mut done = done;
        let mut checks = Vec::new();
        for entry in &self.entries {
            let name = entry.name();
            let made = done.iter().position(|done| done.name == name);
            let (finding, took) = if let Some(place) = made {
                let done = done.swap_remove(place);
                (self.weighed(&name, done.finding), done.took)
            } else if self.require.contains(&name) {
                (missing(entry), Duration::ZERO)
            } else if has_material(entry) {
                (self.left_out(&name), Duration::ZERO)
            } else {
                continue;
            };
            checks.push(CheckReport {
                name,
                finding,
                duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            });
        }
        checks
    }

    /// A check that could have been made: whoever reads the report sees that it was not, and why.
    fn left_out(&self, name: &str) -> Finding {
        Finding::skip(if self.concerns(name) {
            "left out by --skip"
        } else {
            "left out by --only"
        })
    }

    /// A failure that is only to warn warns; a required check that could not be made has failed.
    fn weighed(&self, name: &str, mut finding: Finding) -> Finding {
        let listed = |names: &[String]| names.iter().any(|one| one == name);
        if finding.status == Status::Skip && listed(&self.require) {
            finding = Finding::fail(
                format!("it is required, and was not made: {}", finding.message),
                "preflight --list",
            );
        }
        if finding.status == Status::Fail && listed(&self.warn) {
            finding.status = Status::Warn;
            finding.message.push_str(" (failed, let pass by --warn)");
        }
        finding
    }
}

fn missing(entry: &Entry) -> Finding {
    Finding::fail(
        format!(
            "it is required, and nothing was given to check: it needs {}",
            entry.needs()
        ),
        "preflight --list",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::ALL;

    /// With the checks that there always are.
    fn plain() -> Policy {
        Policy {
            entries: ALL.iter().map(Entry::Single).collect(),
            ..Policy::default()
        }
    }

    fn done(name: &str, finding: Finding) -> Done {
        Done {
            name: name.to_owned(),
            finding,
            took: Duration::ZERO,
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn status_of(policy: &Policy, finding: Finding) -> Status {
        let checks = policy.findings(vec![done("disk", finding)], |_| false);
        assert_eq!(checks.len(), 1);
        checks[0].finding.status
    }

    #[test]
    fn warn_softens_failures_only() {
        let policy = Policy {
            warn: names(&["disk"]),
            ..plain()
        };
        assert_eq!(status_of(&policy, Finding::fail("", "")), Status::Warn);
        assert_eq!(status_of(&policy, Finding::pass("")), Status::Pass);
        assert_eq!(status_of(&plain(), Finding::fail("", "")), Status::Fail);
    }

    #[test]
    fn what_is_required_is_never_passed_over() {
        let policy = Policy {
            require: names(&["disk", "port"]),
            ..plain()
        };
        let checks = policy.findings(vec![done("disk", Finding::skip("stopped"))], |_| false);
        let failed: Vec<&str> = checks
            .iter()
            .filter(|check| check.finding.status == Status::Fail)
            .map(|check| check.name.as_str())
            .collect();
        assert_eq!(failed, ["port", "disk"]);
    }

    #[test]
    fn what_is_left_out_is_said() {
        let policy = Policy {
            skip: names(&["disk"]),
            only: names(&["disk", "lock"]),
            ..plain()
        };
        let all_but_port = |check: &Entry| check.name() != "port";
        let checks = policy.findings(vec![done("lock", Finding::pass(""))], all_but_port);
        assert_eq!(checks.len(), ALL.len() - 1);
        let message = |name: &str| {
            let check = checks.iter().find(|check| check.name == name);
            check.map(|check| check.finding.message.as_str())
        };
        assert_eq!(message("disk"), Some("left out by --skip"));
        assert_eq!(message("memory"), Some("left out by --only"));
        assert_eq!(message("lock"), Some(""));
    }

    #[test]
    fn force_goes_past_failures_and_names_them() {
        let checks =
            |policy: &Policy| policy.findings(vec![done("disk", Finding::fail("", ""))], |_| false);
        let policy = plain();
        let stopped = PreflightReport::of(checks(&policy), false);
        assert!(!stopped.forced && stopped.verdict().is_err());
        let forced = PreflightReport::of(checks(&policy), true);
        assert!(forced.forced);
        assert_eq!(forced.forced_past, ["disk"]);
        assert!(forced.verdict().is_ok());
        let needless = PreflightReport::of(Vec::new(), true);
        assert!(!needless.forced, "nothing was gone past");
    }
}
