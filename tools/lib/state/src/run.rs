//! The service's runs, as the steps that stop and start it saw them.

use crate::model::{State, Switch};
use crate::note::Note;
use crate::refused::Refused;
use serde_json::{Value, json};

impl State {
    /// The service as it runs now, written down before it is stopped: a proof compares the new run with it. One that does
    /// not run leaves in place what was written down before.
    pub fn observe_before(&mut self, id: &str, seen: Switch) -> Result<Note, Refused> {
        self.held_by(id)?;
        let note = Note::new(
            "stopping",
            Some(id),
            json!({"pid": seen.pid, "invocation": seen.invocation, "restarts": seen.restarts}),
        );
        if seen.pid.is_some() || self.switch.is_none() {
            self.switch = Some(seen);
        }
        Ok(note)
    }

    /// The service has been started. Restarts count from what its supervisor's counter shows now, since a start by hand
    /// sets the counter back; what ran before stays written down. `log` is where the service's log ended before the
    /// start, where that was seen; else what was written down before stays.
    pub fn started(
        &mut self,
        id: &str,
        restarts: Option<u64>,
        log: Option<Value>,
    ) -> Result<Note, Refused> {
        self.held_by(id)?;
        let switch = self.switch.get_or_insert_default();
        switch.restarts = restarts;
        switch.last_seen = restarts;
        switch.counted = 0;
        if log.is_some() {
            switch.log = log;
        }
        Ok(Note::new(
            "started",
            Some(id),
            json!({"restarts": restarts}),
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::transition::Begin;
    use std::time::SystemTime;

    fn deploying() -> State {
        let mut state = State::first();
        state.begin(Begin {
            id: "d1".into(),
            at: SystemTime::UNIX_EPOCH,
            by: "me".into(),
            owner: None,
            moment_of: None,
            live: None,
            release: None,
            commit: None,
        });
        state
    }

    fn run(pid: Option<u32>, restarts: u64) -> Switch {
        Switch {
            pid,
            restarts: Some(restarts),
            last_seen: Some(restarts),
            ..Switch::default()
        }
    }

    #[test]
    fn what_ran_is_kept_when_the_stop_is_done_again() {
        let mut state = deploying();
        state.observe_before("d1", run(Some(7), 3)).unwrap();
        state.observe_before("d1", run(None, 0)).unwrap();
        assert_eq!(state.switch, Some(run(Some(7), 3)));
        state.observe_before("d1", run(Some(8), 0)).unwrap();
        assert_eq!(state.switch.unwrap().pid, Some(8), "another run since");
    }

    #[test]
    fn restarts_count_from_the_start_on_and_what_ran_before_stays() {
        let mut state = deploying();
        state.observe_before("d1", run(Some(7), 3)).unwrap();
        state.switch.as_mut().unwrap().observe(5);
        state
            .started("d1", Some(0), Some(json!({"offset": 9})))
            .unwrap();
        let mut switch = state.switch.unwrap();
        assert_eq!((switch.pid, switch.counted), (Some(7), 0));
        assert_eq!(switch.log, Some(json!({"offset": 9})));
        switch.observe(1);
        assert_eq!(switch.counted, 1);
    }

    #[test]
    fn only_the_holder_of_the_lease_writes_them_down() {
        let mut state = deploying();
        let before = state.clone();
        assert!(state.observe_before("d0", run(Some(7), 3)).is_err());
        assert!(state.started("d0", None, None).is_err());
        assert_eq!(state, before);
    }
}
