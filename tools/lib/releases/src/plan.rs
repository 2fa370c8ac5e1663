//! What to switch to and what to prune: decisions from values alone.

use crate::current::Current;
use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::fmt;

/// What is known of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It has been live and well.
    Good,
    /// It has failed, or somebody said so.
    Bad,
    /// Nothing yet.
    #[default]
    Unknown,
}

impl Verdict {
    /// In words for people.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Unknown => "never validated",
        }
    }
}

/// What a switch comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SwapPlan {
    /// The target is live already.
    Already,
    /// The link is to be switched.
    Switch {
        /// The release that is live now, where it is one.
        from: Option<String>,
        /// The release that will be.
        to: String,
        /// What the link will say.
        link_target: Utf8PathBuf,
    },
}

/// `current` is a directory or a file, and is not touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurrentIsNotALink;

impl fmt::Display for CurrentIsNotALink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("current is not a symbolic link")
    }
}

impl std::error::Error for CurrentIsNotALink {}

/// The switch from what `current` is to the release `target`, whose [`link_target`](crate::Layout::link_target) is given.
///
/// A link that leads outside or to nothing is switched like any other; callers who mind look at `current` themselves.
pub fn swap(
    current: &Current,
    target: &str,
    link_target: Utf8PathBuf,
) -> Result<SwapPlan, CurrentIsNotALink> {
    match current {
        Current::NotALink => Err(CurrentIsNotALink),
        Current::Release(name) if name == target => Ok(SwapPlan::Already),
        _ => Ok(SwapPlan::Switch {
            from: current.release().map(str::to_string),
            to: target.to_string(),
            link_target,
        }),
    }
}

/// What pruning has to know of one release.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "four facts that have nothing to do with each other"
)]
pub struct PruneEntry {
    /// Its name.
    pub name: String,
    /// Its place in the order; the higher, the newer.
    pub sequence: u64,
    /// What is known of it.
    pub verdict: Verdict,
    /// `current` points at it.
    pub is_current: bool,
    /// It is what a rollback would go to.
    pub is_last_good: bool,
    /// Somebody said that it stays.
    pub pinned: bool,
    /// A living process has it open, or it could not be told that none has.
    pub in_use: bool,
}

/// Why a release stays or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Stays: `current` points at it.
    Current,
    /// Stays: a rollback would go to it.
    LastGood,
    /// Stays: somebody said so.
    Pinned,
    /// Stays: a living process has it open.
    InUse,
    /// Stays: one of the newest that have not failed.
    Newest,
    /// Stays: one of the newest that have failed.
    NewestFailed,
    /// Goes: enough newer ones that have not failed.
    Surplus,
    /// Goes: enough newer ones that have failed.
    SurplusFailed,
}

impl Why {
    /// Whether a release stays for this.
    pub fn keeps(self) -> bool {
        !matches!(self, Self::Surplus | Self::SurplusFailed)
    }

    /// The word of it in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::LastGood => "last-good",
            Self::Pinned => "pinned",
            Self::InUse => "in-use",
            Self::Newest => "newest",
            Self::NewestFailed => "newest-failed",
            Self::Surplus => "surplus",
            Self::SurplusFailed => "surplus-failed",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What becomes of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Its name.
    pub name: String,
    /// Whether it stays.
    pub keep: bool,
    /// Why it does or does not.
    pub why: Why,
}

/// What pruning to `keep` releases comes to, newest first.
///
/// The `keep` newest that have not failed stay, and, counted apart so that no row of failures evicts a good one, the
/// `keep` newest failed ones. Whatever their age, what is current, last good, pinned or in use stays. Only the
/// sequence decides what is newer.
pub fn prune(entries: &[PruneEntry], keep: usize) -> Vec<Decision> {
    let mut sorted: Vec<&PruneEntry> = entries.iter().collect();
    sorted.sort_by_key(|entry| (Reverse(entry.sequence), Reverse(entry.name.as_str())));
    let (mut failed, mut others) = (0, 0);
    sorted
        .into_iter()
        .map(|entry| {
            let is_failed = entry.verdict == Verdict::Bad;
            let count = if is_failed { &mut failed } else { &mut others };
            *count += 1;
            let why = match (protection(entry), *count <= keep, is_failed) {
                (Some(why), _, _) => why,
                (None, true, false) => Why::Newest,
                (None, true, true) => Why::NewestFailed,
                (None, false, false) => Why::Surplus,
                (None, false, true) => Why::SurplusFailed,
            };
            Decision {
                name: entry.name.clone(),
                keep: why.keeps(),
                why,
            }
        })
        .collect()
}

/// What keeps a release however old it is.
fn protection(entry: &PruneEntry) -> Option<Why> {
    [
        (entry.is_current, Why::Current),
        (entry.is_last_good, Why::LastGood),
        (entry.pinned, Why::Pinned),
        (entry.in_use, Why::InUse),
    ]
    .into_iter()
    .find_map(|(holds, why)| holds.then_some(why))
}
