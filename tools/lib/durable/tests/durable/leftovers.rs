//! What the dead leave behind.

use crate::scratch::{Scratch, again, names, role};
use durable::{Kind, Staging, leftovers};
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind};
use std::os::unix::fs::symlink;
use std::process::Stdio;

/// As the crate makes them, by a process that may or may not exist.
const TEMPORARY: &str = ".state.tmp-1-0123456789abcdef";
const LINK: &str = ".current.tmp-1-0123456789abcdef";
const REMOVING: &str = ".removing-1-0123456789abcdef";

#[test]
fn they_are_told_from_everything_else_and_removed() {
    let scratch = Scratch::new();
    assert_eq!(leftovers(scratch.join("missing")).unwrap(), []);
    for other in [".release.json", ".x.tmp-1", "current", ".git"] {
        fs::write(scratch.join(other), "").unwrap();
    }
    fs::create_dir(scratch.join("20261120-093000")).unwrap();
    let others = names(scratch.path());

    fs::write(scratch.join(TEMPORARY), vec![1; 50_000]).unwrap();
    symlink("20261120-093000", scratch.join(LINK)).unwrap();
    fs::create_dir_all(scratch.join(REMOVING).join("a/b")).unwrap();
    fs::write(scratch.join(".staging-"), "not even a directory").unwrap();
    let found = leftovers(scratch.path()).unwrap();
    let kinds: Vec<(Kind, Option<i32>, bool)> = found
        .iter()
        .map(|one| (one.kind, one.pid, one.in_use))
        .collect();
    assert_eq!(
        kinds,
        [
            (Kind::Temporary, Some(1), false),
            (Kind::Removing, Some(1), false),
            (Kind::Staging, None, false),
            (Kind::Temporary, Some(1), false),
        ]
    );
    let freed: u64 = found.iter().map(|one| one.remove().unwrap()).sum();
    assert!(freed >= 50_000);
    assert_eq!(names(scratch.path()), others);
    // Gone already is well.
    assert_eq!(found[0].remove().unwrap(), 0);
}

#[test]
fn one_whose_maker_lives_is_in_use_until_it_is_killed() {
    if let Some(directory) = role() {
        let staging = Staging::create(&directory, 0o755).unwrap();
        fs::write(staging.path().join("file"), "x").unwrap();
        announce(&staging);
        std::thread::park();
        return;
    }
    let scratch = Scratch::new();
    let test = "leftovers::one_whose_maker_lives_is_in_use_until_it_is_killed";
    let mut maker = again(test, scratch.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(maker.stdout.take().unwrap()).lines();
    assert!(
        lines
            .map_while(Result::ok)
            .any(|line| line.contains(".staging-"))
    );

    let found = leftovers(scratch.path()).unwrap();
    assert_eq!(found.len(), 1);
    assert!(found[0].in_use);
    assert_eq!(found[0].pid, i32::try_from(maker.id()).ok());
    assert_eq!(
        found[0].remove().unwrap_err().kind(),
        ErrorKind::ResourceBusy
    );
    assert!(found[0].path.join("file").exists());

    maker.kill().unwrap();
    maker.wait().unwrap();
    let found = leftovers(scratch.path()).unwrap();
    assert!(!found[0].in_use);
    found[0].remove().unwrap();
    assert!(names(scratch.path()).is_empty());
}

#[allow(clippy::print_stdout, reason = "the other process waits for this line")]
fn announce(staging: &Staging) {
    println!("{}", staging.path().display());
}
