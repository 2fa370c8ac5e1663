//! The disk refuses to make sure: strace makes one chosen call fail.

use crate::scratch::{Scratch, alone, left_out, names, passes, role, with_role};
use durable::Staging;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs the test again in a directory with something old in it, where the `occurrence`-th `call` fails.
fn refusing(test: &str, call: &str, occurrence: u32) {
    let possible = Command::new("strace")
        .args(["-qq", "-e", "trace=none", "true"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !possible {
        return left_out(test, "strace is missing or not allowed here");
    }
    let scratch = Scratch::new();
    fs::write(scratch.join("state"), "old").unwrap();
    fs::write(scratch.join("history"), "one\n").unwrap();
    std::os::unix::fs::symlink("releases/1", scratch.join("current")).unwrap();
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e"]);
    command.args([format!("trace={call}"), "-e".into()]);
    command.arg(format!("inject={call}:error=EIO:when={occurrence}"));
    command.args(alone(test));
    passes(with_role(command, scratch.path()));
}

/// What [`refusing`] prepared, and nothing else.
const PREPARED: [&str; 3] = ["current", "history", "state"];

#[test]
fn of_the_content_leaves_the_old_file() {
    let Some(directory) = role() else {
        return refusing(
            "failed_sync::of_the_content_leaves_the_old_file",
            "fsync",
            1,
        );
    };
    let state = directory.join("state");
    let error = durable::replace(&state, b"new", 0o600).unwrap_err();
    assert!(!error.took_effect);
    assert!(
        error.to_string().ends_with(": Input/output error"),
        "{error}"
    );
    assert_eq!(fs::read(&state).unwrap(), b"old");
    assert_eq!(names(&directory), PREPARED);
    durable::replace(&state, b"new", 0o600).unwrap();
}

#[test]
fn of_the_name_says_that_the_new_file_is_there() {
    let Some(directory) = role() else {
        let test = "failed_sync::of_the_name_says_that_the_new_file_is_there";
        return refusing(test, "fsync", 2);
    };
    let state = directory.join("state");
    let error = durable::replace(&state, b"new", 0o600).unwrap_err();
    assert!(error.took_effect);
    assert!(error.to_string().contains("a power cut may still undo it"));
    assert_eq!(fs::read(&state).unwrap(), b"new");
    assert_eq!(names(&directory), PREPARED);
}

#[test]
fn of_the_switch_says_where_the_link_is() {
    let Some(directory) = role() else {
        return refusing(
            "failed_sync::of_the_switch_says_where_the_link_is",
            "fsync",
            1,
        );
    };
    let link = directory.join("current");
    let error = durable::switch(&link, "releases/2").unwrap_err();
    assert!(error.took_effect);
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("releases/2"));
    assert_eq!(names(&directory), PREPARED);
}

#[test]
fn of_a_line_takes_the_line_back() {
    let Some(directory) = role() else {
        return refusing("failed_sync::of_a_line_takes_the_line_back", "fdatasync", 1);
    };
    let history = directory.join("history");
    let error = durable::append(&history, b"two", 0o600).unwrap_err();
    assert!(!error.took_effect);
    assert_eq!(fs::read(&history).unwrap(), b"one\n");
}

#[test]
fn of_a_release_publishes_nothing() {
    let Some(directory) = role() else {
        return refusing("failed_sync::of_a_release_publishes_nothing", "syncfs", 1);
    };
    let staging = Staging::create(&directory, 0o755).unwrap();
    let error = staging.publish(directory.join("release")).unwrap_err();
    assert!(!error.took_effect);
    assert_eq!(names(&directory), PREPARED);
}

#[test]
fn of_a_published_name_does_not_take_the_release_away() {
    let Some(directory) = role() else {
        let test = "failed_sync::of_a_published_name_does_not_take_the_release_away";
        return refusing(test, "fsync", 1);
    };
    let staging = Staging::create(&directory, 0o755).unwrap();
    fs::write(staging.path().join("file"), "x").unwrap();
    let error = staging.publish(directory.join("release")).unwrap_err();
    assert!(error.took_effect);
    assert_eq!(names(&directory.join("release")), ["file"]);
}

#[test]
fn of_a_removal_removes_nothing() {
    let Some(directory) = role() else {
        return refusing("failed_sync::of_a_removal_removes_nothing", "fsync", 1);
    };
    let tree = directory.join("tree");
    fs::create_dir(&tree).unwrap();
    fs::write(tree.join("file"), "x").unwrap();
    durable::remove_tree(&tree).unwrap_err();
    // The old name may come back after a power cut, so it must come back whole.
    let left = durable::leftovers(&directory).unwrap();
    assert_eq!(names(&left[0].path), ["file"]);
}
