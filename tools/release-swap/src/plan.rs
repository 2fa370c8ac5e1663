//! Which release is meant, and what is known of the service before it changes.

use state::{State, Switch, Verdict};

/// The release that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// This one.
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
    /// This one is known bad, so that nobody gets it who does not force it.
    IsBad(String),
    /// No release before the live one is fit to go back to.
    Before,
}

/// The release to switch to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Its name.
    pub release: String,
    /// Whether a bad verdict was gone past for it.
    pub forced: bool,
}

/// The release that is meant, by what the state knows of all of them; `live` is what `current` selects. One that is marked bad is
/// meant by nobody who does not `force` it; where it is live already, naming it brings nothing about.
pub fn choose(
    wanted: &Wanted,
    state: &State,
    live: Option<&str>,
    force: bool,
) -> Result<Chosen, NoRelease> {
    let (release, is_refused) = match wanted {
        Wanted::Named(release) => {
            let is_bad = state.verdict(release) == Verdict::Bad;
            (release.as_str(), is_bad && live != Some(release))
        }
        Wanted::Newest => {
            let newest = state.newest().ok_or(NoRelease::AtAll)?;
            (newest.name.as_str(), newest.verdict == Verdict::Bad)
        }
        Wanted::Previous => {
            let before = state.rollback_target(live).ok_or(NoRelease::Before)?;
            (before.name.as_str(), false)
        }
    };
    if is_refused && !force {
        return Err(NoRelease::IsBad(release.to_owned()));
    }
    Ok(Chosen {
        release: release.to_owned(),
        forced: is_refused,
    })
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

    fn chosen(release: &str, forced: bool) -> Chosen {
        let release = release.to_owned();
        Chosen { release, forced }
    }

    #[test]
    fn the_newest_is_the_one_with_the_highest_sequence_whatever_its_name() {
        let state = state(&[("z", Verdict::Good), ("a", Verdict::Unknown)]);
        let newest = choose(&Wanted::Newest, &state, Some("z"), false);
        assert_eq!(newest, Ok(chosen("a", false)));
        let nothing = choose(&Wanted::Newest, &State::first(), None, true);
        assert_eq!(nothing, Err(NoRelease::AtAll));
    }

    #[test]
    fn a_bad_one_is_had_by_force_alone_and_no_older_one_taken_for_it() {
        let state = state(&[("1", Verdict::Good), ("2", Verdict::Bad)]);
        let named = Wanted::Named("2".to_owned());
        for wanted in [&Wanted::Newest, &named] {
            let refused = Err(NoRelease::IsBad("2".to_owned()));
            assert_eq!(choose(wanted, &state, Some("1"), false), refused);
            assert_eq!(
                choose(wanted, &state, Some("1"), true),
                Ok(chosen("2", true))
            );
        }
        // It is live: there is nothing to refuse, and nothing to go past.
        assert_eq!(
            choose(&named, &state, Some("2"), false),
            Ok(chosen("2", false))
        );
        // Nobody calls for force where it is not needed.
        let good = Wanted::Named("1".to_owned());
        assert_eq!(
            choose(&good, &state, Some("2"), true),
            Ok(chosen("1", false))
        );
    }

    #[test]
    fn the_previous_is_where_a_rollback_leads() {
        let state = state(&[
            ("1", Verdict::Good),
            ("2", Verdict::Bad),
            ("3", Verdict::Good),
        ]);
        let previous = |live| choose(&Wanted::Previous, &state, Some(live), false);
        assert_eq!(previous("3"), Ok(chosen("1", false)));
        assert_eq!(previous("1"), Err(NoRelease::Before));
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
