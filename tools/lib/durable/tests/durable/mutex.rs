//! One at a time.

use crate::scratch::{Scratch, again, mode};
use deadline::{Deadline, Ended};
use durable::{Mutex, MutexError};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

#[test]
fn never_two_at_once() {
    let scratch = Scratch::new();
    let lock = scratch.join("lock");
    let (inside, turns) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let _mutex = Mutex::acquire(&lock, 0o640, &Deadline::never()).unwrap();
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    thread::yield_now();
                    turns.fetch_add(1, Ordering::SeqCst);
                    inside.fetch_sub(1, Ordering::SeqCst);
                }
            });
        }
    });
    assert_eq!(turns.into_inner(), 160);
    assert_eq!(mode(&lock), 0o640);
}

#[test]
fn a_passed_deadline_still_looks_once_and_no_more() {
    let scratch = Scratch::new();
    let lock = scratch.join("lock");
    let passed = Deadline::after(Duration::ZERO);
    let mutex = Mutex::acquire(&lock, 0o600, &passed).unwrap();
    let refused = Mutex::acquire(&lock, 0o600, &passed).unwrap_err();
    assert!(
        matches!(refused, MutexError::Ended(Ended::Passed)),
        "{refused}"
    );
    drop(mutex);
    Mutex::acquire(&lock, 0o600, &passed).unwrap();
}

#[test]
fn the_dead_hold_nothing_and_children_inherit_nothing() {
    if let Some(directory) = crate::scratch::role() {
        let _mutex = Mutex::acquire(directory.join("lock"), 0o600, &Deadline::never()).unwrap();
        // This child tells that the lock is held, and outlives its killed parent until the test lets go of its stdin.
        let mut child = Command::new("sh")
            .args(["-c", "echo held; exec cat >/dev/null"])
            .spawn()
            .unwrap();
        child.wait().unwrap();
        return;
    }
    let scratch = Scratch::new();
    let test = "mutex::the_dead_hold_nothing_and_children_inherit_nothing";
    let mut holder = again(test, scratch.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let _keeps_the_child = holder.stdin.take().unwrap();
    let lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    assert!(
        lines
            .map_while(Result::ok)
            .any(|line| line.contains("held"))
    );
    let passed = Deadline::after(Duration::ZERO);
    let lock = scratch.join("lock");
    assert!(Mutex::acquire(&lock, 0o600, &passed).is_err());
    holder.kill().unwrap();
    holder.wait().unwrap();
    Mutex::acquire(&lock, 0o600, &passed).unwrap();
}

#[test]
fn a_lock_file_removed_by_hand_lets_nobody_in_beside_the_next_holder() {
    let scratch = Scratch::new();
    let lock = scratch.join("lock");
    let passed = Deadline::after(Duration::ZERO);
    let _lost = Mutex::acquire(&lock, 0o600, &passed).unwrap();
    fs::remove_file(&lock).unwrap();
    let _held = Mutex::acquire(&lock, 0o600, &passed).unwrap();
    assert!(lock.exists());
    assert!(Mutex::acquire(&lock, 0o600, &passed).is_err());
}

#[test]
fn only_a_regular_file_is_a_lock() {
    let scratch = Scratch::new();
    fs::write(scratch.join("other"), "").unwrap();
    symlink("other", scratch.join("link")).unwrap();
    symlink("missing", scratch.join("dangling")).unwrap();
    mkfifo(&scratch.join("fifo"), Mode::S_IRWXU).unwrap();
    fs::create_dir(scratch.join("directory")).unwrap();
    for name in ["link", "dangling", "fifo", "directory", "missing/lock"] {
        let refused = Mutex::acquire(scratch.join(name), 0o600, &Deadline::never());
        assert!(matches!(refused, Err(MutexError::File(_))), "{name}");
    }
    assert!(!scratch.join("missing").exists());
}
