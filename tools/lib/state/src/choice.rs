//! Which release: the newest, the one to go back to. Order is the stored sequence, never a clock.

use crate::model::{Release, State};
use releases::Verdict;
use std::cmp::Reverse;
use std::time::SystemTime;

/// A release directory as it was found on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// When it was last modified; only for names that are not times.
    pub modified: Option<SystemTime>,
    /// The commit that its manifest names.
    pub commit: Option<String>,
}

impl State {
    /// Brings the list of releases in line with the disk: what is gone is forgotten, what was not made here gets its
    /// sequence now, by name where the names are times, else by file time. Whether anything changed.
    pub fn learn(&mut self, mut seen: Vec<Seen>) -> bool {
        let before = self.releases.len();
        self.releases
            .retain(|release| seen.iter().any(|seen| seen.name == release.name));
        let mut changed = self.releases.len() != before;
        seen.retain(|seen| self.release(&seen.name).is_none());
        if seen.iter().all(|seen| is_time(&seen.name)) {
            seen.sort_by_key(|seen| time_order(&seen.name));
        } else {
            seen.sort_by(|one, other| {
                (one.modified, &one.name).cmp(&(other.modified, &other.name))
            });
        }
        for new in seen {
            self.add_release(&new.name, new.commit);
            changed = true;
        }
        changed
    }

    /// Gives a new release the next sequence.
    pub fn add_release(&mut self, name: &str, commit: Option<String>) -> u64 {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        self.releases.push(Release {
            name: name.into(),
            sequence,
            commit,
            verdict: Verdict::Unknown,
            live: false,
            pinned: false,
        });
        sequence
    }

    /// The newest release there is, whatever its verdict.
    pub fn newest(&self) -> Option<&Release> {
        self.releases.iter().max_by_key(|release| release.sequence)
    }

    /// The release that was last validated.
    pub fn last_good(&self) -> Option<&Release> {
        self.releases
            .iter()
            .filter(|release| release.verdict == Verdict::Good)
            .max_by_key(|release| release.sequence)
    }

    /// Where a rollback from `from` leads by itself: to the last validated release before it; where none is validated
    /// yet, to the last one before it that has been live and is not known bad.
    pub fn rollback_target(&self, from: Option<&str>) -> Option<&Release> {
        self.rollback_target_past(from, &[])
    }

    /// The same, but for those releases that cannot be gone back to.
    pub fn rollback_target_past(&self, from: Option<&str>, passed: &[&str]) -> Option<&Release> {
        let limit = from
            .and_then(|name| self.release(name))
            .map_or(u64::MAX, |release| release.sequence);
        let mut before: Vec<&Release> = self
            .releases
            .iter()
            .filter(|release| release.sequence < limit && Some(release.name.as_str()) != from)
            .collect();
        before.sort_by_key(|release| Reverse(release.sequence));
        let any_good = self
            .releases
            .iter()
            .any(|release| release.verdict == Verdict::Good && Some(release.name.as_str()) != from);
        before.into_iter().find(|release| {
            if passed.contains(&release.name.as_str()) {
                false
            } else if any_good {
                release.verdict == Verdict::Good
            } else {
                release.verdict == Verdict::Unknown && release.live
            }
        })
    }

    /// The release that a deploy which begins now comes back to when it fails: what is live, where that was
    /// validated; else the last validated one; else what has been live and is not known bad.
    pub fn fallback(&self, live: Option<&str>) -> Option<&Release> {
        let live = live.and_then(|name| self.release(name));
        if let Some(live) = live.filter(|release| release.verdict == Verdict::Good) {
            return Some(live);
        }
        self.last_good().or_else(|| {
            live.filter(|release| release.verdict != Verdict::Bad)
                .or_else(|| self.rollback_target(None))
        })
    }
}

/// Whether a name is `YYYYMMDD-HHMMSS`, with or without a counter behind it, or Capistrano's `YYYYMMDDHHMMSS`.
fn is_time(name: &str) -> bool {
    let (digits, counter) = time_order(name);
    digits.len() == 14 && digits.bytes().all(|byte| byte.is_ascii_digit()) && counter.is_some()
}

