//! The real binary on real trees, with real processes in them.
#![allow(clippy::unwrap_used)]

mod support;

use durable::Staging;
use serde_json::json;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use support::{Root, finish, kept};

const FIVE: &[(&str, &str)] = &[
    ("r1", "good"),
    ("r2", "good"),
    ("r3", "bad"),
    ("r4", "bad"),
    ("r5", "unknown"),
];

/// A process that ends with the test.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn the_newest_stay_failed_ones_counted_apart_and_what_is_needed_whatever_its_age() {
    let root = Root::with(FIVE);
    root.live("r5");
    let (exit, report, _) = root.run(&["--keep", "1"]);
    assert_eq!(exit, 0, "{report}");
    assert_eq!(
        kept(&report),
        [
            ("r5", "current"),
            ("r4", "newest-failed"),
            ("r2", "last-good")
        ]
    );
    assert_eq!(report["removed"], json!(["r3", "r1"]));
    assert!(report["freedBytes"].as_u64().unwrap() >= 2 * 8192);
    assert_eq!(root.releases(), ["r2", "r4", "r5"]);
    let known: Vec<_> = root.state()["releases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].clone())
        .collect();
    assert_eq!(known, ["r2", "r4", "r5"]);
    assert_eq!(root.state()["status"], "idle");
    let history = fs::read_to_string(root.path("deploy-history.jsonl")).unwrap();
    assert_eq!(history.matches("\"pruned\"").count(), 1);
}

#[test]
fn a_dry_run_says_the_same_and_removes_nothing() {
    let root = Root::with(FIVE);
    root.live("r5");
    let before = root.state();
    let (exit, dry, _) = root.run(&["--keep", "1", "--dry-run"]);
    assert_eq!((exit, &dry["dryRun"]), (0, &json!(true)));
    assert_eq!(root.releases().len(), 5);
    assert_eq!(root.state(), before);
    let (_, real, _) = root.run(&["--keep", "1"]);
    for field in ["kept", "removed", "freedBytes"] {
        assert_eq!(dry[field], real[field], "{field}");
    }
}

#[test]
fn what_a_living_process_has_open_stays_until_it_ends() {
    let root = Root::with(FIVE);
    root.live("r5");
    let worker = Running::start(
        Command::new("sleep")
            .arg("1000")
            .current_dir(root.path("releases/r1")),
    );
    let (_, report, said) = root.run(&["--keep", "1"]);
    assert!(kept(&report).contains(&("r1", "in-use")), "{report}");
    assert!(said.contains(&worker.0.id().to_string()), "{said}");
    assert_eq!(report["removed"], json!(["r3"]));
    drop(worker);
    let (_, report, _) = root.run(&["--keep", "1"]);
    assert_eq!(report["removed"], json!(["r1"]));
}

#[test]
fn a_pinned_one_stays() {
    let root = Root::with(FIVE);
    root.live("r5");
    root.edit(|state| state["releases"][0]["pinned"] = json!(true));
    let (_, report, _) = root.run(&["--keep", "0"]);
    assert!(kept(&report).contains(&("r1", "pinned")), "{report}");
    assert_eq!(root.releases(), ["r1", "r2", "r5"]);
}

#[test]
fn what_the_dead_left_goes_and_what_the_living_make_stays() {
    let root = Root::with(&[("r1", "good")]);
    let living = Staging::create(root.path("releases"), 0o755).unwrap();
    let dead = root.path("releases/.staging-1-0123456789abcdef");
    fs::create_dir(&dead).unwrap();
    fs::write(dead.join("half"), "x").unwrap();
    let (exit, report, _) = root.run(&[]);
    assert_eq!(exit, 0, "{report}");
    assert_eq!(report["leftovers"], json!([".staging-1-0123456789abcdef"]));
    assert!(!dead.exists());
    assert!(living.path().exists());
}

#[test]
fn strange_things_are_no_releases_and_are_not_touched() {
    let root = Root::with(&[("r1", "good"), ("r2", "good")]);
    fs::create_dir_all(root.path("outside/inner")).unwrap();
    std::os::unix::fs::symlink("../outside", root.path("releases/link")).unwrap();
    std::os::unix::fs::symlink("../../outside", root.path("releases/r1/link")).unwrap();
    fs::write(root.path("releases/file"), "x").unwrap();
    root.live("r2");
    root.edit(|state| state["releases"][0]["verdict"] = json!("bad"));
    let (_, report, _) = root.run(&["--keep", "0"]);
    assert_eq!(report["removed"], json!(["r1"]));
    assert_eq!(root.releases(), ["file", "link", "r2"]);
    assert!(root.path("outside/inner").is_dir());
    fs::remove_file(root.path("current")).unwrap();
    fs::create_dir(root.path("current")).unwrap();
    let (exit, report, _) = root.run(&["--keep", "0"]);
    assert_eq!(
        (exit, &report["error"]["code"]),
        (1, &json!("current-not-a-link"))
    );
}

#[test]
fn who_may_not_remove_all_of_a_release_removes_nothing_of_it() {
    if !nix::unistd::geteuid().is_root() {
        return left_out();
    }
    // The deploy user owns the application, and root's service wrote something into an old release.
    let (user, root) = (65_534, Root::with(FIVE));
    root.live("r5");
    fs::create_dir(root.path("releases/r1/cache")).unwrap();
    fs::write(root.path("releases/r1/cache/file"), "x").unwrap();
    fs::set_permissions(
        root.path("releases/r1/cache"),
        fs::Permissions::from_mode(0o755),
    )
    .unwrap();
    for entry in walkdir::WalkDir::new(root.path("")) {
        let entry = entry.unwrap();
        if !entry.path().starts_with(root.path("releases/r1/cache")) && !entry.path_is_symlink() {
            chown(entry.path(), Some(user), Some(user)).unwrap();
        }
    }
    // Where the build lies, that user may not come.
    let program = root.path("program");
    fs::copy(env!("CARGO_BIN_EXE_release-prune"), &program).unwrap();
    let mut command = Command::new(program);
    command
        .env_clear()
        .arg("--root")
        .arg(root.path(""))
        .args(["--keep", "1"]);
    command.uid(user).gid(user);
    let (exit, report, said) = finish(command);
    assert_eq!(
        (exit, &report["error"]["code"]),
        (3, &json!("not-removable")),
        "{report}\n{said}"
    );
    assert!(kept(&report).contains(&("r1", "not-removable")));
    assert_eq!(report["removed"], json!(["r3"]));
    assert!(root.path("releases/r1/file").exists());
    assert!(said.contains("could not be looked into"), "{said}");
}

#[allow(clippy::print_stderr, reason = "a test that is left out says so")]
fn left_out() {
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!ci, "another user's files cannot be left out");
    eprintln!("LEFT OUT: another user's files: only root can make them");
}
