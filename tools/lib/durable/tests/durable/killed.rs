//! Killed at any moment: the old or the new, and nothing between.

use crate::scratch::{Scratch, again, names, role};
use deadline::Deadline;
use durable::{Mutex, leftovers};
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

/// Long enough that many kills come in the middle of writing it.
const LENGTH: usize = 300_000;

/// Changes everything again and again, until it is killed.
fn churn(directory: &Path) {
    for letter in (b'a'..=b'z').cycle() {
        let mutex = Mutex::acquire(directory.join("lock"), 0o600, &Deadline::never()).unwrap();
        durable::replace(directory.join("state"), &vec![letter; LENGTH], 0o600).unwrap();
        durable::append(directory.join("history"), &vec![letter; 5_000], 0o600).unwrap();
        durable::switch(directory.join("current"), format!("releases/{letter}")).unwrap();
        drop(mutex);
        let staging = durable::Staging::create(directory, 0o755).unwrap();
        for file in 0..20 {
            fs::write(staging.path().join(file.to_string()), "x").unwrap();
        }
        let release = directory.join("release");
        staging.publish(&release).unwrap();
        durable::remove_tree(&release).unwrap();
    }
}

#[test]
fn at_any_moment_everything_is_old_or_new() {
    if let Some(directory) = role() {
        return churn(&directory);
    }
    let scratch = Scratch::new();
    for round in 0..40_u64 {
        let mut churning = again(
            "killed::at_any_moment_everything_is_old_or_new",
            scratch.path(),
        )
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
        // Any moment must do: the differing waits only spread them.
        thread::sleep(Duration::from_micros(3_000 + round * 1_711));
        churning.kill().unwrap();
        churning.wait().unwrap();
        inspect(scratch.path());
    }
    assert!(
        scratch.join("current").is_symlink(),
        "it was always killed too early"
    );
}

/// What the next command does: it takes the lock at once, clears up, and finds everything whole.
fn inspect(directory: &Path) {
    let passed = Deadline::after(Duration::ZERO);
    let _mutex = Mutex::acquire(directory.join("lock"), 0o600, &passed).unwrap();
    for leftover in leftovers(directory).unwrap() {
        assert!(!leftover.in_use, "{leftover:?}");
        leftover.remove().unwrap();
    }
    if let Ok(state) = fs::read(directory.join("state")) {
        assert_eq!(state.len(), LENGTH);
        assert!(state.iter().all(|byte| *byte == state[0]));
    }
    if let Ok(history) = fs::read(directory.join("history")) {
        for line in durable::intact(&history).split_inclusive(|byte| *byte == b'\n') {
            assert_eq!(line.len(), 5_001);
            assert!(line[..5_000].iter().all(|byte| *byte == line[0]));
        }
    }
    let release = directory.join("release");
    if release.exists() {
        assert_eq!(
            names(&release).len(),
            20,
            "half a directory under its own name"
        );
        durable::remove_tree(&release).unwrap();
    }
    let known = ["current", "history", "lock", "state"];
    let left = names(directory);
    assert!(
        left.iter().all(|name| known.contains(&name.as_str())),
        "{left:?}"
    );
}
