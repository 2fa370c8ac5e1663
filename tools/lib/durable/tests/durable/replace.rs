//! One whole file.

use crate::scratch::{Scratch, again, mode, names, passes, role};
use deadline::Deadline;
use durable::Mutex;
use nix::errno::Errno;
use nix::sys::stat::{Mode, umask};
use nix::unistd::mkfifo;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;

#[test]
fn content_and_mode_are_as_given_whatever_the_umask() {
    let Some(directory) = role() else {
        let scratch = Scratch::new();
        let test = "replace::content_and_mode_are_as_given_whatever_the_umask";
        return passes(again(test, scratch.path()));
    };
    let file = directory.join("state");
    umask(Mode::from_bits_truncate(0o077));
    durable::replace(&file, b"one", 0o644).unwrap();
    assert_eq!(
        (fs::read(&file).unwrap(), mode(&file)),
        (b"one".to_vec(), 0o644)
    );
    durable::replace(&file, b"", 0o600).unwrap();
    assert_eq!((fs::read(&file).unwrap(), mode(&file)), (vec![], 0o600));
    assert_eq!(names(&directory), ["state"]);
    durable::append(directory.join("history"), b"one", 0o666).unwrap();
    drop(Mutex::acquire(directory.join("lock"), 0o660, &Deadline::never()).unwrap());
    durable::create_directory(directory.join("a/b"), 0o775).unwrap();
    let staging = durable::Staging::create(&directory, 0o751).unwrap();
    staging.publish(directory.join("release")).unwrap();
    let modes = ["history", "lock", "a", "a/b", "release"].map(|name| mode(&directory.join(name)));
    assert_eq!(modes, [0o666, 0o660, 0o775, 0o775, 0o751]);
}

#[test]
fn a_link_a_fifo_and_an_unreadable_file_are_replaced_themselves() {
    let scratch = Scratch::new();
    fs::write(scratch.join("other"), "untouched").unwrap();
    symlink("other", scratch.join("link")).unwrap();
    symlink("link", scratch.join("loop")).unwrap();
    mkfifo(&scratch.join("fifo"), Mode::S_IRWXU).unwrap();
    fs::write(scratch.join("locked"), "x").unwrap();
    fs::set_permissions(scratch.join("locked"), fs::Permissions::from_mode(0o000)).unwrap();
    for name in ["link", "loop", "fifo", "locked"] {
        let path = scratch.join(name);
        durable::replace(&path, b"new", 0o600).unwrap();
        assert!(fs::symlink_metadata(&path).unwrap().is_file(), "{name}");
        assert_eq!(durable::read(&path, 3).unwrap(), b"new");
    }
    assert_eq!(fs::read(scratch.join("other")).unwrap(), b"untouched");
}

#[test]
fn what_cannot_be_replaced_stays_and_nothing_is_left() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.join("directory")).unwrap();
    let error = durable::replace(scratch.join("directory"), b"x", 0o600).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::IsADirectory);
    assert!(!error.took_effect);
    assert_eq!(names(scratch.path()), ["directory"]);

    let missing = scratch.join("missing/file");
    let error = durable::replace(&missing, b"x", 0o600).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "cannot replace {}: No such file or directory",
            missing.display()
        )
    );
    for path in ["/", "", ".."] {
        let error = durable::replace(path, b"x", 0o600).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{path:?}");
    }
    let long = scratch.join("x".repeat(255));
    durable::replace(&long, b"x", 0o600).unwrap();
    let error = durable::replace(scratch.join("x".repeat(256)), b"x", 0o600).unwrap_err();
    assert_eq!(
        error.source.raw_os_error(),
        Some(Errno::ENAMETOOLONG as i32)
    );
    assert_eq!(names(scratch.path()).len(), 2);
}

#[test]
fn the_owner_before_stays_the_owner() {
    let scratch = Scratch::new();
    let file = scratch.join("state");
    fs::write(&file, "x").unwrap();
    if nix::unistd::geteuid().is_root() {
        chown(&file, Some(12345), Some(54321)).unwrap();
    }
    let before = fs::metadata(&file).unwrap();
    durable::replace(&file, b"y", 0o640).unwrap();
    let after = fs::metadata(&file).unwrap();
    assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
    assert_ne!(after.ino(), before.ino(), "it was written in place");
    assert_eq!(mode(&file), 0o640);
}

#[test]
fn only_a_regular_file_of_a_bearable_size_is_read() {
    let scratch = Scratch::new();
    fs::write(scratch.join("file"), "12345").unwrap();
    assert_eq!(durable::read(scratch.join("file"), 5).unwrap(), b"12345");
    let kind = |name: &str| durable::read(scratch.join(name), 4).unwrap_err().kind();
    assert_eq!(kind("file"), ErrorKind::FileTooLarge);
    assert_eq!(kind("missing"), ErrorKind::NotFound);

    symlink("file", scratch.join("link")).unwrap();
    mkfifo(&scratch.join("fifo"), Mode::S_IRWXU).unwrap();
    fs::create_dir(scratch.join("directory")).unwrap();
    let _listener = UnixListener::bind(scratch.join("socket")).unwrap();
    for name in ["link", "fifo", "directory", "socket", "/dev/zero"] {
        assert_eq!(kind(name), ErrorKind::InvalidInput, "{name}");
    }
}

#[test]
fn a_removed_file_is_gone_and_only_it() {
    let scratch = Scratch::new();
    fs::write(scratch.join("file"), "x").unwrap();
    symlink("file", scratch.join("link")).unwrap();
    fs::create_dir(scratch.join("directory")).unwrap();
    assert!(durable::remove(scratch.join("link")).unwrap());
    assert!(!durable::remove(scratch.join("link")).unwrap());
    assert!(durable::remove(scratch.join("directory")).is_err());
    assert_eq!(names(scratch.path()), ["directory", "file"]);
}
