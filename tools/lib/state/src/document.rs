//! The state file's form: flat, with the six names that scripts read at its top, whatever the status.

use crate::model::{
    Beat, Deploy, Event, Failing, Intent, Pause, Phase, Release, State, Status, Switch,
};
use clock::{parse_rfc3339, rfc3339};
use host::Identity;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;

/// The schema that this version writes, and the newest that it reads.
pub const SCHEMA: u64 = 1;

/// A state as it stands in the file and in `deploy-state show`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    status: String,
    phase: Option<Phase>,
    started_at: Option<String>,
    previous_commit: Option<String>,
    current_commit: Option<String>,
    initiated_by: Option<String>,
    schema: u64,
    generation: u64,
    deploy_id: Option<String>,
    updated_at: Option<String>,
    kind: String,
    previous_release: Option<String>,
    current_release: Option<String>,
    live_release: Option<String>,
    owner: Option<Identity>,
    #[serde(default)]
    moment_of: Option<String>,
    intent: Option<Intent>,
    #[serde(default)]
    pending_file: Option<String>,
    switch: Option<Switch>,
    probation_until: Option<String>,
    rollbacks_tried: u64,
    paused: Option<Pause>,
    #[serde(default)]
    drained: Vec<String>,
    #[serde(default)]
    kept_drained: bool,
    #[serde(default)]
    failing: Failing,
    next_sequence: u64,
    releases: Vec<Release>,
    last_event: Option<Event>,
    #[serde(default)]
    beat: Option<Beat>,
}

/// Why a text is not a state.
#[derive(Debug, PartialEq, Eq)]
pub enum DocumentError {
    /// It was written by a newer version.
    NewerSchema(u64),
    /// It cannot be understood.
    Damaged(String),
}

impl Document {
    /// The file's form of a state.
    pub fn of(state: &State) -> Self {
        let deploy = state.deploy();
        let commit_of = |name: Option<&String>| {
            name.and_then(|name| state.release(name))
                .and_then(|release| release.commit.clone())
        };
        let previous = match deploy {
            Some(deploy) => deploy.previous.clone(),
            None => state
                .rollback_target(state.live.as_deref())
                .map(|release| release.name.clone()),
        };
        let current = match deploy {
            Some(deploy) => deploy.release.clone(),
            None => state.live.clone(),
        };
        Self {
            status: state.status.name().into(),
            phase: deploy.map(|deploy| deploy.phase),
            started_at: deploy.map(|deploy| rfc3339(deploy.started_at)),
            previous_commit: deploy
                .and_then(|deploy| deploy.previous_commit.clone())
                .or_else(|| commit_of(previous.as_ref())),
            current_commit: deploy
                .and_then(|deploy| deploy.current_commit.clone())
                .or_else(|| commit_of(current.as_ref())),
            initiated_by: deploy.map(|deploy| deploy.initiated_by.clone()),
            schema: SCHEMA,
            generation: state.generation,
            deploy_id: deploy.map(|deploy| deploy.id.clone()),
            updated_at: state.updated_at.map(rfc3339),
            kind: state.kind.clone(),
            previous_release: previous,
            current_release: current,
            live_release: state.live.clone(),
            owner: deploy.and_then(|deploy| deploy.owner.clone()),
            moment_of: deploy.and_then(|deploy| deploy.moment_of.clone()),
            intent: deploy.and_then(|deploy| deploy.intent.clone()),
            pending_file: deploy.and_then(|deploy| deploy.pending_file.clone()),
            switch: state.switch.clone(),
            probation_until: state.probation_until.map(rfc3339),
            rollbacks_tried: state.rollbacks_tried,
            paused: state.paused.clone(),
            drained: state.drained.clone(),
            kept_drained: state.kept_drained,
            failing: state.failing.clone(),
            next_sequence: state.next_sequence,
            releases: state.releases.clone(),
            last_event: state.last_event.clone(),
            beat: state.beat.clone(),
        }
    }

    /// Reads the file's text.
    pub fn parse(text: &[u8]) -> Result<State, DocumentError> {
        /// Just enough to tell a newer file from a damaged one.
        #[derive(Deserialize)]
        struct Head {
            schema: u64,
        }
        let damaged = |error: serde_json::Error| DocumentError::Damaged(error.to_string());
        if text.iter().all(u8::is_ascii_whitespace) {
            return Err(DocumentError::Damaged("it is empty".into()));
        }
        let head: Head = serde_json::from_slice(text).map_err(damaged)?;
        if head.schema > SCHEMA {
            return Err(DocumentError::NewerSchema(head.schema));
        }
        let document: Self = serde_json::from_slice(text).map_err(damaged)?;
        document.into_state().map_err(DocumentError::Damaged)
    }

