//! What the decision about each release rests on.

use releases::plan::PruneEntry;
use state::State;
use std::collections::BTreeSet;

/// Every release that the state knows, as pruning sees it.
///
/// `live` is what `current` selects, `in_use` what processes have open. What a deploy that is going on would come back
/// to is as good as the last good one, and what it brings is in use.
pub fn entries(state: &State, live: Option<&str>, in_use: &BTreeSet<String>) -> Vec<PruneEntry> {
    let deploy = state.deploy();
    let intent = deploy.and_then(|deploy| deploy.intent.as_ref());
    let name = |release: &state::Release| release.name.clone();
    let way_back: Vec<String> = [
        state.last_good().map(name),
        state.rollback_target(live).map(name),
        deploy.and_then(|deploy| deploy.previous.clone()),
        intent.and_then(|intent| intent.from.clone()),
    ]
    .into_iter()
    .flatten()
    .collect();
    let coming: Vec<&String> = [
        deploy.and_then(|deploy| deploy.release.as_ref()),
        intent.map(|intent| &intent.to),
    ]
    .into_iter()
    .flatten()
    .collect();
    let entry = |release: &state::Release| PruneEntry {
        name: release.name.clone(),
        sequence: release.sequence,
        verdict: release.verdict,
        is_current: live == Some(release.name.as_str()),
        is_last_good: way_back.contains(&release.name),
        pinned: release.pinned,
        in_use: in_use.contains(&release.name) || coming.contains(&&release.name),
    };
    state.releases.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use releases::plan::prune;
    use state::{Begin, Intent, Mark, Switch, Verdict};
    use std::time::SystemTime;

    fn state(releases: &[(&str, Verdict)]) -> State {
        let mut state = State::first();
        for (name, verdict) in releases {
            state.add_release(name, None);
            state.mark(name, Mark::Verdict(*verdict)).unwrap();
        }
        state
    }

    fn removed(state: &State, live: Option<&str>, in_use: &[&str], keep: usize) -> Vec<String> {
        let in_use = in_use.iter().map(|name| (*name).to_owned()).collect();
        prune(&entries(state, live, &in_use), keep)
            .into_iter()
            .filter(|decision| !decision.keep)
            .map(|decision| decision.name)
            .collect()
    }

    #[test]
    fn failed_releases_never_evict_the_one_to_go_back_to() {
        use Verdict::{Bad, Good, Unknown};
        let state = state(&[
            ("old", Good),
            ("good", Good),
            ("f1", Bad),
            ("f2", Bad),
            ("f3", Bad),
            ("new", Unknown),
        ]);
        assert_eq!(removed(&state, Some("new"), &[], 1), ["f2", "f1", "old"]);
        assert_eq!(
            removed(&state, Some("good"), &[], 2),
            ["f1"],
            "a way back stays"
        );
        assert!(removed(&state, Some("new"), &["f2", "f1", "old"], 1).is_empty());
        let kept_none = removed(&state, Some("new"), &[], 0);
        assert_eq!(kept_none, ["f3", "f2", "f1", "old"]);
    }

    #[test]
    fn what_a_deploy_needs_stays() {
        use Verdict::{Good, Unknown};
        let mut state = state(&[
            ("a", Unknown),
            ("b", Good),
            ("c", Unknown),
            ("d", Unknown),
            ("e", Good),
        ]);
        state.begin(Begin {
            id: "1".into(),
            at: SystemTime::now(),
            by: "me".into(),
            owner: None,
            moment_of: None,
            live: Some("e".into()),
            release: None,
            commit: None,
        });
        let intent = Intent {
            action: "swap".into(),
            from: Some("c".into()),
            to: "a".into(),
        };
        state.intend("1", intent, Switch::default()).unwrap();
        assert_eq!(removed(&state, Some("e"), &[], 0), ["d"]);
    }

    #[test]
    fn a_pin_holds_and_the_order_is_the_stored_one() {
        let mut state = state(&[
            ("z", Verdict::Unknown),
            ("m", Verdict::Unknown),
            ("a", Verdict::Unknown),
        ]);
        assert_eq!(removed(&state, None, &[], 1), ["m", "z"]);
        state.mark("z", Mark::Pinned(true)).unwrap();
        assert_eq!(removed(&state, None, &[], 1), ["m"]);
    }
}
