#![allow(clippy::unwrap_used)]
use super::*;

fn running() -> Seen {
    Seen {
        active: Active::Running,
        phrase: "running".into(),
        start_limit_hit: false,
        restarts: Some(0),
        restarts_by_order: false,
        memory: None,
        memory_before: None,
        memory_baseline: None,
        cpu: None,
        log_errors: None,
    }
}

fn is_hopeless(seen: &Seen, limits: &Limits) -> bool {
    matches!(judge(seen, limits), Judgement::Hopeless(_))
}

#[test]
fn a_service_that_runs_is_well() {
    assert_eq!(judge(&running(), &Limits::default()), Judgement::Well);
}

#[test]
fn what_may_still_come_is_waited_for() {
    for active in [Active::Starting, Active::Stopped, Active::Stopping] {
        let seen = Seen {
            active,
            ..running()
        };
        assert!(
            matches!(judge(&seen, &Limits::default()), Judgement::Unwell(_)),
            "{active:?}"
        );
    }
}

#[test]
fn a_crash_ends_the_wait_unless_it_is_borne() {
    let crashed = Seen {
        active: Active::Restarting,
        ..running()
    };
    assert!(is_hopeless(&crashed, &Limits::default()));
    let once = Limits {
        restarts: 1,
        ..Limits::default()
    };
    assert!(!is_hopeless(&crashed, &once));
    let again = Seen {
        restarts: Some(1),
        ..crashed
    };
    assert!(is_hopeless(&again, &once));
    let up_again = Seen {
        active: Active::Running,
        ..again
    };
    assert!(is_hopeless(&up_again, &Limits::default()));
    let said = |seen: &Seen| match judge(seen, &Limits::default()) {
        Judgement::Hopeless(why) => why.join("; "),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        said(&up_again),
        "it was restarted 1 time by itself since the switch; 0 at most is borne"
    );
    let by_pm2 = Seen {
        restarts_by_order: true,
        restarts: Some(2),
        ..up_again.clone()
    };
    assert!(
        said(&by_pm2).starts_with("it was restarted 2 times, by itself or by pm2 restart, since")
    );
    assert_eq!(judge(&up_again, &once), Judgement::Well);
}

#[test]
fn failed_and_given_up_are_hopeless() {
    let failed = Seen {
        active: Active::Failed,
        ..running()
    };
    assert!(is_hopeless(&failed, &Limits::default()));
    let limited = Seen {
        start_limit_hit: true,
        ..running()
    };
    assert!(is_hopeless(&limited, &Limits::default()));
}

#[test]
fn limits_are_borders_that_may_be_touched() {
    let limits = Limits {
        memory: Some(100),
        cpu: Some(50),
        log_errors: Some(2),
        ..Limits::default()
    };
    let at = Seen {
        memory: Some(100),
        cpu: Some(50.0),
        log_errors: Some(2),
        ..running()
    };
    assert_eq!(judge(&at, &limits), Judgement::Well);
    let memory = Seen {
        memory: Some(101),
        ..at.clone()
    };
    let cpu = Seen {
        cpu: Some(50.01),
        ..at.clone()
    };
    for beyond in [memory, cpu] {
        assert!(matches!(judge(&beyond, &limits), Judgement::Unwell(_)));
    }
    let errors = Seen {
        log_errors: Some(3),
        ..at
    };
    assert!(is_hopeless(&errors, &limits));
}

#[test]
fn a_share_of_a_core_needs_two_looks() {
    let limits = Limits {
        cpu: Some(50),
        ..Limits::default()
    };
    assert!(matches!(judge(&running(), &limits), Judgement::Unwell(_)));
}

#[test]
fn growth_is_bytes_or_a_share() {
    assert_eq!(Growth::parse("2K"), Ok(Growth::Bytes(2048)));
    assert_eq!(Growth::parse("20%"), Ok(Growth::Percent(20)));
    assert!(Growth::parse("20 %").is_err());
    assert!(Growth::parse("%").is_err());
    assert_eq!(Growth::Percent(20).limit(100), 120);
    let limits = Limits {
        memory_growth: Some(Growth::Bytes(10)),
        ..Limits::default()
    };
    let grown = Seen {
        memory: Some(111),
        memory_before: Some(100),
        ..running()
    };
    assert!(matches!(judge(&grown, &limits), Judgement::Unwell(_)));
    let against_the_run_before = Seen {
        memory_before: Some(111),
        memory_baseline: Some(100),
        ..grown
    };
    assert_eq!(memory(&against_the_run_before, &limits).len(), 1);
}

#[test]
fn a_watch_ends_at_once_for_memory_and_for_a_stop_and_not_for_a_restart_that_is_borne() {
    let limits = Limits {
        memory: Some(100),
        restarts: 1,
        cpu: Some(1),
        ..Limits::default()
    };
    let code = |seen: &Seen| judge_in_watch(seen, &limits).map(|(code, _)| code);
    assert_eq!(
        code(&running()),
        None,
        "processor time is judged over the whole"
    );
    let spike = Seen {
        memory: Some(101),
        ..running()
    };
    assert_eq!(code(&spike), Some("limit-exceeded"));
    for (active, expected) in [
        (Active::Stopped, Some("service-failed")),
        (Active::Failed, Some("service-failed")),
        (Active::Restarting, None),
        (Active::Starting, None),
        (Active::Stopping, None),
    ] {
        let seen = Seen {
            active,
            ..running()
        };
        assert_eq!(code(&seen), expected, "{active:?}");
    }
}
