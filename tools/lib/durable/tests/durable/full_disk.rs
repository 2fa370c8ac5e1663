//! No space left, and every limit like it.

use crate::scratch::{Scratch, again_after, again_with_mounts, names, passes, role};
use durable::Staging;
use std::fs;
use std::path::Path;

/// Each change is refused whole: the old content, no leftover; and works again once there is space.
fn everything_is_refused_whole(directory: &Path, is_full: bool, make_space: impl FnOnce()) {
    let (state, history) = (directory.join("state"), directory.join("history"));
    let before = names(directory);
    let large = vec![b'x'; 200_000];
    for _ in 0..3 {
        let error = durable::replace(&state, &large, 0o600).unwrap_err();
        assert_eq!(error.is_full(), is_full, "{error}");
        assert!(!error.took_effect);
        let error = durable::append(&history, &large, 0o600).unwrap_err();
        assert_eq!(error.is_full(), is_full, "{error}");
        assert_eq!(fs::read(&state).unwrap(), b"old");
        assert_eq!(fs::read(&history).unwrap(), b"one\n");
        assert_eq!(names(directory), before);
    }
    let staging = Staging::create(directory, 0o755).unwrap();
    fs::write(staging.path().join("file"), &large).unwrap_err();
    drop(staging);
    assert_eq!(names(directory), before);

    make_space();
    durable::replace(&state, b"new", 0o600).unwrap();
    durable::append(&history, b"two", 0o600).unwrap();
    assert_eq!(fs::read(&state).unwrap(), b"new");
    assert_eq!(fs::read(&history).unwrap(), b"one\ntwo\n");
}

fn old(directory: &Path) {
    durable::replace(directory.join("state"), b"old", 0o600).unwrap();
    durable::append(directory.join("history"), b"one", 0o600).unwrap();
}

#[test]
fn a_full_file_system() {
    let Some(directory) = role() else {
        let scratch = Scratch::new();
        let preparation = "mount -t tmpfs -o size=128k tmpfs \"$DURABLE_TEST_DIRECTORY\"";
        let test = "full_disk::a_full_file_system";
        return if let Some(command) = again_with_mounts(preparation, test, scratch.path()) {
            passes(command);
        };
    };
    old(&directory);
    let ballast = directory.join("ballast");
    fs::write(&ballast, vec![b'x'; 64 * 1024]).unwrap();
    everything_is_refused_whole(&directory, true, || fs::remove_file(&ballast).unwrap());
}

#[test]
fn a_file_system_without_inodes() {
    let Some(directory) = role() else {
        let scratch = Scratch::new();
        let preparation = "mount -t tmpfs -o nr_inodes=8 tmpfs \"$DURABLE_TEST_DIRECTORY\"";
        let test = "full_disk::a_file_system_without_inodes";
        return if let Some(command) = again_with_mounts(preparation, test, scratch.path()) {
            passes(command);
        };
    };
    let link = directory.join("current");
    durable::switch(&link, "releases/1").unwrap();
    old(&directory);
    let ballast = (0..).map(|number| directory.join(format!("ballast-{number}")));
    let ballast: Vec<_> = ballast
        .take_while(|path| fs::write(path, "").is_ok())
        .collect();
    let before = names(&directory);
    assert!(durable::switch(&link, "releases/2").unwrap_err().is_full());
    assert!(
        durable::replace(directory.join("state"), b"new", 0o600)
            .unwrap_err()
            .is_full()
    );
    assert!(Staging::create(&directory, 0o755).unwrap_err().is_full());
    assert!(
        durable::create_directory(directory.join("a/b"), 0o755)
            .unwrap_err()
            .is_full()
    );
    // A history that is there already needs no inode.
    durable::append(directory.join("history"), b"two", 0o600).unwrap();
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("releases/1"));
    assert_eq!(fs::read(directory.join("state")).unwrap(), b"old");
    assert_eq!(names(&directory), before);

    fs::remove_file(&ballast[0]).unwrap();
    durable::switch(&link, "releases/2").unwrap();
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("releases/2"));
}

#[test]
fn a_limit_on_the_size_of_files() {
    let Some(directory) = role() else {
        let scratch = Scratch::new();
        // Writes up to the limit succeed in part: what a disk that fills up within a line looks like, for any user.
        let preparation = "trap '' XFSZ; ulimit -f 64";
        let test = "full_disk::a_limit_on_the_size_of_files";
        return passes(again_after(preparation, test, scratch.path()));
    };
    old(&directory);
    everything_is_refused_whole(&directory, false, || {});
}
