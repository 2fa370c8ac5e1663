//! Names of releases that lead elsewhere.

use crate::common::tree::Tree;
use crate::common::{LIVE, NEXT, each, run};
use crate::{refused, settled};
use slipway_tests::Fixture;
use std::fs;
use std::os::unix::fs::symlink;

/// Where a tool is told the name of a release that is there. A `{}` stands for the name.
const NAMED: &[(&str, &[&str])] = &[
    ("release-swap", &["{}"]),
    ("release-swap", &["--dry-run", "{}"]),
    ("rollback", &["--to", "{}"]),
    ("rollback", &["--dry-run", "--to", "{}"]),
    ("healthwait", &["--timeout", "1s", "--release", "{}"]),
    ("deploy-state", &["mark", "{}", "good"]),
    ("deploy-state", &["mark", "{}", "pinned"]),
    (
        "release-stage",
        &["--source", "sources/new", "--link-dest", "{}"],
    ),
];
/// And where the name of one that is to be.
const TO_BE: &[(&str, &[&str])] = &[
    (
        "release-stage",
        &["--source", "sources/new", "--name", "{}"],
    ),
    ("deploy-state", &["begin", "--release", "{}"]),
];

/// A place with something outside that must stay as it is, and a source to stage from.
fn place() -> Fixture {
    let fixture = settled();
    let outside = fixture.directory.join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("VERSION"), "not ours\n").unwrap();
    fixture.source("new", "3", "healthy");
    fixture
}

fn words(words: &[&str], release: &str) -> Vec<String> {
    words
        .iter()
        .map(|word| word.replace("{}", release))
        .collect()
}

#[test]
fn a_name_that_leads_elsewhere_is_no_name() {
    let fixture = place();
    each(NAMED.iter().chain(TO_BE), |(tool, line)| {
        let outside = fixture.directory.join("outside");
        let absolute = outside.to_str().unwrap();
        let through = format!("{LIVE}/../{LIVE}");
        each(
            [
                "..",
                ".",
                "../../outside",
                "a/b",
                absolute,
                &through,
                ".hidden",
                "a\nb",
            ],
            |name| {
                let before = Tree::of(&fixture.directory);
                let ended = refused(
                    fixture.tool(tool).args(words(line, name)),
                    2,
                    "bad-release-name",
                );
                let message = ended.text("/error/message");
                assert!(!message.contains('\n'), "{message:?}");
                Tree::of(&fixture.directory).must_be(&before, name);
            },
        );
    });
}

#[test]
fn a_release_that_is_a_link_out_of_the_tree_is_none() {
    let fixture = place();
    let releases = fixture.root.join("releases");
    symlink(
        fixture.directory.join("outside"),
        releases.join("20260103-000000"),
    )
    .unwrap();
    symlink("../../outside", releases.join("20260104-000000")).unwrap();
    // Nor is one that leads to another release: two names for one would outlive each other.
    symlink(LIVE, releases.join("20260105-000000")).unwrap();
    let before = Tree::of(&fixture.directory);
    each(NAMED, |(tool, line)| {
        each(
            ["20260103-000000", "20260104-000000", "20260105-000000"],
            |name| {
                let before = Tree::of(&fixture.directory);
                let ended = refused(
                    fixture.tool(tool).args(words(line, name)),
                    1,
                    "release-outside",
                );
                let message = ended.text("/error/message");
                assert!(message.contains(name), "{message:?}");
                Tree::of(&fixture.directory).must_be(&before, name);
            },
        );
    });
    // The newest is the newest release, not the newest name.
    let told = fixture.tool("release-swap").args(["--dry-run", "--newest"]);
    assert_eq!(run(told, 0).text("/to"), NEXT);
    Tree::of(&fixture.directory).must_be(&before, "--dry-run --newest");
}

#[test]
fn a_release_that_is_not_there_is_none() {
    let fixture = place();
    // Whether it is one may be for the state to say, which is looked at under a lease.
    let releases = fixture.root.join("releases");
    let before = (fixture.selected(), Tree::of(&releases));
    each(NAMED, |(tool, line)| {
        let line = words(line, "20260109-000000");
        let ended = refused(fixture.tool(tool).args(line), 1, "no-such-release");
        assert!(ended.text("/error/message").contains("20260109-000000"));
        assert_eq!(fixture.selected(), before.0);
        Tree::of(&releases).must_be(&before.1, "a name of nothing");
    });
}
