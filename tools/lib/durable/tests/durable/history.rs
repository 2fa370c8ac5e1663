//! A file of lines.

use crate::scratch::{Scratch, mode, names};
use deadline::Deadline;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::thread;

#[test]
fn a_tail_torn_at_any_byte_is_cut_and_no_whole_line_with_it() {
    let scratch = Scratch::new();
    let file = scratch.join("history");
    let whole = b"{\"a\":1}\n\n{\"b\":22}\n";
    for cut in 0..=whole.len() {
        fs::write(&file, &whole[..cut]).unwrap();
        durable::append(&file, b"new", 0o600).unwrap();
        let lines = whole[..cut].iter().rposition(|byte| *byte == b'\n');
        let kept = &whole[..lines.map_or(0, |at| at + 1)];
        assert_eq!(fs::read(&file).unwrap(), [kept, b"new\n"].concat(), "{cut}");
    }
}

#[test]
fn blocks_that_were_never_written_are_cut() {
    for (content, kept) in [
        (&b"one\n\0\0\0\0"[..], &b"one\n"[..]),
        (b"one\n\0\0\0\0two\n", b"one\n"),
        (b"one\ntw\0\0\n\0\n", b"one\n"),
        (b"\0\0\0", b""),
        (b"\0\n", b""),
        (b"one\ntwo\n", b"one\ntwo\n"),
        (b"", b""),
        (b"\n", b"\n"),
    ] {
        assert_eq!(durable::intact(content), kept);
        let scratch = Scratch::new();
        let file = scratch.join("history");
        fs::write(&file, content).unwrap();
        durable::append(&file, b"new\n", 0o600).unwrap();
        assert_eq!(fs::read(&file).unwrap(), [kept, b"new\n"].concat());
    }
}

#[test]
fn looking_from_the_end_finds_what_looking_from_the_start_does() {
    let scratch = Scratch::new();
    let file = scratch.join("history");
    let block = 64 * 1024;
    for length in [1, block - 1, block, block + 1, 3 * block] {
        for (front, tail) in [
            ("", 0),
            ("a\n", 0),
            ("a\n", 1),
            ("a\nb", block),
            ("a\n", 2 * block),
        ] {
            for end in ["\n", ""] {
                let mut content = format!("{front}{}{end}", "x".repeat(length)).into_bytes();
                content.extend(vec![0; tail]);
                fs::write(&file, &content).unwrap();
                durable::append(&file, b"new", 0o600).unwrap();
                let expected = [durable::intact(&content), b"new\n"].concat();
                assert!(
                    fs::read(&file).unwrap() == expected,
                    "{length} {front:?} {tail} {end:?}"
                );
            }
        }
    }
}

#[test]
fn a_new_history_has_the_mode_given_and_an_old_one_keeps_its_own() {
    let scratch = Scratch::new();
    let file = scratch.join("history");
    durable::append(&file, b"one", 0o644).unwrap();
    assert_eq!(mode(&file), 0o644);
    durable::append(&file, b"two", 0o600).unwrap();
    assert_eq!(mode(&file), 0o644);
    assert_eq!(fs::read(&file).unwrap(), b"one\ntwo\n");
}

#[test]
fn what_is_no_line_or_no_file_is_refused() {
    let scratch = Scratch::new();
    let file = scratch.join("history");
    for line in [&b"a\nb"[..], b"a\n\n", b"a\0b"] {
        let error = durable::append(&file, line, 0o600).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    assert!(names(scratch.path()).is_empty());
    fs::write(scratch.join("other"), "torn").unwrap();
    symlink("other", scratch.join("link")).unwrap();
    mkfifo(&scratch.join("fifo"), Mode::S_IRWXU).unwrap();
    fs::create_dir(scratch.join("directory")).unwrap();
    for name in ["link", "fifo", "directory"] {
        assert!(
            durable::append(scratch.join(name), b"x", 0o600).is_err(),
            "{name}"
        );
    }
    assert_eq!(fs::read(scratch.join("other")).unwrap(), b"torn");
}

#[test]
fn no_line_is_lost_between_writers_that_hold_the_mutex() {
    let scratch = Scratch::new();
    let (file, lock) = (scratch.join("history"), scratch.join("lock"));
    thread::scope(|scope| {
        for writer in 0..4 {
            let (file, lock) = (&file, &lock);
            scope.spawn(move || {
                for number in 0..25 {
                    let line = format!("{writer} {number}");
                    let _mutex = durable::Mutex::acquire(lock, 0o600, &Deadline::never()).unwrap();
                    durable::append(file, line.as_bytes(), 0o600).unwrap();
                }
            });
        }
    });
    let content = fs::read_to_string(&file).unwrap();
    let mut lines: Vec<&str> = content.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), 100);
}
