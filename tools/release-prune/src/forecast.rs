//! What pruning will want to remove once the next deploy is done, by looking alone. `preflight` asks it beforehand.

use crate::plan;
use crate::usage::{self, Obstacle};
use application::Application;
use deadline::{Deadline, Ended};
use releases::plan::prune;
use state::{Mark, State, Verdict};
use std::collections::BTreeSet;

/// The next release, which nobody has named yet; no directory can be called so.
const NEXT: &str = "/";

/// What will go.
#[derive(Debug, Default)]
pub struct Forecast {
    /// The names of the releases that will go, newest first.
    pub removed: Vec<String>,
    /// What that frees, in bytes.
    pub freed: u64,
    /// What of it can go before the deploy already, in bytes.
    pub free_now: u64,
    /// What stands in the way: the first thing in each release that cannot be removed.
    pub obstacles: Vec<Obstacle>,
}

/// Looks ahead. `next` is the release that goes live where it is staged already; a new one else. What processes have open is not
/// looked for: it may be over by then.
pub fn forecast(
    application: &Application,
    state: &State,
    live: Option<&str>,
    next: Option<&str>,
    keep: usize,
    deadline: &Deadline,
) -> Result<Forecast, Ended> {
    let now = going(state, live, keep);
    let mut forecast = Forecast::default();
    for name in going(&after(state, next), Some(next.unwrap_or(NEXT)), keep) {
        deadline.check()?;
        let Ok(path) = releases::resolve(&application.layout, &name) else {
            continue;
        };
        if let Some(obstacle) = usage::obstacle(&path) {
            forecast.obstacles.push(obstacle);
        } else {
            let size = usage::size(path.as_std_path());
            forecast.freed += size;
            forecast.free_now += if now.contains(&name) { size } else { 0 };
        }
        forecast.removed.push(name);
    }
    Ok(forecast)
}

/// The state as a deploy that goes well leaves it.
fn after(state: &State, next: Option<&str>) -> State {
    let mut state = state.clone();
    let name = next.unwrap_or(NEXT);
    if state.release(name).is_none() {
        state.staged(name, None);
    }
    // It is known now: there is nothing to refuse.
    state.mark(name, Mark::Verdict(Verdict::Good)).ok();
    state
}

fn going(state: &State, live: Option<&str>, keep: usize) -> Vec<String> {
    let decisions = prune(&plan::entries(state, live, &BTreeSet::new()), keep);
    let gone = decisions.into_iter().filter(|decision| !decision.keep);
    gone.map(|decision| decision.name).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn state() -> State {
        let mut state = State::first();
        for name in ["r1", "r2", "r3"] {
            state.staged(name, None);
            state.mark(name, Mark::Verdict(Verdict::Good)).unwrap();
        }
        state
    }

    fn gone(live: &str, next: Option<&str>, keep: usize) -> Vec<String> {
        going(&after(&state(), next), Some(next.unwrap_or(live)), keep)
    }

    #[test]
    fn the_next_release_takes_a_place() {
        assert!(going(&state(), Some("r3"), 3).is_empty());
        assert_eq!(gone(NEXT, None, 3), ["r1"]);
        assert_eq!(gone(NEXT, None, 2), ["r2", "r1"]);
        assert!(gone(NEXT, None, 4).is_empty());
    }

    #[test]
    fn one_that_is_staged_already_takes_none() {
        assert!(gone("r2", Some("r3"), 3).is_empty());
        assert_eq!(gone("r2", Some("r3"), 2), ["r1"]);
    }
}
