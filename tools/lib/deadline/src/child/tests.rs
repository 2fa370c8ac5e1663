#![allow(clippy::unwrap_used)]

use super::*;
use std::sync::{Arc, Mutex};

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[test]
fn what_a_child_says_and_how_it_ends_are_told() {
    let finished = run(
        shell("cat; echo oops >&2; exit 7"),
        Options {
            input: Some(b"hello".to_vec()),
            ..Options::default()
        },
        &Deadline::after(Duration::from_secs(60)),
    )
    .unwrap();
    assert_eq!(finished.status.code(), Some(7));
    assert_eq!(finished.stdout_text(), "hello");
    assert_eq!(finished.tail(5), "oops");
}

#[test]
fn a_child_that_hangs_dies_with_a_grandchild_that_left_its_group() {
    let mark = format!("/tmp/deadline-grandchild-{}", std::process::id());
    // The grandchild is in a session of its own, and would write the file if it lived on.
    let script = format!("setsid sh -c 'echo $$ > {mark}; sleep 600' & sleep 600");
    let error = run(
        shell(&script),
        Options::default(),
        &Deadline::after(Duration::from_millis(500)),
    )
    .unwrap_err();
    assert!(matches!(error, ChildError::TimedOut { .. }));
    let pid = std::fs::read_to_string(&mark).unwrap();
    std::fs::remove_file(&mark).unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    assert!(
        stat.is_empty() || stat.contains(") Z "),
        "the grandchild lives on: {stat}"
    );
}

#[test]
fn a_missing_program_is_told_from_one_that_cannot_start() {
    let deadline = Deadline::after(Duration::from_secs(60));
    let missing = run(
        Command::new("no-such-program-here"),
        Options::default(),
        &deadline,
    );
    assert!(
        matches!(missing, Err(ChildError::NotFound { program }) if program == "no-such-program-here")
    );
    let refused = run(Command::new("/etc/passwd"), Options::default(), &deadline);
    assert!(matches!(refused, Err(ChildError::Start { .. })));
}

#[test]
fn a_daemon_left_behind_does_not_hold_up_the_answer() {
    let finished = run(
        shell("sleep 5 & echo done"),
        Options::default(),
        &Deadline::after(Duration::from_secs(60)),
    )
    .unwrap();
    assert_eq!(finished.stdout_text(), "done\n");
}

#[test]
fn lines_are_shown_as_they_come_and_only_the_end_is_kept() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let finished = run(
        shell("printf 'one\\ntwo\\nthree' >&2; head -c 3000000 /dev/zero"),
        Options {
            stderr_lines: Some(Box::new(move |line| {
                sink.lock().unwrap().push(line.to_owned());
            })),
            ..Options::default()
        },
        &Deadline::after(Duration::from_secs(60)),
    )
    .unwrap();
    assert_eq!(*seen.lock().unwrap(), ["one", "two", "three"]);
    assert_eq!(finished.stdout.len(), 1024 * 1024);
}
