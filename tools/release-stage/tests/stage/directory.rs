//! Releases from directories, harmless and hostile.

use crate::support::{Place, mode, names, read};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

fn path_of(report: &Value) -> &Path {
    Path::new(report["path"].as_str().unwrap())
}

#[test]
fn a_release_is_complete_known_and_next_in_order() {
    let place = Place::new();
    place.file("source/index.html", "hello");
    place.file("source/sub/deep/file", "12345");
    let first = place.stage(&[]);
    let second = place.stage(&["--name", "by-hand", "--start", "serve ."]);
    assert_eq!(first["kind"], "static");
    assert_eq!((&first["files"], &first["bytes"]), (&json!(2), &json!(10)));
    assert_eq!((&first["linked"], &first["copied"]), (&json!(0), &json!(2)));
    assert_eq!(
        (&first["start"], &first["commit"]),
        (&Value::Null, &Value::Null)
    );
    let name = first["release"].as_str().unwrap();
    assert_eq!(path_of(&first), place.path("app/releases").join(name));
    assert_eq!(name.len(), "20261120-093000".len());
    assert_eq!(second["release"], "by-hand");
    let manifest: Value = serde_json::from_str(&read(&second, ".release.json")).unwrap();
    assert_eq!(manifest["sequence"], 2);
    assert_eq!(manifest["start"], "serve .");
    assert_eq!(manifest["files"], 2);
    assert_eq!(
        Path::new(manifest["source"].as_str().unwrap()),
        place.path("source")
    );
    let state = place.state();
    assert_eq!(state["status"], "idle");
    assert_eq!(state["releases"][1]["name"], "by-hand");
    assert_eq!(state["releases"][1]["sequence"], 2);
    assert_eq!(
        state["currentRelease"],
        Value::Null,
        "nothing is live by it"
    );
    place.fails(
        &["--source", "source", "--name", "by-hand"],
        1,
        "release-exists",
    );
}

