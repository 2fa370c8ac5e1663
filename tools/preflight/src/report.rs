//! What is reported.

use crate::checks::{Entry, FAMILIES};
use crate::finding::{Finding, Status};
use crate::given::Given;
use serde::Serialize;
use step::{Context, Failure, Report};

/// One check's result.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    /// The check.
    pub name: String,
    /// What it found.
    #[serde(flatten)]
    pub finding: Finding,
    /// How long it took.
    pub duration_ms: u64,
}

/// All results.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PreflightReport {
    /// Each check, in the order of the manual page.
    pub checks: Vec<CheckReport>,
    /// How many are as they should be.
    pub passed: usize,
    /// How many warn.
    pub warned: usize,
    /// How many failed, those that were gone past included.
    pub failed: usize,
    /// How many were not looked at.
    pub skipped: usize,
    /// Failed checks were gone past.
    pub forced: bool,
    /// Which.
    pub forced_past: Vec<String>,
}

/// `--list`.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// Every check.
    pub list: Vec<ListedCheck>,
}

/// One check that there is.
#[derive(Debug, Clone, Serialize)]
pub struct ListedCheck {
    /// Its name.
    pub name: String,
    /// What it looks at.
    pub about: &'static str,
    /// The options that give it material.
    pub needs: &'static str,
    /// Whether these options do.
    pub given: bool,
}

/// Every check that there is.
pub(crate) fn list(given: &Given) -> Listed {
    let mut list: Vec<ListedCheck> = Entry::all(&given.args)
        .iter()
        .map(|entry| ListedCheck {
            name: entry.name(),
            about: entry.about(),
            needs: entry.needs(),
            given: entry.is_given(given),
        })
        .collect();
    for family in FAMILIES {
        // One of which nobody was told is a kind of check all the same.
        if (family.told)(&given.args).is_empty() {
            list.push(ListedCheck {
                name: format!("{}:NAME", family.prefix),
                about: family.about,
                needs: family.needs,
                given: false,
            });
        }
    }
    Listed { list }
}

impl PreflightReport {
    /// The report of these results.
    pub(crate) fn of(checks: Vec<CheckReport>, force: bool) -> Self {
        let count = |status| {
            let of_it = |check: &&CheckReport| check.finding.status == status;
            checks.iter().filter(of_it).count()
        };
        let failed: Vec<String> = checks
            .iter()
            .filter(|check| check.finding.status == Status::Fail)
            .map(|check| check.name.clone())
            .collect();
        Self {
            passed: count(Status::Pass),
            warned: count(Status::Warn),
            failed: failed.len(),
            skipped: count(Status::Skip),
            forced: force && !failed.is_empty(),
            forced_past: if force { failed } else { Vec::new() },
            checks,
        }
    }

    /// With hints that can be pasted.
    pub(crate) fn addressed(mut self, context: &Context) -> Self {
        for check in &mut self.checks {
            let hint = check.finding.hint.take();
            check.finding.hint = hint.map(|hint| context.addressed(&hint));
        }
        self
    }

    /// For people: what is not as it should be, each with what mends it.
    pub(crate) fn tell(&self, context: &Context) {
        // A single failure is the error itself, which is said at the end.
        let said_later = self.failed == 1 && !self.forced;
        for check in &self.checks {
            let word = match check.finding.status {
                Status::Fail if self.forced => "failed, gone past",
                Status::Fail if said_later => continue,
                Status::Fail => "failed",
                Status::Warn => "warning",
                Status::Pass | Status::Skip => continue,
            };
            context.note(format!("{}: {word}: {}", check.name, check.finding.message));
            if let Some(hint) = &check.finding.hint {
                context.note(format!("{}: to mend it: {hint}", check.name));
            }
        }
        context.note(self.sum());
    }

    /// How many ended how; which were not looked at.
    fn sum(&self) -> String {
        let sum = format!(
            "{} passed, {} warned, {} failed, {} skipped",
            self.passed, self.warned, self.failed, self.skipped
        );
        let skipped = |check: &&CheckReport| check.finding.status == Status::Skip;
        let skipped = self.checks.iter().filter(skipped);
        let names: Vec<&str> = skipped.map(|check| check.name.as_str()).collect();
        if names.is_empty() {
            return sum;
        }
        format!("{sum} ({})", names.join(", "))
    }

    /// Whether a deploy may begin.
    pub(crate) fn verdict(self) -> Result<Report, Failure> {
        if self.failed == 0 || self.forced {
            return Ok(Report::of(&self));
        }
        let failed: Vec<&CheckReport> = self
            .checks
            .iter()
            .filter(|check| check.finding.status == Status::Fail)
            .collect();
        let message = match failed.as_slice() {
            [one] => format!("{}: {}", one.name, one.finding.message),
            several => {
                let names: Vec<&str> = several.iter().map(|check| check.name.as_str()).collect();
                format!("{} checks failed: {}", several.len(), names.join(", "))
            }
        };
        let hint = failed.iter().find_map(|check| check.finding.hint.clone());
        let failure = Failure::no("check-failed", message).with(&self);
        Err(match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_names_what_was_not_looked_at() {
        let check = |name: &str, finding| CheckReport {
            name: name.to_owned(),
            finding,
            duration_ms: 0,
        };
        let mut checks = vec![check("disk", Finding::pass(""))];
        let sum = |checks: &[CheckReport]| PreflightReport::of(checks.to_vec(), false).sum();
        assert_eq!(sum(&checks), "1 passed, 0 warned, 0 failed, 0 skipped");
        checks.push(check("health", Finding::skip("stopped")));
        checks.push(check("space", Finding::skip("left out")));
        assert_eq!(
            sum(&checks),
            "1 passed, 0 warned, 0 failed, 2 skipped (health, space)"
        );
    }
}
