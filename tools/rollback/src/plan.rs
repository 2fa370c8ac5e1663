//! The decisions: whether to go back, and to which release. Pure.

use serde_json::Value;
use state::{Deploy, Release, State, Status, Verdict};

/// What a failed report asks of `rollback --on-failure`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It failed before anything that serves was touched: its verdict stands, and nothing is to be brought back.
    PassOn,
    /// It failed after the service or the link had been touched; the reason.
    Act(String),
}

/// The tools that touch what serves; the others fail without a trace.
const TOUCHING: [&str; 4] = [
    "service-stop",
    "release-swap",
    "service-start",
    "healthwait",
];

/// Reads the report of the step before. In a deploy the state says whether anything was touched; outside one, the
/// reports do.
pub(crate) fn asked(report: &Value, deploy: Option<&Status>) -> Asked {
    let reason = reason(report);
    match deploy {
        Some(Status::Validating(_) | Status::RollingBack(_)) => Asked::Act(reason),
        Some(Status::Deploying(_)) => Asked::PassOn,
        Some(Status::Idle) | None => {
            if touched(report) {
                Asked::Act(reason)
            } else {
                Asked::PassOn
            }
        }
    }
}

/// Why the step before failed, in its own words.
fn reason(report: &Value) -> String {
    let tool = report["tool"].as_str().unwrap_or("the step before");
    let message = report["error"]["message"].as_str().unwrap_or_default();
    let exit = report["exit"].as_u64().unwrap_or(3);
    if message.is_empty() {
        format!("{tool} ended with {exit}")
    } else {
        format!("{tool}: {message}")
    }
}

/// Whether a failed report speaks against the release. That a runbook, or a tool in it, was killed does not.
pub(crate) fn blames(report: &Value) -> bool {
    !is_cut_off(report) && report["error"]["code"] != "command-died"
}

/// Whether a step of this chain of reports has touched what serves.
fn touched(report: &Value) -> bool {
    let touching = |report: &Value| {
        report["tool"]
            .as_str()
            .is_some_and(|tool| TOUCHING.contains(&tool))
    };
    if is_cut_off(report) {
        // What died before a stop is a preparation; what died later, or is not known at all, may have touched anything.
        let unknown = report["tool"].is_null();
        return unknown || touching(report) && report["tool"] != "service-stop";
    }
    // Bad usage and a lease that was not had come before anything is done; a switch that fails leaves the link alone.
    let failed_early =
        matches!(report["exit"].as_u64(), Some(2 | 75)) || report["tool"] == "release-swap";
    if touching(report) && !failed_early {
        return true;
    }
    let mut before = &report["upstream"];
    while before.is_object() {
        let changed = before["changed"] != Value::Bool(false);
        if touching(before) && changed && before["tool"] != "healthwait" {
            return true;
        }
        before = &before["upstream"];
    }
    false
}

/// Whether nothing is known of the steps before this one: one of them died without a word, or this one was ended by a
/// signal while it waited for them, as at a Ctrl-C all of them are at once.
fn is_cut_off(report: &Value) -> bool {
    match report["error"]["code"].as_str() {
        Some("upstream-missing" | "upstream-invalid") => true,
        Some("interrupted") => report["upstream"].is_null(),
        _ => false,
    }
}

/// What is known of the link, outside any deploy, where the state does not tell what was tried.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Link {
    /// A step of the chain switched it.
    Switched {
        /// What was live before.
        from: Option<String>,
        /// What has been live since.
        to: String,
    },
    /// The chain failed before it was switched.
    Left,
    /// The chain was cut off by a step that died; it may have been switched before.
    CutOff,
    /// There is no chain, or no switch in it.
    #[default]
    Untold,
}

/// What the chain of reports says of the link.
pub(crate) fn link(report: &Value) -> Link {
    // A stop comes before the switch, and a switch that fails leaves the link alone.
    let failed_before = report["tool"] == "service-stop" || report["tool"] == "release-swap";
    let mut at = report;
    while at.is_object() {
        if at["tool"] == "release-swap" && at["ok"] == Value::Bool(true) {
            let to = at["to"]
                .as_str()
                .filter(|_| at["changed"] == Value::Bool(true));
            return to.map_or(Link::Left, |to| Link::Switched {
                from: at["from"].as_str().map(str::to_owned),
                to: to.into(),
            });
        }
        if is_cut_off(at) {
            return Link::CutOff;
        }
        at = &at["upstream"];
    }
    if failed_before {
        Link::Left
    } else {
        Link::Untold
    }
}

