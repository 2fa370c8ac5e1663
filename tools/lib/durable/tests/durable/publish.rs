//! Directories, made and published.

use crate::scratch::{Scratch, mode, names};
use durable::Staging;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;

#[test]
fn a_finished_directory_gets_its_name_and_keeps_its_mode() {
    let scratch = Scratch::new();
    let staging = Staging::create(scratch.path(), 0o755).unwrap();
    assert_eq!(mode(staging.path()), 0o755);
    fs::write(staging.path().join("file"), "x").unwrap();
    staging.publish(scratch.join("1")).unwrap();
    assert_eq!(names(scratch.path()), ["1"]);
    assert_eq!(names(&scratch.join("1")), ["file"]);
    // Nothing of the staging is held any more: it can be removed.
    durable::remove_tree(scratch.join("1")).unwrap();
}

#[test]
fn nothing_that_bears_the_name_already_is_replaced() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.join("empty")).unwrap();
    fs::write(scratch.join("file"), "x").unwrap();
    symlink("missing", scratch.join("dangling")).unwrap();
    let before = names(scratch.path());
    for name in ["empty", "file", "dangling"] {
        let staging = Staging::create(scratch.path(), 0o755).unwrap();
        fs::write(staging.path().join("file"), "x").unwrap();
        let error = staging.publish(scratch.join(name)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{name}");
        assert!(!error.took_effect);
    }
    assert_eq!(names(scratch.path()), before);
    assert!(names(&scratch.join("empty")).is_empty());
}

#[test]
fn only_a_directory_is_published() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.join("directory")).unwrap();
    symlink("directory", scratch.join("link")).unwrap();
    fs::write(scratch.join("file"), "x").unwrap();
    for name in ["link", "file", "missing"] {
        assert!(
            durable::publish(scratch.join(name), scratch.join("1")).is_err(),
            "{name}"
        );
    }
    assert!(!scratch.join("1").exists());
    fs::create_dir(scratch.join("elsewhere")).unwrap();
    durable::publish(scratch.join("directory"), scratch.join("elsewhere/1")).unwrap();
    assert!(scratch.join("elsewhere/1").is_dir());
}

#[test]
fn what_was_not_published_goes_with_the_value() {
    let scratch = Scratch::new();
    {
        let staging = Staging::create(scratch.path(), 0o755).unwrap();
        fs::create_dir_all(staging.path().join("a/b")).unwrap();
        fs::write(staging.path().join("a/b/file"), vec![1; 100_000]).unwrap();
    }
    assert!(names(scratch.path()).is_empty());
    let staging = Staging::create(scratch.path(), 0o700).unwrap();
    fs::write(staging.path().join("file"), vec![1; 100_000]).unwrap();
    assert!(staging.discard().unwrap() >= 100_000);
    assert!(names(scratch.path()).is_empty());
}

#[test]
fn every_directory_on_the_way_is_made_with_the_mode() {
    let scratch = Scratch::new();
    assert!(durable::create_directory(scratch.join("a/b/c"), 0o751).unwrap());
    for path in ["a", "a/b", "a/b/c"] {
        assert_eq!(mode(&scratch.join(path)), 0o751);
    }
    assert!(!durable::create_directory(scratch.join("a/b/c"), 0o700).unwrap());
    assert_eq!(mode(&scratch.join("a/b/c")), 0o751);
    assert!(!durable::create_directory("/", 0o700).unwrap());
    symlink("a", scratch.join("link")).unwrap();
    assert!(!durable::create_directory(scratch.join("link"), 0o700).unwrap());
    assert!(durable::create_directory(scratch.join("link/new"), 0o700).unwrap());
    fs::write(scratch.join("file"), "x").unwrap();
    assert!(durable::create_directory(scratch.join("file"), 0o700).is_err());
    assert!(durable::create_directory(scratch.join("file/x"), 0o700).is_err());
}
