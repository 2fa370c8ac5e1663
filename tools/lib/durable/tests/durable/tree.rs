//! A whole tree, removed.

use crate::scratch::{
    Scratch, again, again_after, again_with_mounts, left_out, names, passes, role,
};
use durable::{leftovers, remove_tree};
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{Gid, Uid, chown, mkfifo, setgid, setgroups, setuid};
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

#[test]
fn everything_in_it_goes_and_nothing_it_points_at() {
    let scratch = Scratch::new();
    let (tree, outside) = (scratch.join("tree"), scratch.join("outside"));
    fs::create_dir_all(outside.join("deep")).unwrap();
    fs::write(outside.join("deep/file"), "untouched").unwrap();
    fs::create_dir_all(tree.join("a/b")).unwrap();
    symlink(&outside, tree.join("absolute")).unwrap();
    symlink("../../outside/deep", tree.join("a/relative")).unwrap();
    symlink("..", tree.join("a/up")).unwrap();
    symlink("loop", tree.join("loop")).unwrap();
    symlink("missing", tree.join("dangling")).unwrap();
    fs::hard_link(outside.join("deep/file"), tree.join("a/hard")).unwrap();
    mkfifo(&tree.join("fifo"), Mode::S_IRWXU).unwrap();
    let _listener = UnixListener::bind(tree.join("socket")).unwrap();
    for name in [&b"\xff\xfe"[..], b"new\nline", b"-rf", b"...", b" "] {
        fs::write(tree.join(OsStr::from_bytes(name)), "x").unwrap();
    }
    remove_tree(&tree).unwrap();
    assert_eq!(names(scratch.path()), ["outside"]);
    assert_eq!(fs::read(outside.join("deep/file")).unwrap(), b"untouched");
}

#[test]
fn what_it_frees_leaves_out_what_others_still_link() {
    let scratch = Scratch::new();
    let tree = scratch.join("tree");
    fs::create_dir(&tree).unwrap();
    let megabyte = vec![7; 1 << 20];
    fs::write(tree.join("own"), &megabyte).unwrap();
    fs::hard_link(tree.join("own"), tree.join("own-again")).unwrap();
    fs::write(scratch.join("shared"), &megabyte).unwrap();
    fs::hard_link(scratch.join("shared"), tree.join("shared")).unwrap();
    let file = fs::File::open(tree.join("own")).unwrap();
    // Blocks are counted as allocated, which some file systems do only on writing out.
    file.sync_all().unwrap();
    let freed = remove_tree(&tree).unwrap();
    assert!((1 << 20..2 << 20).contains(&freed), "{freed}");
}

#[test]
fn a_tree_deeper_than_descriptors_and_stack_goes_too() {
    let Some(scratch) = role() else {
        let scratch = Scratch::new();
        let test = "tree::a_tree_deeper_than_descriptors_and_stack_goes_too";
        return passes(again_after("ulimit -n 64", test, scratch.path()));
    };
    let tree = scratch.join("tree");
    fs::create_dir(&tree).unwrap();
    let flags = OFlag::O_DIRECTORY | OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    let mut directory = open(&tree, flags, Mode::empty()).unwrap();
    for _ in 0..5_000 {
        for name in ["d", "e"] {
            mkdirat(&directory, name, Mode::S_IRWXU).unwrap();
        }
        let flags = OFlag::O_CREAT | OFlag::O_WRONLY;
        openat(&directory, "file", flags, Mode::S_IRUSR).unwrap();
        let flags = OFlag::O_DIRECTORY | OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        directory = openat(&directory, "d", flags, Mode::empty()).unwrap();
    }
    drop(directory);
    remove_tree(&tree).unwrap();
    assert!(names(&scratch).is_empty());
}

#[test]
fn what_is_no_directory_is_refused_and_stays() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.join("real")).unwrap();
    symlink("real", scratch.join("link")).unwrap();
    fs::write(scratch.join("file"), "x").unwrap();
    mkfifo(&scratch.join("fifo"), Mode::S_IRWXU).unwrap();
    let before = names(scratch.path());
    for (name, kind) in [
        ("link", ErrorKind::NotADirectory),
        ("link/", ErrorKind::NotADirectory),
        ("file", ErrorKind::NotADirectory),
        ("fifo", ErrorKind::NotADirectory),
        ("missing", ErrorKind::NotFound),
        ("real/..", ErrorKind::InvalidInput),
        ("/", ErrorKind::InvalidInput),
    ] {
        let error = remove_tree(scratch.join(name)).unwrap_err();
        assert_eq!(error.kind(), kind, "{name}");
    }
    assert_eq!(names(scratch.path()), before);
}

