//! Chains of reports as they come.
#![allow(clippy::unwrap_used)]

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
            target(&state, None, Some(live), &found, &[]),
            Ok(to.into()),
            "{report}"
        );
    }
    let unknown = state.add_release("r4", None);
    assert_eq!(unknown, 4);
    assert_eq!(
        target(&state, None, Some("r4"), &Link::CutOff, &[]),
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
    let to = target(&state, None, Some("r2"), &link(&report), &[]);
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

#[test]
fn a_release_that_is_passed_over_is_gone_to_by_no_way() {
    let mut state = State::first();
    for name in ["r1", "r2", "r3"] {
        state.add_release(name, None);
        let mark = state::Mark::Verdict(Verdict::Good);
        state.mark(name, mark).unwrap();
    }
    let from_r2 = Link::Switched {
        from: Some("r2".into()),
        to: "r3".into(),
    };
    let to = |link: &Link, passed: &[&str]| target(&state, None, Some("r3"), link, passed);
    assert_eq!(to(&from_r2, &["r2"]), Ok("r1".into()));
    assert_eq!(to(&Link::Left, &["r3"]), Ok("r2".into()));
    assert_eq!(to(&Link::CutOff, &["r3", "r2"]), Ok("r1".into()));
    assert_eq!(to(&Link::Untold, &["r2", "r1"]), Err(NoTarget::Nowhere));
}
