//! Releases from real git repositories.

use crate::support::{Place, finish, names, read};
use serde_json::json;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

fn git(place: &Place, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(place.path("source"))
        .args([
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@example.org",
            "-c",
            "protocol.file.allow=always",
        ])
        .args(arguments)
        .env("HOME", place.path(""))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A repository with two commits: `v1`, a tag of the first, and `main` with `topic` at the second.
fn repository() -> (Place, String, String) {
    let place = Place::new();
    git(&place, &["init", "--quiet", "--initial-branch=main"]);
    let commit = |content: &str| {
        place.file("source/version", content);
        git(&place, &["add", "--all"]);
        git(&place, &["commit", "--quiet", "--message", content]);
        git(&place, &["rev-parse", "HEAD"])
    };
    let first = commit("one");
    git(&place, &["tag", "--annotate", "--message", "first", "v1"]);
    let second = commit("two");
    git(&place, &["branch", "topic"]);
    (place, first, second)
}

#[test]
fn branch_tag_and_commit_lead_to_their_trees_and_no_git_is_left() {
    let (place, first, second) = repository();
    // What was never committed is in no release.
    place.file("source/uncommitted", "x");
    for (arguments, commit, content) in [
        (&[][..], &second, "two"),
        (&["--branch", "topic"], &second, "two"),
        (&["--tag", "v1"], &first, "one"),
        (&["--commit", &first], &first, "one"),
        (&["--commit", &first[..9]], &first, "one"),
    ] {
        let arguments = [&["--git", "source"], arguments].concat();
        let (exit, report, said) = place.run(&arguments);
        assert_eq!(
            (exit, &report["commit"]),
            (0, &json!(commit)),
            "{report}\n{said}"
        );
        assert_eq!(read(&report, "version"), content);
        let path = report["path"].as_str().unwrap();
        assert_eq!(names(Path::new(path)), [".release.json", "version"]);
        assert_eq!(
            place.state()["releases"]
                .as_array()
                .unwrap()
                .last()
                .unwrap()["commit"],
            json!(commit)
        );
    }
    assert_eq!(
        place.releases().len(),
        5,
        "nothing else is left: {:?}",
        place.releases()
    );
}

#[test]
fn what_the_repository_does_not_have_is_said_to_be_missing() {
    let (place, ..) = repository();
    let none = "0123456789012345678901234567890123456789";
    for arguments in [
        ["--branch", "gone"],
        ["--tag", "gone"],
        ["--commit", none],
        ["--commit", "gone"],
    ] {
        let arguments = [&["--git", "source"][..], &arguments].concat();
        place.fails(&arguments, 1, "no-such-revision");
    }
    let report = place.fails(&["--git", "nowhere"], 3, "git-failed");
    assert!(
        report["error"]["message"]
            .as_str()
            .unwrap()
            .contains("nowhere")
    );
    place.fails(&["--git", "--upload-pack=true"], 2, "usage");
}

#[test]
fn a_link_out_of_the_checkout_is_refused_and_what_is_excluded_is_not_there() {
    let (place, ..) = repository();
    symlink("/etc/passwd", place.path("source/leak")).unwrap();
    place.file("source/docs/x.md", "x");
    place.file("source/node_modules/committed", "on purpose");
    git(&place, &["add", "--all"]);
    git(&place, &["commit", "--quiet", "--message", "leak"]);
    place.fails(&["--git", "source"], 1, "link-outside");
    let (exit, report, _) =
        place.run(&["--git", "source", "--exclude", "leak", "--exclude", "docs"]);
    assert_eq!(exit, 0, "{report}");
    let path = report["path"].as_str().unwrap();
    assert_eq!(
        names(Path::new(path)),
        [".release.json", "node_modules", "version"]
    );
}

#[test]
fn submodules_come_along_without_their_git() {
    let (place, ..) = repository();
    let inner = place.path("inner");
    let status = Command::new("git")
        .args(["clone", "--quiet"])
        .arg(place.path("source"))
        .arg(&inner)
        .status();
    assert!(status.unwrap().success());
    git(
        &place,
        &[
            "submodule",
            "--quiet",
            "add",
            inner.to_str().unwrap(),
            "part",
        ],
    );
    git(&place, &["commit", "--quiet", "--message", "part"]);
    let mut command = place.command(&["--git", "source"]);
    // git lets no submodule come from a path by itself.
    command.env("GIT_ALLOW_PROTOCOL", "file");
    let (exit, report, said) = finish(command.spawn().unwrap());
    assert_eq!(exit, 0, "{report}\n{said}");
    assert_eq!(read(&report, "part/version"), "two");
    let path = Path::new(report["path"].as_str().unwrap());
    assert!(!path.join("part/.git").exists());
    assert_eq!(place.releases().len(), 1);
}

#[test]
fn a_caller_that_is_run_by_git_does_not_lead_us_into_its_repository() {
    let (place, first, _) = repository();
    let mut command = place.command(&["--git", "source", "--tag", "v1"]);
    command
        .env("GIT_DIR", "/nowhere")
        .env("GIT_INDEX_FILE", "/nowhere/index");
    let (exit, report, said) = finish(command.spawn().unwrap());
    assert_eq!((exit, &report["commit"]), (0, &json!(first)), "{said}");
    assert_eq!(
        fs::read_to_string(place.path("source/version")).unwrap(),
        "two"
    );
}
