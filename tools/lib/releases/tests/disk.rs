//! What the crate says of real trees, good and hostile.
#![allow(clippy::unwrap_used)]

use camino::{Utf8Path, Utf8PathBuf};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use releases::{
    Current, Layout, MANIFEST, Manifest, ManifestError, NameError, ResolveError, current, list,
    resolve,
};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, UNIX_EPOCH};

/// An application's directory with two releases, removed at the end.
struct Tree(Utf8PathBuf);

impl Tree {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let temporary = std::env::temp_dir().canonicalize().unwrap();
        let temporary = Utf8PathBuf::from_path_buf(temporary).unwrap();
        let tree = Self(temporary.join(format!("releases-test-{}-{number}", std::process::id())));
        for name in ["1", "2"] {
            fs::create_dir_all(tree.join("root/releases").join(name)).unwrap();
        }
        tree
    }

    fn join(&self, name: impl AsRef<Utf8Path>) -> Utf8PathBuf {
        self.0.join(name)
    }

    fn layout(&self) -> Layout {
        Layout::new(self.join("root"))
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_release_is_found_beneath_the_resolved_directory() {
    let tree = Tree::new();
    assert_eq!(
        resolve(&tree.layout(), "1").unwrap(),
        tree.join("root/releases/1")
    );
    // The configured path may lead over links; a release itself may not.
    symlink("root", tree.join("linked-root")).unwrap();
    let layout = Layout::new(tree.join("linked-root/../linked-root"));
    assert_eq!(resolve(&layout, "2").unwrap(), tree.join("root/releases/2"));
}

#[test]
fn names_that_lead_elsewhere_are_refused_by_what_is_wrong() {
    let tree = Tree::new();
    let layout = tree.layout();
    for (name, expected) in [
        ("..", NameError::LeadingDot),
        ("../1", NameError::Slash),
        ("1/../1", NameError::Slash),
        ("/etc", NameError::Slash),
        ("", NameError::Empty),
        ("1\n", NameError::Control),
    ] {
        match resolve(&layout, name) {
            Err(ResolveError::BadName { why, .. }) => assert_eq!(why, expected, "{name:?}"),
            other => panic!("{name:?}: {other:?}"),
        }
    }
}

#[test]
fn links_files_and_nothing_are_three_different_refusals() {
    let tree = Tree::new();
    let layout = tree.layout();
    let releases = tree.join("root/releases");
    fs::create_dir(tree.join("outside")).unwrap();
    symlink(tree.join("outside"), releases.join("out")).unwrap();
    symlink("../../outside", releases.join("out-relative")).unwrap();
    symlink("missing", releases.join("dangling")).unwrap();
    symlink("loop", releases.join("loop")).unwrap();
    symlink("1", releases.join("inside")).unwrap();
    // Beneath by its letters alone.
    symlink(
        tree.join("root/releases-of-another"),
        releases.join("beside"),
    )
    .unwrap();
    fs::create_dir(tree.join("root/releases-of-another")).unwrap();
    for (name, leads_out) in [
        ("out", true),
        ("out-relative", true),
        ("beside", true),
        ("dangling", true),
        ("loop", true),
        ("inside", false),
    ] {
        match resolve(&layout, name) {
            Err(ResolveError::Link { outside, path, .. }) => {
                assert_eq!(outside, leads_out, "{name}");
                assert_eq!(path, releases.join(name));
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    fs::write(releases.join("file"), "").unwrap();
    mkfifo(releases.join("fifo").as_std_path(), Mode::S_IRWXU).unwrap();
    for name in ["file", "fifo"] {
        let refused = resolve(&layout, name);
        assert!(
            matches!(refused, Err(ResolveError::NotADirectory(_))),
            "{name}"
        );
    }
    assert!(matches!(
        resolve(&layout, "3"),
        Err(ResolveError::Absent(_))
    ));
    let nowhere = Layout::new(tree.join("nowhere"));
    assert!(matches!(
        resolve(&nowhere, "1"),
        Err(ResolveError::Unreadable(_))
    ));
}

#[test]
fn a_message_says_which_and_why() {
    let tree = Tree::new();
    let layout = tree.layout();
    let path = tree.join("root/releases/out");
    symlink("/etc", &path).unwrap();
    for (name, expected) in [
        (
            "..",
            r#"a release's name must not begin with a dot: "..""#.to_string(),
        ),
        (
            "3",
            format!("there is no release {}", tree.join("root/releases/3")),
        ),
        (
            "out",
            format!("{path} is a symbolic link out of the releases, to \"/etc\", and no release"),
        ),
    ] {
        assert_eq!(resolve(&layout, name).unwrap_err().to_string(), expected);
    }
    let nowhere = Layout::new("/nowhere-at-all");
    assert_eq!(
        resolve(&nowhere, "1").unwrap_err().to_string(),
        "cannot look at /nowhere-at-all/releases: No such file or directory"
    );
}

#[test]
fn only_real_releases_are_listed() {
    let tree = Tree::new();
    let releases = tree.join("root/releases");
    for name in [".staging-1-0123456789abcdef", ".git", "-x", "new\nline"] {
        fs::create_dir(releases.join(name)).unwrap();
    }
    fs::create_dir(releases.as_std_path().join(OsStr::from_bytes(b"\xff"))).unwrap();
    fs::write(releases.join("file"), "").unwrap();
    symlink("1", releases.join("link")).unwrap();
    fs::create_dir(releases.join("10")).unwrap();
    assert_eq!(list(&tree.layout()).unwrap(), ["1", "10", "2"]);
    assert!(list(&Layout::new(tree.join("nowhere"))).unwrap().is_empty());
    let mut odd = tree.layout();
    odd.releases = releases.join("file");
    assert!(list(&odd).is_err());
}

#[test]
fn current_is_seen_for_what_it_is() {
    let tree = Tree::new();
    let layout = tree.layout();
    let seen = || current(&layout).unwrap();
    let link = |target: &str| {
        let _ = fs::remove_file(&layout.current);
        symlink(target, &layout.current).unwrap();
    };
    assert_eq!(seen(), Current::Absent);
    for target in [
        "releases/1",
        "./releases/../releases/1/",
        tree.join("root/releases/1").as_str(),
    ] {
        link(target);
        assert_eq!(seen(), Current::Release("1".into()), "{target}");
    }
    symlink("2", tree.join("root/releases/alias")).unwrap();
    link("releases/alias");
    assert_eq!(seen(), Current::Release("2".into()));

    fs::create_dir_all(tree.join("root/releases/1/dist")).unwrap();
    fs::create_dir(tree.join("root/releases/.hidden")).unwrap();
    fs::write(tree.join("root/releases/file"), "").unwrap();
    for target in [
        "releases/1/dist",
        "releases",
        "releases/.hidden",
        "releases/file",
        ".",
    ] {
        link(target);
        let real = layout.current.canonicalize_utf8().unwrap();
        assert_eq!(seen(), Current::Outside(real), "{target}");
    }
    for target in ["releases/3", "current", "releases/file/x"] {
        link(target);
        assert_eq!(seen(), Current::Dangling(target.into()));
    }
    fs::remove_file(&layout.current).unwrap();
    fs::create_dir(&layout.current).unwrap();
    assert_eq!(seen(), Current::NotALink);
    fs::remove_dir(&layout.current).unwrap();
    fs::write(&layout.current, "releases/1").unwrap();
    assert_eq!(seen(), Current::NotALink);
}

#[test]
fn a_slash_at_the_end_of_the_configured_link_changes_nothing() {
    let tree = Tree::new();
    let mut layout = tree.layout();
    symlink("releases/1", &layout.current).unwrap();
    layout.current = Utf8PathBuf::from(format!("{}/", layout.current));
    assert_eq!(current(&layout).unwrap(), Current::Release("1".into()));
    assert_eq!(layout.link_target("2").unwrap(), "releases/2");
}

#[test]
fn what_the_link_will_say_leads_there_over_linked_directories_too() {
    let tree = Tree::new();
    let mut layout = tree.layout();
    assert_eq!(layout.link_target("1").unwrap(), "releases/1");
    // The releases lie on another disk, and the link in a directory that is a link.
    fs::create_dir_all(tree.join("disk/deep/releases/1")).unwrap();
    fs::create_dir_all(tree.join("a/b/served")).unwrap();
    symlink("disk/deep/releases", tree.join("releases")).unwrap();
    symlink("a/b/served", tree.join("served")).unwrap();
    layout.releases = tree.join("releases");
    layout.current = tree.join("served/current");
    let target = layout.link_target("1").unwrap();
    assert_eq!(target, "../../../disk/deep/releases/1");
    durable::switch(&layout.current, &target).unwrap();
    assert_eq!(current(&layout).unwrap(), Current::Release("1".into()));
}

fn manifest() -> Manifest {
    Manifest {
        schema: 1,
        name: "1".into(),
        sequence: 7,
        created_at: UNIX_EPOCH + Duration::from_millis(1_795_167_000_123),
        kind: "static".into(),
        commit: None,
        source: Some("/srv/build".into()),
        files: 3,
        bytes: 4096,
        start: None,
        working_tree: None,
        outputs: Vec::new(),
    }
}

#[test]
fn a_release_runs_in_its_own_directory_or_in_the_working_tree_that_it_names() {
    let tree = Tree::new();
    let release = tree.join("root/releases/1");
    assert_eq!(releases::runs_in(&release).unwrap(), release);
    manifest().write(&release).unwrap();
    assert_eq!(releases::runs_in(&release).unwrap(), release);
    let mut in_place = manifest();
    in_place.working_tree = Some("/srv/shop".into());
    in_place.outputs = vec!["dist".into(), "web/out".into()];
    in_place.write(&release).unwrap();
    assert_eq!(Manifest::read(&release).unwrap(), in_place);
    assert_eq!(releases::runs_in(&release).unwrap(), "/srv/shop");
    fs::write(release.join(MANIFEST), "{}").unwrap();
    assert!(releases::runs_in(&release).is_err());
}

#[test]
fn a_manifest_comes_back_as_it_was_written() {
    let tree = Tree::new();
    let release = tree.join("root/releases/1");
    manifest().write(&release).unwrap();
    assert_eq!(Manifest::read(&release).unwrap(), manifest());
    let text = fs::read_to_string(release.join(MANIFEST)).unwrap();
    let expected = r#"{
  "schema": 1,
  "name": "1",
  "sequence": 7,
  "createdAt": "2026-11-20T09:30:00.123Z",
  "kind": "static",
  "commit": null,
  "source": "/srv/build",
  "files": 3,
  "bytes": 4096,
  "start": null
}
"#;
    assert_eq!(text, expected);
}

#[test]
fn a_manifest_that_is_none_is_told_apart_from_one_that_is_missing() {
    let tree = Tree::new();
    let release = tree.join("root/releases/1");
    let path = release.join(MANIFEST);
    assert!(matches!(
        Manifest::read(&release),
        Err(ManifestError::Absent(_))
    ));
    manifest().write(&release).unwrap();
    let whole = fs::read(&path).unwrap();
    // The newline at the end is the only byte that may be missing.
    for cut in 0..whole.len() - 1 {
        fs::write(&path, &whole[..cut]).unwrap();
        let read = Manifest::read(&release);
        assert!(matches!(read, Err(ManifestError::Malformed(..))), "{cut}");
    }
    for content in [
        "[]",
        "{}",
        r#"{"schema":"1"}"#,
        r#"{"schema":1}"#,
        r#"{"schema":-1}"#,
    ] {
        fs::write(&path, content).unwrap();
        let read = Manifest::read(&release);
        assert!(
            matches!(read, Err(ManifestError::Malformed(..))),
            "{content}"
        );
    }
    fs::write(&path, r#"{"schema":2,"other":{}}"#).unwrap();
    assert!(matches!(
        Manifest::read(&release),
        Err(ManifestError::Newer(_, 2))
    ));
    fs::remove_file(&path).unwrap();
    mkfifo(path.as_std_path(), Mode::S_IRWXU).unwrap();
    assert!(matches!(
        Manifest::read(&release),
        Err(ManifestError::File(_))
    ));
    fs::remove_file(&path).unwrap();
    symlink("/dev/zero", &path).unwrap();
    assert!(matches!(
        Manifest::read(&release),
        Err(ManifestError::File(_))
    ));
}

#[test]
fn fields_of_a_later_version_of_the_same_form_are_passed_over() {
    let tree = Tree::new();
    let release = tree.join("root/releases/1");
    let least = r#"{"schema":1,"name":"1","sequence":7,"createdAt":"2026-11-20T09:30:00Z",
        "kind":"node","files":0,"bytes":0,"later":[1]}"#;
    fs::write(release.join(MANIFEST), least).unwrap();
    let read = Manifest::read(&release).unwrap();
    assert_eq!((read.commit, read.source, read.start), (None, None, None));
}