/// The fourteen digits of a name that is a time, and the counter behind it; `-10` comes after `-2`.
fn time_order(name: &str) -> (String, Option<u64>) {
    let mut parts = name.splitn(3, '-');
    let mut digits = parts.next().unwrap_or_default().to_owned();
    if digits.len() == 8
        && let Some(time) = parts.next()
    {
        digits.push_str(time);
    }
    let counter = parts.next().map_or(Some(1), |counter| counter.parse().ok());
    (digits, counter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(releases: &[(&str, Verdict, bool)]) -> State {
        let mut state = State::first();
        for (name, verdict, live) in releases {
            state.add_release(name, None);
            let release = state.release_mut(name).unwrap();
            release.verdict = *verdict;
            release.live = *live;
        }
        state
    }

    fn name(release: Option<&Release>) -> Option<&str> {
        release.map(|release| release.name.as_str())
    }

    #[test]
    fn a_second_rollback_goes_further_back() {
        use Verdict::{Bad, Good};
        let mut state = state(&[("r1", Good, true), ("r2", Good, true), ("r3", Bad, true)]);
        assert_eq!(name(state.rollback_target(Some("r3"))), Some("r2"));
        state.release_mut("r2").unwrap().verdict = Bad;
        assert_eq!(name(state.rollback_target(Some("r2"))), Some("r1"));
        assert_eq!(name(state.rollback_target(Some("r1"))), None);
    }

    #[test]
    fn a_bad_or_untried_release_is_never_chosen() {
        use Verdict::{Bad, Good, Unknown};
        let state = state(&[
            ("r1", Good, true),
            ("r2", Bad, true),
            ("r3", Unknown, false),
            ("r4", Unknown, true),
        ]);
        assert_eq!(name(state.rollback_target(Some("r4"))), Some("r1"));
    }

    #[test]
    fn where_none_is_validated_the_last_live_one_serves() {
        use Verdict::{Bad, Unknown};
        let state = state(&[
            ("r1", Unknown, true),
            ("r2", Unknown, false),
            ("r3", Bad, true),
            ("r4", Unknown, true),
        ]);
        assert_eq!(name(state.rollback_target(Some("r4"))), Some("r1"));
        assert_eq!(name(state.fallback(Some("r4"))), Some("r4"));
    }

    #[test]
    fn a_deploy_comes_back_to_what_was_validated_not_to_what_is_checked_out() {
        use Verdict::{Good, Unknown};
        let state = state(&[("r1", Good, true), ("r2", Unknown, true)]);
        assert_eq!(name(state.fallback(Some("r2"))), Some("r1"));
        assert_eq!(name(state.fallback(Some("r1"))), Some("r1"));
    }

    #[test]
    fn releases_first_seen_are_ordered_by_name_where_names_are_times() {
        let seen = |name: &str, seconds| Seen {
            name: name.into(),
            modified: Some(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds)),
            commit: None,
        };
        let mut by_name = State::first();
        by_name.learn(vec![
            seen("20260102-000000-10", 1),
            seen("20260102-000000", 9),
            seen("20260102-000000-2", 2),
            seen("20260101-000000", 3),
        ]);
        let order: Vec<&str> = by_name.releases.iter().map(|r| r.name.as_str()).collect();
        assert_eq!(
            order,
            [
                "20260101-000000",
                "20260102-000000",
                "20260102-000000-2",
                "20260102-000000-10"
            ]
        );
        let mut by_time = State::first();
        by_time.learn(vec![seen("a", 3), seen("b", 1), seen("20260101-000000", 2)]);
        let order: Vec<&str> = by_time.releases.iter().map(|r| r.name.as_str()).collect();
        assert_eq!(order, ["b", "20260101-000000", "a"]);
        assert!(!by_time.learn(vec![seen("a", 3), seen("b", 1), seen("20260101-000000", 2)]));
        by_time.learn(vec![seen("b", 1), seen("c", 0)]);
        assert_eq!(by_time.release("c").map(|r| r.sequence), Some(4));
        assert!(by_time.release("a").is_none());
    }
}
