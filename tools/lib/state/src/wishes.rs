//! What people wish: a verdict of their own, a release kept, no deploys for a while.

use crate::model::{Failing, Outcome, Pause, State};
use crate::note::Note;
use crate::refused::Refused;
use releases::Verdict;
use serde_json::json;
use std::num::NonZeroU64;
use std::time::SystemTime;

impl State {
    /// A person's verdict on a release.
    pub fn mark(&mut self, name: &str, mark: Mark) -> Result<Note, Refused> {
        let release = self
            .release_mut(name)
            .ok_or_else(|| Refused::NoSuchRelease(name.into()))?;
        match mark {
            Mark::Verdict(verdict) => release.verdict = verdict,
            Mark::Pinned(pinned) => release.pinned = pinned,
        }
        Ok(Note::new(
            "marked",
            None,
            json!({"release": name, "as": mark.name()}),
        ))
    }

    /// A verdict stays what it was: what has just happened says nothing about the release.
    pub fn keep_verdict(&mut self, name: &str, verdict: Verdict) {
        if let Some(release) = self.release_mut(name) {
            release.verdict = verdict;
        }
    }

    /// No deploys are wanted until further notice, or until that time.
    pub fn pause(&mut self, why: &str, until: Option<&str>, at: SystemTime) -> Note {
        self.paused = Some(Pause {
            why: why.into(),
            since: clock::rfc3339(at),
            until: until.map(str::to_owned),
        });
        Note::new("paused", None, json!({"why": why, "until": until}))
    }

    /// Deploys are wanted again; nothing where they were all the time.
    pub fn resume(&mut self) -> Option<Note> {
        let pause = self.paused.take()?;
        // What failed before somebody looked at it does not pause it again.
        self.failing.deploys.clear();
        Some(Note::new("resumed", None, json!({"why": pause.why})))
    }

    /// A deploy has ended. One that goes well ends the row of those that failed; one that was aborted says nothing either way.
    pub(crate) fn count_outcome(&mut self, id: &str, outcome: Outcome, at: SystemTime) {
        match outcome {
            Outcome::Aborted => {}
            Outcome::Succeeded => self.failing.deploys.clear(),
            Outcome::Failed | Outcome::RolledBack => self.count_failure(id, outcome.name(), at),
        }
    }

    /// The deploy is about to be aborted, for there is nothing to deploy: its build has failed. It counts as one that failed.
    pub fn build_failed(&mut self, id: &str, at: SystemTime) -> Result<(), Refused> {
        self.held_by(id)?;
        self.count_failure(id, "build failed", at);
        Ok(())
    }

    /// One more in the row of those that failed; once it is long enough it pauses the application, until somebody resumes.
    fn count_failure(&mut self, id: &str, how: &str, at: SystemTime) {
        let row = &mut self.failing.deploys;
        row.push(format!("{id} ({how})"));
        let excess = row.len().saturating_sub(Failing::MOST);
        row.drain(..excess);
        let row = &self.failing.deploys;
        let enough = self.failing.pause_after.map(NonZeroU64::get);
        if enough.is_some_and(|enough| row.len() as u64 >= enough) && self.pause_at(at).is_none() {
            self.paused = Some(Pause {
                why: match row.as_slice() {
                    [one] => format!("the last deploy failed: {one}"),
                    more => format!(
                        "{} deploys in a row failed: {}",
                        more.len(),
                        more.join(", ")
                    ),
                },
                since: clock::rfc3339(at),
                until: None,
            });
        }
    }

    /// The pause that is in force.
    pub fn pause_at(&self, now: SystemTime) -> Option<&Pause> {
        self.paused.as_ref().filter(|pause| {
            let until = pause.until.as_deref().and_then(clock::parse_rfc3339);
            until.is_none_or(|until| now < until)
        })
    }
}

/// What a person can say of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Good or bad.
    Verdict(Verdict),
    /// Kept from pruning, or no longer.
    Pinned(bool),
}

impl Mark {
    /// The word on the command line and in the history.
    pub fn name(self) -> &'static str {
        match self {
            Self::Verdict(Verdict::Good) => "good",
            Self::Verdict(Verdict::Bad) => "bad",
            Self::Verdict(Verdict::Unknown) => "unknown",
            Self::Pinned(true) => "pinned",
            Self::Pinned(false) => "unpinned",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A state after deploys with these outcomes, all begun with that limit.
    fn after(pause_after: u64, outcomes: &[Outcome]) -> State {
        let mut state = State::first();
        state.failing.pause_after = NonZeroU64::new(pause_after);
        for (number, outcome) in outcomes.iter().enumerate() {
            state.count_outcome(&format!("d{number}"), *outcome, SystemTime::UNIX_EPOCH);
        }
        state
    }

    #[test]
    fn a_row_of_failures_pauses_and_names_its_deploys() {
        use Outcome::{Aborted, Failed, RolledBack, Succeeded};
        assert_eq!(after(3, &[Failed, RolledBack]).paused, None);
        let mut paused = after(3, &[Failed, Aborted, RolledBack, Failed]);
        let why = paused.paused.clone().unwrap().why;
        assert_eq!(
            why,
            "3 deploys in a row failed: d0 (failed), d2 (rolled-back), d3 (failed)"
        );
        paused.resume().unwrap();
        paused.count_outcome("d9", Failed, SystemTime::UNIX_EPOCH);
        assert_eq!(paused.paused, None, "it begins anew once somebody resumes");
        assert_eq!(after(3, &[Failed, Failed, Succeeded, Failed]).paused, None);
        assert_eq!(after(0, &[Failed; 9]).paused, None, "none is never");
    }

    #[test]
    fn a_pause_that_somebody_asked_for_keeps_its_reason() {
        let mut state = after(1, &[]);
        state.pause("holidays", None, SystemTime::UNIX_EPOCH);
        state.count_outcome("d1", Outcome::Failed, SystemTime::UNIX_EPOCH);
        assert_eq!(state.paused.unwrap().why, "holidays");
    }
}
