use super::*;

fn begin(id: &str, live: Option<&str>) -> Begin {
    Begin {
        id: id.into(),
        at: SystemTime::UNIX_EPOCH,
        by: "me".into(),
        owner: None,
        moment_of: None,
        live: live.map(str::to_owned),
        release: None,
        commit: None,
    }
}

const PROBATION: Duration = Duration::from_secs(600);

/// A state after `old` has been deployed well.
fn with_good(old: &str) -> State {
    let mut state = State::first();
    state.add_release(old, None);
    deploy(&mut state, "d0", None, old, Outcome::Succeeded);
    state
}

fn swap(state: &mut State, id: &str, from: Option<&str>, to: &str) {
    let intent = Intent {
        action: "swap".into(),
        from: from.map(str::to_owned),
        to: to.into(),
    };
    state.intend(id, intent, Switch::default()).unwrap();
    state.switched(id).unwrap();
}

fn deploy(state: &mut State, id: &str, from: Option<&str>, to: &str, outcome: Outcome) {
    state.begin(begin(id, from));
    state.staged(to, Some(&format!("commit-of-{to}")));
    state.enter(id, Phase::Restart).unwrap();
    swap(state, id, from, to);
    state
        .end(id, outcome, None, SystemTime::UNIX_EPOCH, PROBATION)
        .unwrap();
}

#[test]
fn a_deploy_that_goes_well_makes_its_release_good_and_watches_it() {
    let mut state = with_good("r1");
    deploy(&mut state, "d1", Some("r1"), "r2", Outcome::Succeeded);
    assert_eq!(state.status, Status::Idle);
    assert_eq!(state.live.as_deref(), Some("r2"));
    assert_eq!(state.verdict("r2"), Verdict::Good);
    assert!(state.on_watch(SystemTime::UNIX_EPOCH));
    assert!(!state.on_watch(SystemTime::UNIX_EPOCH + PROBATION));
}

#[test]
fn a_rolled_back_release_is_bad_and_the_one_before_is_live() {
    let mut state = with_good("r1");
    state.begin(begin("d1", Some("r1")));
    state.staged("r2", None);
    state.enter("d1", Phase::Restart).unwrap();
    swap(&mut state, "d1", Some("r1"), "r2");
    state.roll_back("d1", "r1", "unhealthy", true).unwrap();
    assert_eq!(state.rollbacks_tried, 1);
    assert!(!state.on_watch(SystemTime::UNIX_EPOCH));
    state.switched("d1").unwrap();
    state
        .end(
            "d1",
            Outcome::RolledBack,
            None,
            SystemTime::UNIX_EPOCH,
            PROBATION,
        )
        .unwrap();
    assert_eq!(state.live.as_deref(), Some("r1"));
    assert_eq!(state.verdict("r2"), Verdict::Bad);
    assert_eq!(state.verdict("r1"), Verdict::Good);
    assert!(!state.on_watch(SystemTime::UNIX_EPOCH));
}

#[test]
fn going_forward_from_a_release_says_nothing_against_it() {
    let mut state = with_good("r1");
    deploy(&mut state, "d1", Some("r1"), "r2", Outcome::Succeeded);
    for (id, from, to, verdict) in [
        ("b1", "r2", "r1", Verdict::Bad),
        ("b2", "r1", "r2", Verdict::Good),
    ] {
        let mut moment = begin(id, Some(from));
        moment.moment_of = Some("rollback".into());
        state.begin(moment);
        state.roll_back(id, to, "by hand", false).unwrap();
        state.switched(id).unwrap();
        state
            .end(
                id,
                Outcome::RolledBack,
                None,
                SystemTime::UNIX_EPOCH,
                PROBATION,
            )
            .unwrap();
        assert_eq!(state.verdict(from), verdict, "{from} -> {to}");
    }
}

#[test]
fn a_deploy_aborted_before_the_switch_changes_no_verdict_and_keeps_the_watch() {
    let mut state = with_good("r1");
    let watched = state.probation_until;
    state.begin(begin("d1", Some("r1")));
    state.staged("r2", None);
    state
        .end(
            "d1",
            Outcome::Aborted,
            None,
            SystemTime::UNIX_EPOCH,
            PROBATION,
        )
        .unwrap();
    assert_eq!(state.verdict("r2"), Verdict::Unknown);
    assert_eq!(state.live.as_deref(), Some("r1"));
    assert_eq!(state.probation_until, watched);
}