#[test]
fn directories_of_ours_that_forbid_it_are_made_to_allow_it() {
    let test = "tree::directories_of_ours_that_forbid_it_are_made_to_allow_it";
    let Some(directory) = role() else {
        let scratch = Scratch::new();
        fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o777)).unwrap();
        return passes(again(test, scratch.path()));
    };
    // Root is never refused, so the test is somebody else's.
    if nix::unistd::geteuid().is_root() {
        setgroups(&[]).unwrap();
        setgid(Gid::from_raw(65534)).unwrap();
        setuid(Uid::from_raw(65534)).unwrap();
    }
    let tree = directory.join("tree");
    // Deep enough that some are moved up, which changes them as well.
    let mut path = tree.clone();
    for _ in 0..70 {
        path.push("d");
    }
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("file"), "x").unwrap();
    for mode in [0o000, 0o500, 0o300, 0o555] {
        let mut path = path.clone();
        while path.starts_with(&tree) {
            let locked = path.join(format!("locked-{mode:o}"));
            fs::create_dir(&locked).unwrap();
            fs::write(locked.join("file"), "x").unwrap();
            fs::set_permissions(&locked, fs::Permissions::from_mode(mode)).unwrap();
            path.pop();
        }
    }
    while path.starts_with(&tree) {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o500)).unwrap();
        path.pop();
    }
    remove_tree(&tree).unwrap();
    assert!(names(&directory).is_empty());
}

#[test]
fn what_is_not_ours_stays_and_is_named_and_the_rest_goes() {
    let test = "tree::what_is_not_ours_stays_and_is_named_and_the_rest_goes";
    if !nix::unistd::geteuid().is_root() {
        return left_out(test, "only root can make what belongs to another user");
    }
    let Some(directory) = role() else {
        let scratch = Scratch::new();
        fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o777)).unwrap();
        return passes(again(test, scratch.path()));
    };
    let (uid, gid) = (Uid::from_raw(65534), Gid::from_raw(65534));
    let tree = directory.join("tree");
    fs::create_dir_all(tree.join("a/theirs")).unwrap();
    fs::write(tree.join("a/theirs/file"), "x").unwrap();
    fs::write(tree.join("a/file"), "x").unwrap();
    for path in ["", "a"] {
        chown(&tree.join(path), Some(uid), Some(gid)).unwrap();
    }
    setgroups(&[]).unwrap();
    setgid(gid).unwrap();
    setuid(uid).unwrap();
    let error = remove_tree(&tree).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.path.ends_with("a/theirs/file"), "{error}");
    // Its own name is gone: nobody takes it for a release.
    let left = leftovers(&directory).unwrap();
    assert_eq!(left.len(), 1);
    assert!(!left[0].in_use);
    assert_eq!(names(&left[0].path.join("a")), ["theirs"]);
}

#[test]
fn another_mount_is_not_entered_even_of_the_same_file_system() {
    let test = "tree::another_mount_is_not_entered_even_of_the_same_file_system";
    let Some(directory) = role() else {
        let scratch = Scratch::new();
        let preparation = r#"
            cd "$DURABLE_TEST_DIRECTORY"
            mkdir -p tree/a/tmpfs tree/a/bind outside whole
            echo untouched >outside/file
            echo untouched >whole/file
            echo gone >tree/a/file
            mount -t tmpfs tmpfs tree/a/tmpfs
            echo untouched >tree/a/tmpfs/file
            mount --bind outside tree/a/bind
            mount --bind whole whole
        "#;
        return if let Some(command) = again_with_mounts(preparation, test, scratch.path()) {
            passes(command);
        };
    };
    let error = remove_tree(directory.join("whole")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CrossesDevices);
    assert!(directory.join("whole/file").exists());

    let error = remove_tree(directory.join("tree")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CrossesDevices);
    assert!(directory.join("outside/file").exists());
    let left = leftovers(&directory).unwrap();
    let left: &Path = &left[0].path.join("a");
    assert_eq!(names(left), ["bind", "tmpfs"]);
    assert_eq!(names(&left.join("tmpfs")), ["file"]);
}
