//! What serves already when the first deploy comes.

use crate::model::State;
use crate::note::Note;
use crate::refused::Refused;
use serde_json::json;

impl State {
    /// The release `name` was made of what serves already, and is selected as the live one: a deploy that goes on comes back
    /// to it.
    pub fn adopted(&mut self, id: &str, name: &str) -> Result<Note, Refused> {
        self.held_by(id)?;
        let Some(release) = self.release_mut(name) else {
            return Err(Refused::NoSuchRelease(name.into()));
        };
        release.live = true;
        let commit = release.commit.clone();
        self.live = Some(name.into());
        if let Some(deploy) = self
            .deploy_mut()
            .filter(|deploy| deploy.moment_of.is_none())
        {
            // It is not what this deploy is to put live.
            deploy.release = None;
            deploy.current_commit = None;
            deploy.previous = Some(name.into());
            deploy.previous_commit.clone_from(&commit);
        }
        Ok(Note::new(
            "adopted",
            Some(id),
            json!({"release": name, "commit": commit}),
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Begin;
    use std::time::SystemTime;

    #[test]
    fn the_way_back_is_what_served_already() {
        let mut state = State::first();
        state.begin(Begin {
            id: "d".into(),
            at: SystemTime::UNIX_EPOCH,
            by: "me".into(),
            owner: None,
            moment_of: None,
            live: None,
            release: None,
            commit: None,
        });
        state.staged("old", Some("c1"));
        assert!(state.adopted("d", "missing").is_err());
        assert!(state.adopted("other", "old").is_err());
        state.adopted("d", "old").unwrap();
        let deploy = state.deploy().unwrap();
        assert_eq!(deploy.release, None);
        assert_eq!(deploy.previous.as_deref(), Some("old"));
        assert_eq!(deploy.previous_commit.as_deref(), Some("c1"));
        state.staged("new", Some("c2"));
        let deploy = state.deploy().unwrap();
        assert_eq!(deploy.release.as_deref(), Some("new"));
        assert_eq!(deploy.current_commit.as_deref(), Some("c2"));
        let back = state.rollback_target(Some("new")).unwrap();
        assert_eq!(back.name, "old");
    }
}
