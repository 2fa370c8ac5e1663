//! The switch.

use crate::scratch::{Scratch, names};
use nix::errno::Errno;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

#[test]
fn a_link_is_made_moved_and_left_alone_by_nobody_else() {
    let scratch = Scratch::new();
    let link = scratch.join("current");
    for target in ["releases/1", "releases/2", "../elsewhere", "releases/2"] {
        durable::switch(&link, target).unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), Path::new(target));
    }
    assert_eq!(names(scratch.path()), ["current"]);
}

#[test]
fn what_is_no_link_is_never_touched() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.join("empty")).unwrap();
    fs::create_dir_all(scratch.join("full/of")).unwrap();
    fs::write(scratch.join("file"), "x").unwrap();
    mkfifo(&scratch.join("fifo"), Mode::S_IRWXU).unwrap();
    let before = names(scratch.path());
    for name in ["empty", "full", "file", "fifo"] {
        let error = durable::switch(scratch.join(name), "releases/1").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{name}");
        assert!(error.to_string().contains("not a symbolic link"), "{error}");
    }
    assert_eq!(names(scratch.path()), before);
    assert!(scratch.join("full/of").is_dir());
}

#[test]
fn a_link_in_a_linked_directory_is_switched_where_it_lies() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.join("real")).unwrap();
    symlink("real", scratch.join("root")).unwrap();
    durable::switch(scratch.join("root/current"), "releases/1").unwrap();
    assert_eq!(names(&scratch.join("real")), ["current"]);
    // Itself a link to a directory: switched, not entered.
    durable::switch(scratch.join("root/"), "other").unwrap();
    assert_eq!(
        fs::read_link(scratch.join("root")).unwrap(),
        Path::new("other")
    );
}

#[test]
fn targets_that_lead_nowhere_sensible_are_refused() {
    let scratch = Scratch::new();
    for target in ["", "/srv/releases/1"] {
        let error = durable::switch(scratch.join("current"), target).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    let error = durable::switch(scratch.join("missing/current"), "1").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let error = durable::switch(scratch.join("current"), "x".repeat(5000)).unwrap_err();
    assert_eq!(
        error.source.raw_os_error(),
        Some(Errno::ENAMETOOLONG as i32)
    );
    assert!(names(scratch.path()).is_empty());
}

#[test]
fn who_looks_during_a_switch_sees_the_old_or_the_new() {
    let scratch = Scratch::new();
    let link = scratch.join("current");
    for target in ["1", "2"] {
        fs::create_dir(scratch.join(target)).unwrap();
        fs::write(scratch.join(target).join("name"), target).unwrap();
    }
    durable::switch(&link, "1").unwrap();
    let done = AtomicBool::new(false);
    let seen = AtomicU32::new(0);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let name = fs::read_to_string(link.join("name")).unwrap();
                assert!(name == "1" || name == "2");
                seen.fetch_add(1, Ordering::Relaxed);
            }
        });
        // However slowly the reader comes to its turn, it looks while links are switched.
        let mut turn = 0;
        while (turn < 200 || seen.load(Ordering::Relaxed) < 200) && !reader.is_finished() {
            durable::switch(&link, if turn % 2 == 0 { "2" } else { "1" }).unwrap();
            turn += 1;
        }
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
}
