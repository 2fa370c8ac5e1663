//! What people wish: a verdict of their own, a release kept, no deploys for a while.

use crate::model::{Pause, State};
use crate::note::Note;
use crate::transition::Refused;
use releases::Verdict;
use serde_json::json;
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
        Some(Note::new("resumed", None, json!({"why": pause.why})))
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
