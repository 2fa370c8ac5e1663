//! Which release is meant, and what is known of the service before it changes.

use state::{Release, State, Switch, Verdict};

/// The release that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// This one, whatever is known of it.
    Named(String),
    /// The newest.
    Newest,
    /// The one that a rollback would go to.
    Previous,
}

/// Why there is no release to switch to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoRelease {
    /// There are no releases at all.
    AtAll,
    /// The newest one is known bad, so that nobody gets it who did not name it.
    NewestIsBad(String),
    /// No release before the live one is fit to go back to.
    Before,
}

/// The release that is meant, by what the state knows of all of them; `live` is what `current` selects.
pub fn choose(wanted: &Wanted, state: &State, live: Option<&str>) -> Result<String, NoRelease> {
    let name = |release: &Release| release.name.clone();
    match wanted {
        Wanted::Named(release) => Ok(release.clone()),
        Wanted::Newest => match state.newest() {
            None => Err(NoRelease::AtAll),
            Some(newest) if newest.verdict == Verdict::Bad => {
                Err(NoRelease::NewestIsBad(name(newest)))
            }
            Some(newest) => Ok(name(newest)),
        },
        Wanted::Previous => state
            .rollback_target(live)
            .map(name)
            .ok_or(NoRelease::Before),
    }
}

/// What goes into the record at the switch: the service as it is now. Where nothing of it runs any more, the run that
/// was there is the one which the step that stopped it has recorded.
pub fn record(state: &State, seen: Option<Switch>) -> Switch {
    let seen = seen.unwrap_or_default();
    match &state.switch {
        Some(kept) if seen.pid.is_none() => Switch {
            pid: kept.pid,
            start_time: kept.start_time,
            invocation: kept.invocation.clone(),
            baseline: kept.baseline,
            ..seen
        },
        _ => seen,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use state::Mark;

    fn state(releases: &[(&str, Verdict)]) -> State {
        let mut state = State::first();
        for (name, verdict) in releases {
            state.add_release(name, None);
            state.mark(name, Mark::Verdict(*verdict)).unwrap();
        }
        state
    }

    #[test]
    fn the_newest_is_the_one_with_the_highest_sequence_whatever_its_name() {
        let state = state(&[("z", Verdict::Good), ("a", Verdict::Unknown)]);
        assert_eq!(
            choose(&Wanted::Newest, &state, Some("z")),
            Ok("a".to_owned())
        );
    }

    #[test]
    fn a_bad_newest_is_refused_and_no_older_one_taken_for_it() {
        let state = state(&[("1", Verdict::Good), ("2", Verdict::Bad)]);
        assert_eq!(
            choose(&Wanted::Newest, &state, Some("1")),
            Err(NoRelease::NewestIsBad("2".to_owned()))
        );
        let named = Wanted::Named("2".to_owned());
        assert_eq!(choose(&named, &state, Some("1")), Ok("2".to_owned()));
        assert_eq!(
            choose(&Wanted::Newest, &State::first(), None),
            Err(NoRelease::AtAll)
        );
    }

    #[test]
    fn the_previous_is_where_a_rollback_leads() {
        let state = state(&[
            ("1", Verdict::Good),
            ("2", Verdict::Bad),
            ("3", Verdict::Good),
        ]);
        assert_eq!(
            choose(&Wanted::Previous, &state, Some("3")),
            Ok("1".to_owned())
        );
        assert_eq!(
            choose(&Wanted::Previous, &state, Some("1")),
            Err(NoRelease::Before)
        );
    }

    #[test]
    fn the_run_that_was_stopped_is_kept_while_nothing_runs_and_its_counter_is_not() {
        let switch = |pid, restarts| Switch {
            pid,
            restarts: Some(restarts),
            ..Switch::default()
        };
        let mut state = state(&[("1", Verdict::Good)]);
        state.switch = Some(switch(Some(7), 3));
        let stopped = record(&state, Some(switch(None, 0)));
        assert_eq!((stopped.pid, stopped.restarts), (Some(7), Some(0)));
        assert_eq!(record(&state, None).pid, Some(7));
        assert_eq!(record(&state, Some(switch(Some(9), 5))).pid, Some(9));
    }
}
