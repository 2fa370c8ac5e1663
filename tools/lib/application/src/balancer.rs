//! Servers behind HAProxy that a deploy has drained: ready again with its end, whatever ended it.

use haproxy::{Error, Server};
use state::State;

/// Makes the servers ready again that the state says were drained. One whose HAProxy does not answer, or does not obey this
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
    match server.ready() {
        // One that the configuration does not know any more drains no more either.
        Ok(()) | Err(Error::NoSuchServer { .. }) => true,
        Err(_) => false,
    }
}

/// What to tell people of a server that is drained still; nothing where there is none.
pub fn still_drained(state: &State) -> Option<String> {
    let first = state.drained.first()?;
    Some(format!(
        "HAProxy could not be told that {} is ready again: drain-wait --haproxy {first} --clear",
        state.drained.join(", ")
    ))
}
