//! What is drained, and what says so to others.

use crate::model::State;
use crate::note::Note;
use crate::refused::Refused;
use serde_json::json;

impl State {
    /// The drain flag is about to be raised; whoever ends the deploy lowers it.
    pub fn raise(&mut self, id: &str, pending_file: Option<&str>) -> Result<Note, Refused> {
        self.held_by(id)?;
        if let Some(deploy) = self.deploy_mut() {
            deploy.pending_file = pending_file.map(str::to_owned);
        }
        Ok(Note::new(
            "draining",
            Some(id),
            json!({"pendingFile": pending_file}),
        ))
    }

    /// A server behind HAProxy is about to be drained, or is ready again; whoever ends the deploy makes it ready. Nothing where
    /// that is known.
    pub fn drain(
        &mut self,
        id: &str,
        server: &str,
        drained: bool,
    ) -> Result<Option<Note>, Refused> {
        self.held_by(id)?;
        if drained == self.drained.iter().any(|known| known == server) {
            return Ok(None);
        }
        self.drained.retain(|known| known != server);
        if drained {
            self.drained.push(server.to_owned());
        }
        self.kept_drained &= !self.drained.is_empty();
        Ok(Some(Note::new(
            "draining",
            Some(id),
            json!({"haproxy": server, "drained": drained}),
        )))
    }

    /// These servers drain no more. Whether the others are kept drained stays as it was where that is not told.
    pub fn undrain(&mut self, no_more: &[String], kept: Option<bool>) {
        self.drained.retain(|known| !no_more.contains(known));
        self.kept_drained = kept.unwrap_or(self.kept_drained) && !self.drained.is_empty();
    }
}
