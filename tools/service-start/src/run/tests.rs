#![allow(clippy::unwrap_used)]

use super::*;
use deadline::Deadline;
use service::{Service, Setting};
use std::time::Duration;

/// One look at a service in that state.
fn seen(active: Active, invocation: Option<&str>, restarts: u64) -> Status {
    let setting = Setting {
        root: "/nonexistent".into(),
        current: "/nonexistent/current".into(),
        start: None,
    };
    let service = Service::parse("process:never", &setting).unwrap();
    let mut status = service
        .status(&Deadline::after(Duration::from_secs(30)))
        .unwrap();
    status.active = active;
    status.substate = "x".into();
    status.invocation = invocation.map(str::to_owned);
    status.restarts = Some(restarts);
    status
}

fn ended(progress: &Progress) -> bool {
    matches!(progress, Progress::Ended(_))
}

#[test]
fn a_start_that_the_supervisor_has_not_begun_yet_is_no_failure() {
    let mut run = Run::after(&seen(Active::Stopped, Some("old"), 0));
    assert_eq!(
        run.observe(&seen(Active::Stopped, Some("old"), 0)),
        Progress::Pending
    );
    assert_eq!(
        run.observe(&seen(Active::Starting, Some("new"), 0)),
        Progress::Coming
    );
    assert_eq!(
        run.observe(&seen(Active::Running, Some("new"), 0)),
        Progress::Up
    );
    assert!(ended(&run.observe(&seen(Active::Stopped, Some("new"), 0))));
}

#[test]
fn one_that_is_over_before_it_was_ever_seen_running_has_ended() {
    let mut run = Run::after(&seen(Active::Stopped, Some("old"), 0));
    assert!(ended(&run.observe(&seen(Active::Failed, Some("new"), 0))));
    let mut status = seen(Active::Stopped, Some("new"), 0);
    status.exit_status = Some(0);
    let Progress::Ended(how) = Run::after(&seen(Active::Stopped, None, 0)).observe(&status) else {
        panic!("it has ended");
    };
    assert!(how.contains("status 0"), "{how}");
}

#[test]
fn a_crash_that_the_supervisor_hides_by_a_restart_is_seen() {
    let before = seen(Active::Stopped, Some("old"), 0);
    let mut run = Run::after(&before);
    assert!(ended(&run.observe(&seen(
        Active::Restarting,
        Some("new"),
        0
    ))));
    let mut run = Run::after(&before);
    assert!(ended(&run.observe(&seen(
        Active::Running,
        Some("newer"),
        1
    ))));
    let mut run = Run::after(&before);
    run.observe(&seen(Active::Running, Some("new"), 0));
    assert!(ended(&run.observe(&seen(
        Active::Running,
        Some("newer"),
        0
    ))));
}

#[test]
fn restarts_of_old_do_not_count() {
    let mut run = Run::after(&seen(Active::Failed, Some("old"), 7));
    assert_eq!(
        run.observe(&seen(Active::Running, Some("new"), 7)),
        Progress::Up
    );
    let mut run = Run::that(&seen(Active::Running, Some("same"), 7));
    assert_eq!(
        run.observe(&seen(Active::Running, Some("same"), 7)),
        Progress::Up
    );
    assert!(ended(&run.observe(&seen(
        Active::Running,
        Some("other"),
        7
    ))));
}

#[test]
fn the_run_that_a_restart_replaces_is_not_taken_for_the_new_one() {
    let mut run = Run::after(&seen(Active::Running, Some("old"), 1));
    for (active, invocation, progress) in [
        (Active::Running, "old", Progress::Coming),
        (Active::Stopping, "old", Progress::Coming),
        (Active::Stopped, "old", Progress::Pending),
        (Active::Starting, "new", Progress::Coming),
        (Active::Running, "new", Progress::Up),
    ] {
        assert_eq!(
            run.observe(&seen(active, Some(invocation), 0)),
            progress,
            "{active:?}"
        );
    }
}

#[test]
fn a_start_limit_is_the_end() {
    let mut run = Run::after(&seen(Active::Stopped, Some("old"), 0));
    let mut status = seen(Active::Failed, Some("old"), 0);
    status.start_limit_hit = true;
    let Progress::Ended(how) = run.observe(&status) else {
        panic!("it has ended");
    };
    assert!(how.contains("too often"), "{how}");
}
