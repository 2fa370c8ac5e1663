//! The checks of one run: those that there always are, and those that options name: `run:tests`.

use super::{ALL, Check, FAMILIES};
use crate::args::Args;
use crate::finding::Finding;
use crate::given::Given;
use deadline::Deadline;
use std::time::Duration;

/// Checks of one kind, each told by an option of its own.
pub(crate) struct Family {
    /// What stands before the colon of their names.
    pub(crate) prefix: &'static str,
    /// What each looks at.
    pub(crate) about: &'static str,
    /// The option that tells one.
    pub(crate) needs: &'static str,
    /// What stands behind the colon, for each that was told.
    pub(crate) told: fn(&Args) -> Vec<&str>,
    /// How long the one of that name may take.
    pub(crate) limit: fn(&Args, &str) -> Duration,
    /// How long after that it may still hand in what it has.
    pub(crate) grace: Duration,
    /// Looks and judges.
    pub(crate) run: fn(&Given, &str, &Deadline) -> Finding,
}

/// How long after its limit a check may still hand in what it has.
pub(super) const GRACE: Duration = Duration::from_millis(100);

/// One check of a run.
#[derive(Clone)]
pub(crate) enum Entry {
    /// One that there always is.
    Single(&'static Check),
    /// One of a family, with what stands behind the colon.
    Member(&'static Family, String),
}

impl Entry {
    /// Every check that there is with these options, in the order of the report.
    pub(crate) fn all(args: &Args) -> Vec<Self> {
        let members = FAMILIES.iter().flat_map(|family| {
            let told = (family.told)(args).into_iter();
            told.map(move |name| Self::Member(family, name.to_owned()))
        });
        ALL.iter().map(Self::Single).chain(members).collect()
    }

    /// The member of a family that is so called, told or not.
    pub(crate) fn member(name: &str) -> Option<Self> {
        let (prefix, own) = name.split_once(':')?;
        let family = FAMILIES.iter().find(|family| family.prefix == prefix)?;
        is_name(own).then(|| Self::Member(family, own.to_owned()))
    }

    /// Its name on the command line and in the report.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Single(check) => check.name.to_owned(),
            Self::Member(family, own) => format!("{}:{own}", family.prefix),
        }
    }

    /// What it looks at.
    pub(crate) fn about(&self) -> &'static str {
        match self {
            Self::Single(check) => check.about,
            Self::Member(family, _) => family.about,
        }
    }

    /// The options that give it material.
    pub(crate) fn needs(&self) -> &'static str {
        match self {
            Self::Single(check) => check.needs,
            Self::Member(family, _) => family.needs,
        }
    }

    /// Whether they were given.
    pub(crate) fn is_given(&self, given: &Given) -> bool {
        match self {
            Self::Single(check) => (check.given)(given),
            Self::Member(family, own) => (family.told)(&given.args).contains(&own.as_str()),
        }
    }

    /// How long it may take.
    pub(crate) fn limit(&self, args: &Args) -> Duration {
        match self {
            Self::Single(_) => args.check_timeout,
            Self::Member(family, own) => (family.limit)(args, own),
        }
    }

    /// How long after that it may still hand in what it has.
    pub(crate) fn grace(&self) -> Duration {
        match self {
            Self::Single(_) => GRACE,
            Self::Member(family, _) => family.grace,
        }
    }

    /// Looks and judges.
    pub(crate) fn run(&self, given: &Given, deadline: &Deadline) -> Finding {
        match self {
            Self::Single(check) => (check.run)(given, deadline),
            Self::Member(family, own) => (family.run)(given, own, deadline),
        }
    }
}

/// Reads the name of a check, of one that options name too.
pub(crate) fn named(text: &str) -> Result<String, String> {
    let is_one = ALL.iter().any(|check| check.name == text) || Entry::member(text).is_some();
    is_one
        .then(|| text.to_owned())
        .ok_or_else(|| format!("there is no check {text}; preflight --list names them"))
}

/// Whether that may stand behind the colon: names are parted by commas, and hints are pasted into shells.
pub(crate) fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !text.is_empty() && text.chars().all(fits) && !text.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_known_by_its_familys_name() {
        let name = |text: &str| Entry::member(text).map(|entry| entry.name());
        assert_eq!(name("run:unit-tests").as_deref(), Some("run:unit-tests"));
        assert_eq!(name("outside:a.b").as_deref(), Some("outside:a.b"));
        for wrong in [
            "run", "run:", "run:a,b", "run:a b", "run:-x", "disk:a", ":a",
        ] {
            assert_eq!(name(wrong), None, "{wrong}");
        }
    }
}