#[test]
fn two_in_one_second_have_two_names() {
    let place = Place::new();
    place.file("source/main", "x");
    let reports: Vec<Value> = (0..6).map(|_| place.stage(&[])).collect();
    let names: std::collections::BTreeSet<&str> = reports
        .iter()
        .map(|report| report["release"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 6);
}

#[test]
fn permissions_times_links_and_strange_names_are_kept() {
    let place = Place::new();
    let script = place.file("source/bin/run", "#!/bin/sh\n");
    fs::set_permissions(&script, Permissions::from_mode(0o4751)).unwrap();
    let old = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    File::open(&script).unwrap().set_modified(old).unwrap();
    fs::set_permissions(place.path("source/bin"), Permissions::from_mode(0o550)).unwrap();
    symlink("bin/run", place.path("source/run")).unwrap();
    symlink("missing", place.path("source/dangling")).unwrap();
    let strange = OsStr::from_bytes(b"\xff\n\x01");
    fs::write(place.path("source").join(strange), "x").unwrap();
    fs::create_dir(place.path("source/empty")).unwrap();
    let report = place.stage(&[]);
    let release = path_of(&report);
    assert_eq!(mode(&release.join("bin/run")), 0o751, "no lent rights");
    assert_eq!(mode(&release.join("bin")), 0o550);
    assert_eq!(mode(release), 0o755);
    let copied = fs::metadata(release.join("bin/run")).unwrap();
    assert_eq!(copied.modified().unwrap(), old);
    assert_eq!(
        fs::read_link(release.join("run")).unwrap(),
        Path::new("bin/run")
    );
    assert_eq!(
        fs::read_link(release.join("dangling")).unwrap(),
        Path::new("missing")
    );
    assert_eq!(fs::read(release.join(strange)).unwrap(), b"x");
    assert!(release.join("empty").is_dir());
    fs::set_permissions(release.join("bin"), Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(place.path("source/bin"), Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_hole_stays_a_hole() {
    let place = Place::new();
    let file = File::create(place.path("source/sparse")).unwrap();
    file.write_at(b"begin", 0).unwrap();
    file.write_at(b"middle", 512 * 1024 * 1024).unwrap();
    file.set_len(1024 * 1024 * 1024).unwrap();
    let report = place.stage(&[]);
    assert_eq!(report["bytes"], 1024 * 1024 * 1024_u64);
    let copy = File::open(path_of(&report).join("sparse")).unwrap();
    let mut found = [0; 6];
    copy.read_exact_at(&mut found, 512 * 1024 * 1024).unwrap();
    assert_eq!(&found, b"middle");
    assert!(copy.metadata().unwrap().blocks() * 512 < 64 * 1024 * 1024);
}

#[test]
fn what_is_no_file_is_left_out_and_said() {
    let place = Place::new();
    place.file("source/file", "x");
    let fifo = place.path("source/fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(place.path("source/socket")).unwrap();
    let (exit, report, said) = place.run(&["--source", "source"]);
    assert_eq!((exit, &report["files"]), (0, &json!(1)));
    assert!(said.contains("fifo") && said.contains("socket"), "{said}");
    assert_eq!(names(path_of(&report)), [".release.json", "file"]);
}

#[test]
fn a_link_that_leads_out_is_refused_however_it_does() {
    for (link, target) in [
        ("absolute", "/etc/passwd"),
        ("up", "../../x"),
        ("sub/up", "../../x"),
        ("detour", "../source/file"),
        ("itself-absolute", "source/file"),
        ("over-another", "inner/../../x"),
    ] {
        let place = Place::new();
        place.file("source/file", "x");
        place.file("source/sub/file", "x");
        symlink("sub", place.path("source/inner")).unwrap();
        let target = if link == "itself-absolute" {
            place.path(target)
        } else {
            target.into()
        };
        symlink(target, place.path("source").join(link)).unwrap();
        place.fails(&["--source", "source"], 1, "link-outside");
        place.stage(&["--exclude", &format!("/{link}")]);
    }
}

#[test]
fn a_source_leaves_out_what_is_made_anew_and_a_finished_directory_keeps_it() {
    let place = Place::new();
    for path in [
        "node_modules/a/x",
        "sub/node_modules/x",
        ".git/config",
        ".next/x",
        "venv/x",
        "main",
        "a.log",
    ] {
        place.file(&format!("source/{path}"), "x");
    }
    let whole = place.stage(&[]);
    assert_eq!(
        names(path_of(&whole)),
        [
            ".next",
            ".release.json",
            "a.log",
            "main",
            "node_modules",
            "sub",
            "venv"
        ]
    );
    let built = place.stage(&["--build", "true", "--exclude", "*.log"]);
    assert_eq!(names(path_of(&built)), [".release.json", "main", "sub"]);
    assert!(names(&path_of(&built).join("sub")).is_empty());
}

#[test]
fn a_source_and_an_application_that_lie_within_each_other_are_refused() {
    let place = Place::new();
    place.file("source/file", "x");
    place.stage(&["--name", "r1"]);
    place.file("app/build/file", "x");
    for source in [".", "app", "app/releases", "app/releases/r1"] {
        let arguments = ["--source", source];
        let report = place.fails(&arguments, 1, "source-overlaps");
        assert!(report["error"]["hint"].is_string(), "{report}");
        let foreseen = [&arguments[..], &["--dry-run"]].concat();
        place.fails(&foreseen, 1, "source-overlaps");
    }
}

#[test]
fn a_copy_of_a_release_can_be_the_source_of_another() {
    let place = Place::new();
    place.file("source/file", "x");
    place.file("source/.release.json", "that of another");
    let report = place.stage(&["--name", "r2"]);
    assert_eq!(report["files"], 1);
    assert!(read(&report, ".release.json").contains("\"r2\""));
}

#[test]
fn of_nothing_there_is_no_release() {
    let place = Place::new();
    let refused = |more: &[&str]| {
        for dry_run in [&[][..], &["--dry-run"]] {
            let arguments = [&["--source", "source"], more, dry_run].concat();
            let report = place.fails(&arguments, 1, "source-empty");
            assert!(report["error"]["hint"].is_string(), "{report}");
        }
    };
    refused(&[]);
    refused(&["--build", "echo built > built"]);
    place.file("source/.git/config", "");
    place.file("source/deep/down/error.log", "");
    refused(&["--exclude", "*.log"]);
    place.stage(&[]);
}

#[test]
fn a_relative_path_in_the_applications_file_is_refused() {
    let place = Place::new();
    place.file("source/main", "x");
    let file = place.file("app.env", "RELEASE_STAGE_SOURCE=source\n");
    let app = ["--app", file.to_str().unwrap()];
    let report = place.fails(&app, 1, "source-relative");
    let hint = format!("\"${{EDITOR:-vi}}\" +1 {}", file.display());
    assert_eq!(report["error"]["hint"], hint);
    fs::write(&file, "RELEASE_STAGE_SOURCE=/gone\n").unwrap();
    place.fails(&app, 1, "no-source");
}

#[test]
fn shared_paths_are_links_that_the_next_release_has_too() {
    let place = Place::new();
    place.file("source/main", "x");
    place.file("source/uploads/placeholder", "from the source");
    place.file("app/shared/uploads/kept", "kept");
    place.file("app/shared/config/.env", "A=1");
    let report = place.stage(&["--share", "uploads", "--share", "config/.env"]);
    assert_eq!(read(&report, "uploads/kept"), "kept");
    assert_eq!(read(&report, "config/.env"), "A=1");
    let link = fs::read_link(path_of(&report).join("config/.env")).unwrap();
    assert_eq!(link, Path::new("../../../shared/config/.env"));
    assert_eq!(report["files"], 1, "what is shared is not of the release");
    let arguments = ["--source", "source", "--share"];
    place.fails(&[&arguments[..], &["gone"]].concat(), 1, "shared-missing");
    place.fails(&[&arguments[..], &["../x"]].concat(), 2, "usage");
    let replaced = ["uploads", "--build", "rm uploads; mkdir uploads"];
    place.fails(&[&arguments[..], &replaced].concat(), 1, "share-replaced");
}

#[test]
fn unchanged_files_are_shared_and_can_then_not_be_written() {
    let place = Place::new();
    place.file("source/same", "the same");
    place.file("source/other", "one");
    let first = place.stage(&["--link-dest", "previous"]);
    assert_eq!(first["linked"], 0);
    // A checkout is new in its times, and the content decides.
    place.file("source/same", "the same");
    place.file("source/other", "two");
    let second = place.stage(&["--link-dest", "previous"]);
    assert_eq!(
        (&second["linked"], &second["copied"]),
        (&json!(1), &json!(1))
    );
    let inode =
        |report: &Value, name: &str| fs::metadata(path_of(report).join(name)).unwrap().ino();
    assert_eq!(inode(&first, "same"), inode(&second, "same"));
    assert_ne!(inode(&first, "other"), inode(&second, "other"));
    assert_eq!(read(&first, "other"), "one");
    for name in ["same", "other"] {
        assert_eq!(mode(&path_of(&second).join(name)) & 0o222, 0);
    }
    let arguments = ["--source", "source", "--link-dest"];
    place.fails(&[&arguments[..], &["gone"]].concat(), 1, "no-such-release");
}

#[test]
fn files_that_may_be_written_are_never_shared() {
    let place = Place::new();
    place.file("source/same", "the same");
    let first = place.stage(&["--name", "r1"]);
    let second = place.stage(&["--link-dest", "r1"]);
    assert_eq!(second["linked"], 0);
    assert_eq!(
        mode(&path_of(&first).join("same")) & 0o200,
        0o200,
        "the older one is untouched"
    );
}

#[test]
fn what_cannot_be_is_said_before_anything_is_done() {
    let place = Place::new();
    place.file("source/main", "x");
    place.file("file", "x");
    place.fails(&[], 2, "usage");
    place.fails(&["--source", "gone"], 1, "no-source");
    place.fails(&["--source", "file"], 1, "no-source");
    place.fails(
        &["--source", "source", "--name", "../x"],
        2,
        "bad-release-name",
    );
    place.fails(&["--source", "source", "--branch", "main"], 2, "usage");
    place.fails(&["--source", "source", "--git", "x"], 2, "usage");
    place.fails(&["--in-place", "source"], 1, "not-a-working-tree");
    place.fails(&["--source", "source", "--build"], 1, "no-command");
}

#[test]
fn a_dry_run_says_what_would_be_and_makes_nothing() {
    let place = Place::new();
    place.file("source/index.html", "hello");
    place.file("source/node_modules/x", "x");
    let (exit, dry, _) = place.run(&[
        "--source",
        "source",
        "--name",
        "r1",
        "--build",
        "touch built",
        "--dry-run",
    ]);
    assert_eq!(exit, 0, "{dry}");
    assert_eq!(
        (&dry["files"], &dry["bytes"], &dry["kind"]),
        (&json!(1), &json!(5), &json!("static"))
    );
    assert_eq!(
        (&dry["release"], &dry["dryRun"]),
        (&json!("r1"), &json!(true))
    );
    assert!(names(&place.path("app")).is_empty());
    place.fails(
        &["--source", "source", "--share", "x", "--dry-run"],
        1,
        "shared-missing",
    );
    symlink("/etc/passwd", place.path("source/leak")).unwrap();
    place.fails(&["--source", "source", "--dry-run"], 1, "link-outside");
    assert!(names(&place.path("app")).is_empty());
}
