//! Servers behind HAProxy that a deploy has drained: ready again with its end, whatever ended it.

use crate::{Application, fail};
use deadline::Deadline;
use haproxy::{Admin, Error, Server};
use serde_json::json;
use state::{Note, State};
use step::Failure;

impl Application {
    /// The same where no deploy is going on; one that is has its own reasons to keep a server drained. Nothing is written where
    /// nothing has become ready, so that it can be asked for again and again.
    pub fn make_ready(&self, deadline: &Deadline) -> Result<(), Failure> {
        let mut held = self.lock(deadline)?;
        if held.state.deploy().is_some() {
            return Ok(());
        }
        let drained = held.state.drained.clone();
        make_ready(&mut held.state);
        if held.state.drained == drained {
            return Ok(());
        }
        let still = &held.state.drained;
        let ready: Vec<&String> = drained.iter().filter(|one| !still.contains(one)).collect();
        let note = Note::new("ready", None, json!({"haproxy": ready}));
        held.write(note).map_err(fail::store)
    }
}

/// Makes the servers ready again that the state says were drained, where they drain still: one that is in maintenance by now is
/// somebody else's, and is left there. One whose HAProxy does not answer, or does not obey this
/// user, stays in the state: a deploy's end must not fail by it, and the next end, beginning or recovery tries again. The lock
/// is held meanwhile, for as long as a local socket takes.
pub fn make_ready(state: &mut State) {
    state.drained.retain(|server| !is_ready(server));
}

fn is_ready(server: &str) -> bool {
    let Ok(server) = server.parse::<Server>() else {
        // Nobody wrote that here.
        return true;
    };
    let made = server.admin().and_then(|now| match now {
        Admin::Draining => server.ready(),
        // Somebody has put it there since, or has made it ready himself.
        Admin::Maintenance | Admin::Ready => Ok(()),
    });
    match made {
        // One that the configuration does not know any more drains no more either.
        Ok(()) | Err(Error::NoSuchServer { .. }) => true,
        Err(_) => false,
    }
}

/// What to tell people of a server that is drained still; nothing where there is none.
pub fn still_drained(state: &State) -> Option<String> {
    let first = state.drained.first()?;
    Some(format!(
        "HAProxy could not be told that {} is ready again: deploy-state recover, once it answers, or drain-wait --haproxy {first} --clear",
        state.drained.join(", ")
    ))
}
