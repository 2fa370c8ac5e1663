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
    assert_eq!(finished.tail(5), "oops");
    assert_eq!(finished.answer().unwrap().stdout_text(), "hello");
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
    // More than a pipe holds, and some of it after the daemon has begun.
    let answer = ask(
        shell("sleep 600 & echo $!; head -c 200000 /dev/zero; echo done"),
        Options::default(),
        &Deadline::after(Duration::from_secs(60)),
    )
    .unwrap();
    let said = answer.stdout_text();
    let (daemon, rest) = said.split_once('\n').unwrap();
    let daemon = nix::unistd::Pid::from_raw(daemon.parse().unwrap());
    nix::sys::signal::kill(daemon, nix::sys::signal::Signal::SIGKILL).unwrap();
    assert_eq!(rest.len(), 200_005);
    assert!(rest.ends_with("\0done\n"));
}

#[test]
fn an_answer_of_which_something_is_missing_is_none() {
    let deadline = Deadline::after(Duration::from_secs(60));
    let answer = |bytes: usize, kept: Option<usize>| {
        let options = Options {
            kept,
            ..Options::default()
        };
        let script = format!("echo '['; head -c {bytes} /dev/zero | tr '\\0' ' '; echo ']'");
        ask(shell(&script), options, &deadline)
    };
    // The last mebibyte of this is JSON as well, and another answer.
    let long = answer(3_000_000, None).unwrap();
    assert_eq!(long.stdout().len(), 3_000_004);
    let cut = answer(3_000_000, Some(2_000_000)).unwrap_err();
    assert!(matches!(cut, ChildError::Cut { .. }), "{cut}");
    assert!(cut.to_string().contains("longer than 1 MiB"), "{cut}");
    assert!(answer(2_000_000 - 4, Some(2_000_000)).is_ok());
    let tail = run(
        shell("head -c 3000000 /dev/zero"),
        Options::default(),
        &deadline,
    );
    assert!(tail.unwrap().answer().is_none());
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
    assert_eq!(finished.stdout.bytes.len(), 1024 * 1024);
}