/// Why there is no release to go back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoTarget {
    /// Nothing of that name or commit.
    NoSuch(String),
    /// Several releases of that commit.
    Ambiguous(Vec<String>),
    /// Nothing before the live one that was validated, or at least live and not bad.
    Nowhere,
}

/// The release that a person names: by its name, or by a commit or the beginning of one.
pub(crate) fn named(state: &State, wanted: &str) -> Result<String, NoTarget> {
    if let Some(release) = state.release(wanted) {
        return Ok(release.name.clone());
    }
    let of_commit: Vec<&Release> = state
        .releases
        .iter()
        .filter(|release| {
            let commit = release.commit.as_deref().unwrap_or_default();
            // Shorter than Git abbreviates it, it is no commit.
            wanted.len() >= 4 && commit.starts_with(wanted)
        })
        .collect();
    match of_commit.as_slice() {
        [] => Err(NoTarget::NoSuch(wanted.into())),
        [one] => Ok(one.name.clone()),
        several => Err(NoTarget::Ambiguous(
            several.iter().map(|release| release.name.clone()).collect(),
        )),
    }
}

/// Where a rollback leads by itself. A deploy goes back to what was validated when it began; where it has not
/// switched yet, that is what is live, and the way back is to start it. Outside any deploy the same is so of a chain of
/// tools, as far as their reports tell.
pub(crate) fn target(
    state: &State,
    deploy: Option<&Deploy>,
    live: Option<&str>,
    link: &Link,
) -> Result<String, NoTarget> {
    let usable = |name: &&str| {
        state.release(name).is_some() && state.verdict(name) != Verdict::Bad && Some(*name) != live
    };
    if let Some(deploy) = deploy.filter(|deploy| deploy.moment_of.is_none()) {
        let switched = deploy.release.is_some() && deploy.release.as_deref() == live;
        if !switched && let Some(live) = live {
            return Ok(live.into());
        }
        if let Some(previous) = deploy.previous.as_deref().filter(usable) {
            return Ok(previous.into());
        }
    } else if let Some(live) = live {
        let is_good = state.verdict(live) == Verdict::Good;
        match link {
            Link::Left => return Ok(live.into()),
            Link::CutOff if is_good => return Ok(live.into()),
            Link::Switched { from, to } if to == live => {
                if let Some(from) = from.as_deref().filter(usable) {
                    return Ok(from.into());
                }
            }
            _ => {}
        }
    }
    state
        .rollback_target(live)
        .map(|release| release.name.clone())
        .ok_or(NoTarget::Nowhere)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn outside_a_deploy_the_chain_says_whether_anything_was_touched() {
        let swap = |upstream: Value| json!({"tool": "release-swap", "ok": true, "exit": 0, "changed": true, "upstream": upstream});
        let rows = [
            (
                json!({"tool": "release-stage", "ok": false, "exit": 1}),
                Some(Asked::PassOn),
            ),
            (
                json!({"tool": "preflight", "ok": false, "exit": 1}),
                Some(Asked::PassOn),
            ),
            (
                json!({"tool": "release-swap", "ok": false, "exit": 1}),
                Some(Asked::PassOn),
            ),
            (
                json!({"tool": "service-stop", "ok": false, "exit": 75}),
                Some(Asked::PassOn),
            ),
            (
                json!({"tool": "service-stop", "ok": false, "exit": 3}),
                None,
            ),
            (
                json!({"tool": "release-swap", "ok": false, "exit": 1,
                    "upstream": {"tool": "service-stop", "ok": true, "exit": 0}}),
                None,
            ),
            (
                json!({"tool": "service-start", "ok": false, "exit": 1, "upstream": swap(Value::Null)}),
                None,
            ),
            (
                json!({"tool": "healthwait", "ok": false, "exit": 124, "upstream": swap(Value::Null)}),
                None,
            ),
            (
                json!({"tool": "service-start", "ok": false, "exit": 2, "upstream": swap(Value::Null)}),
                None,
            ),
        ];
        for (report, expected) in rows {
            let found = asked(&report, None);
            match expected {
                Some(expected) => assert_eq!(found, expected, "{report}"),
                None => assert!(matches!(found, Asked::Act(_)), "{report}"),
            }
        }
    }

    #[test]
    fn outside_a_deploy_the_chain_says_where_the_link_was() {
        let stop = json!({"tool": "service-stop", "ok": true, "exit": 0});
        let swap = json!({"tool": "release-swap", "ok": true, "exit": 0, "changed": true, "from": "r2", "to": "r1"});
        let switched = Link::Switched {
            from: Some("r2".into()),
            to: "r1".into(),
        };
        let cut = json!({"code": "upstream-missing"});
        let rows = [
            (
                json!({"tool": "service-stop", "ok": false, "exit": 3}),
                Link::Left,
                "r3",
            ),
            (
                json!({"tool": "release-swap", "ok": false, "exit": 1, "upstream": stop}),
                Link::Left,
                "r3",
            ),
            (
                json!({"tool": "service-start", "ok": false, "exit": 1, "upstream": swap}),
                switched,
                "r2",
            ),
            (
                json!({"tool": "service-start", "ok": false, "exit": 3, "error": cut}),
                Link::CutOff,
                "r3",
            ),
            (
                json!({"tool": "healthwait", "ok": false, "exit": 124}),
                Link::Untold,
                "r2",
            ),
        ];
        let mut state = State::first();
        for name in ["r1", "r2", "r3"] {
            state.add_release(name, None);
        }
        for release in &mut state.releases {
            release.verdict = Verdict::Good;
        }
        for (report, expected, to) in rows {
            let found = link(&report);
            assert_eq!(found, expected, "{report}");
            let live = if to == "r2" && found != Link::Untold {
                "r1"
            } else {
                "r3"
            };
            assert_eq!(
                target(&state, None, Some(live), &found),
                Ok(to.into()),
                "{report}"
            );
        }
        let unknown = state.add_release("r4", None);
        assert_eq!(unknown, 4);
        assert_eq!(
            target(&state, None, Some("r4"), &Link::CutOff),
            Ok("r3".into())
        );
    }

    #[test]
    fn what_died_without_a_word_may_have_touched_anything_but_before_a_stop() {
        let cut = |tool: &str| json!({"tool": tool, "ok": false, "exit": 3, "error": {"code": "upstream-missing"}});
        for tool in ["release-stage", "service-stop"] {
            assert_eq!(asked(&cut(tool), None), Asked::PassOn, "{tool}");
        }
        for tool in ["release-swap", "service-start", "healthwait"] {
            assert!(matches!(asked(&cut(tool), None), Asked::Act(_)), "{tool}");
        }
    }

    #[test]
    fn a_signal_that_ends_a_whole_pipe_at_once_leaves_a_good_release_where_it_is() {
        let report = json!({"tool": "healthwait", "ok": false, "exit": 130,
            "error": {"code": "interrupted"}, "upstream": null});
        assert_eq!(link(&report), Link::CutOff);
        let mut state = State::first();
        for name in ["r1", "r2"] {
            state.add_release(name, None);
            let mark = state::Mark::Verdict(Verdict::Good);
            state.mark(name, mark).unwrap();
        }
        let to = target(&state, None, Some("r2"), &link(&report));
        assert_eq!(to, Ok("r2".into()));
    }

    #[test]
    fn a_person_may_name_a_release_or_a_commit() {
        let mut state = State::first();
        state.add_release("r1", Some("abcdef12".into()));
        state.add_release("r2", Some("abcd9999".into()));
        assert_eq!(named(&state, "r1"), Ok("r1".into()));
        assert_eq!(named(&state, "abcdef"), Ok("r1".into()));
        assert!(matches!(named(&state, "abcd"), Err(NoTarget::Ambiguous(_))));
        assert_eq!(named(&state, "abc"), Err(NoTarget::NoSuch("abc".into())));
    }
}