    fn into_state(self) -> Result<State, String> {
        let time = |name: &str, text: Option<&String>| -> Result<Option<SystemTime>, String> {
            text.map(|text| {
                parse_rfc3339(text).ok_or_else(|| format!("{name} is not a time: {text:?}"))
            })
            .transpose()
        };
        let updated_at = time("updatedAt", self.updated_at.as_ref())?;
        let probation_until = time("probationUntil", self.probation_until.as_ref())?;
        let started_at = time("startedAt", self.started_at.as_ref())?;
        let deploy = |state: Self| -> Result<Deploy, String> {
            let missing = |name: &str| format!("{name} is missing while {}", state.status);
            Ok(Deploy {
                id: state.deploy_id.clone().ok_or_else(|| missing("deployId"))?,
                phase: state.phase.ok_or_else(|| missing("phase"))?,
                started_at: started_at.ok_or_else(|| missing("startedAt"))?,
                initiated_by: state
                    .initiated_by
                    .clone()
                    .ok_or_else(|| missing("initiatedBy"))?,
                owner: state.owner,
                moment_of: state.moment_of,
                release: state.current_release,
                previous: state.previous_release,
                intent: state.intent,
                pending_file: state.pending_file,
                previous_commit: state.previous_commit,
                current_commit: state.current_commit,
            })
        };
        let status = match self.status.as_str() {
            "idle" => Status::Idle,
            "deploying" => Status::Deploying(deploy(self.clone())?),
            "validating" => Status::Validating(deploy(self.clone())?),
            "rolling-back" => Status::RollingBack(deploy(self.clone())?),
            other => return Err(format!("status {other:?} is unknown")),
        };
        if let Some(release) = self
            .releases
            .iter()
            .find(|release| release.sequence >= self.next_sequence)
        {
            return Err(format!(
                "release {} has sequence {}, but the next one is {}",
                release.name, release.sequence, self.next_sequence
            ));
        }
        Ok(State {
            generation: self.generation,
            updated_at,
            beat: self.beat,
            kind: self.kind,
            status,
            live: self.live_release,
            switch: self.switch,
            probation_until,
            rollbacks_tried: self.rollbacks_tried,
            paused: self.paused,
            drained: self.drained,
            kept_drained: self.kept_drained,
            failing: self.failing,
            releases: self.releases,
            next_sequence: self.next_sequence,
            last_event: self.last_event,
        })
    }
}

/// The file's text for a state.
pub(crate) fn text(state: &State) -> String {
    // A struct of strings, numbers and lists always becomes JSON.
    let mut text = serde_json::to_string_pretty(&Document::of(state)).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transition::Begin;

    fn deploying() -> State {
        let mut state = State::first();
        state.add_release("r1", Some("abc".into()));
        state.begin(Begin {
            id: "d1".into(),
            at: SystemTime::UNIX_EPOCH,
            by: "me".into(),
            owner: None,
            moment_of: None,
            live: Some("r1".into()),
            release: Some("r2".into()),
            commit: Some("def".into()),
        });
        state
    }

    #[test]
    fn what_is_written_is_read_back() {
        for state in [State::first(), deploying()] {
            assert_eq!(Document::parse(text(&state).as_bytes()), Ok(state));
        }
    }

    #[test]
    fn the_six_names_stand_at_the_top_whatever_the_status() {
        for state in [State::first(), deploying()] {
            let text = text(&state);
            let names: Vec<&str> = text
                .lines()
                .skip(1)
                .take(6)
                .filter_map(|line| line.split('"').nth(1))
                .collect();
            assert_eq!(
                names,
                [
                    "status",
                    "phase",
                    "startedAt",
                    "previousCommit",
                    "currentCommit",
                    "initiatedBy"
                ]
            );
        }
    }

    #[test]
    fn damage_is_told_from_a_newer_version() {
        let whole = text(&deploying());
        for length in 0..whole.trim_end().len() {
            assert!(
                matches!(
                    Document::parse(&whole.as_bytes()[..length]),
                    Err(DocumentError::Damaged(_))
                ),
                "cut at {length}"
            );
        }
        let newer = whole.replace("\"schema\": 1", "\"schema\": 2");
        assert_eq!(
            Document::parse(newer.as_bytes()),
            Err(DocumentError::NewerSchema(2))
        );
        let odd = whole.replace("\"phase\": \"lock\"", "\"phase\": null");
        assert!(matches!(
            Document::parse(odd.as_bytes()),
            Err(DocumentError::Damaged(_))
        ));
    }
}
