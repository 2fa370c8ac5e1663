//! Something whole, moved.

use crate::scratch::{Scratch, names};
use std::fs;
use std::io::ErrorKind;

#[test]
fn what_is_moved_replaces_nothing_and_what_is_installed_replaces_a_file() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.join("a/full")).unwrap();
    fs::write(scratch.join("a/full/file"), "x").unwrap();
    fs::create_dir(scratch.join("b")).unwrap();
    durable::relocate(scratch.join("a/full"), scratch.join("b/full")).unwrap();
    assert_eq!(names(&scratch.join("b/full")), ["file"]);
    assert!(names(&scratch.join("a")).is_empty());
    for name in ["file", "full"] {
        fs::write(scratch.join("a/file"), "mine").unwrap();
        fs::write(scratch.join("b/file"), "theirs").unwrap();
        let refused = durable::relocate(scratch.join("a/file"), scratch.join("b").join(name));
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(scratch.join("a/file")).unwrap(), "mine");
    }
    durable::install(scratch.join("a/file"), scratch.join("b/file")).unwrap();
    assert_eq!(fs::read_to_string(scratch.join("b/file")).unwrap(), "mine");
    assert!(!scratch.join("a/file").exists());
    durable::sync(scratch.path()).unwrap();
    let missing = durable::install(scratch.join("a/file"), scratch.join("b/file")).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
}