#[test]
fn a_release_that_went_live_and_was_never_validated_is_watched() {
    let mut state = with_good("r1");
    deploy(&mut state, "d1", Some("r1"), "r2", Outcome::Aborted);
    assert_eq!(state.live.as_deref(), Some("r2"));
    assert_eq!(state.verdict("r2"), Verdict::Unknown);
    assert!(state.on_watch(SystemTime::UNIX_EPOCH));
}

#[test]
fn the_commits_before_and_after_are_those_of_the_validated_and_the_new_release() {
    let mut state = with_good("r1");
    deploy(&mut state, "d1", Some("r1"), "r2", Outcome::Aborted);
    state.begin(begin("d2", Some("r2")));
    state.staged("r3", Some("new"));
    let deploy = state.deploy().unwrap();
    assert_eq!(
        deploy.previous.as_deref(),
        Some("r1"),
        "r2 was never validated"
    );
    assert_eq!(deploy.previous_commit.as_deref(), Some("commit-of-r1"));
    assert_eq!(deploy.current_commit.as_deref(), Some("new"));
}

#[test]
fn without_the_lease_nothing_changes() {
    let mut state = with_good("r1");
    state.begin(begin("d1", Some("r1")));
    let before = state.clone();
    let intent = Intent {
        action: "swap".into(),
        from: None,
        to: "r1".into(),
    };
    assert!(state.enter("d0", Phase::Build).is_err());
    assert!(state.intend("d0", intent, Switch::default()).is_err());
    assert!(state.switched("d0").is_err());
    assert!(state.roll_back("d0", "r1", "", true).is_err());
    let ended = state.end(
        "d0",
        Outcome::Failed,
        None,
        SystemTime::UNIX_EPOCH,
        PROBATION,
    );
    assert_eq!(
        ended,
        Err(Refused::LeaseLost {
            id: "d0".into(),
            holder: Some("d1".into())
        })
    );
    assert_eq!(state, before);
}

#[test]
fn phases_go_forward_only_and_restart_is_where_validating_begins() {
    let mut state = with_good("r1");
    state.begin(begin("d1", Some("r1")));
    assert!(state.enter("d1", Phase::Build).unwrap().is_some());
    assert!(state.enter("d1", Phase::Build).unwrap().is_none());
    assert!(state.enter("d1", Phase::PreFlight).is_err());
    assert_eq!(state.status.name(), "deploying");
    state.enter("d1", Phase::Restart).unwrap();
    assert_eq!(state.status.name(), "validating");
}

#[test]
fn a_tools_own_moment_gives_no_verdict() {
    let mut state = with_good("r1");
    state.add_release("r2", None);
    state.begin(Begin {
        moment_of: Some("release-swap".into()),
        ..begin("m1", Some("r1"))
    });
    swap(&mut state, "m1", Some("r1"), "r2");
    state.leave("m1", None).unwrap();
    assert_eq!(state.live.as_deref(), Some("r2"));
    assert_eq!(state.verdict("r2"), Verdict::Unknown);
}

#[test]
fn a_deploy_of_what_is_live_is_that_releases_and_no_failure_is_held_against_it() {
    for (outcome, verdict) in [
        (Outcome::Succeeded, Verdict::Good),
        (Outcome::Failed, Verdict::Good),
        (Outcome::Aborted, Verdict::Good),
    ] {
        let mut state = with_good("r1");
        let watched = state.probation_until;
        state.begin(begin("d1", Some("r1")));
        state.enter("d1", Phase::Restart).unwrap();
        assert!(state.stays("d1", "r1").unwrap().is_some());
        assert_eq!(state.stays("d1", "r1").unwrap(), None, "it is known");
        assert_eq!(state.deploy().unwrap().release, state.live);
        assert!(state.deploy().unwrap().brings_nothing());
        let at = SystemTime::UNIX_EPOCH;
        state.end("d1", outcome, None, at, PROBATION).unwrap();
        assert_eq!(state.verdict("r1"), verdict);
        assert_eq!(state.probation_until, watched);
    }
    // Switched to, it is brought, though it is the last one that was validated.
    let mut state = with_good("r1");
    state.add_release("r2", None);
    state.begin(begin("d1", Some("r2")));
    swap(&mut state, "d1", Some("r2"), "r1");
    assert!(!state.deploy().unwrap().brings_nothing());
}
