//! `current` that is not what a switch made.

use crate::acts::Minds;
use crate::common::NEXT;
use crate::each_refuses;
use slipway_tests::Fixture;
use std::fs;
use std::os::unix::fs::symlink;

fn without_link(fixture: &Fixture) -> std::path::PathBuf {
    let link = fixture.root.join("current");
    fs::remove_file(&link).unwrap();
    link
}

#[test]
fn a_current_that_is_a_directory_is_never_replaced() {
    let damage = |fixture: &Fixture| {
        let link = without_link(fixture);
        fs::rename(fixture.root.join("releases").join(NEXT), link).unwrap();
    };
    each_refuses(
        Minds::Link,
        damage,
        |tool| tool,
        (1, "current-not-a-link"),
        "/root/current",
    );
}

#[test]
fn a_current_that_is_a_file_is_never_replaced() {
    let damage = |fixture: &Fixture| fs::write(without_link(fixture), "mine").unwrap();
    each_refuses(
        Minds::Link,
        damage,
        |tool| tool,
        (1, "current-not-a-link"),
        "/root/current",
    );
}

#[test]
fn a_current_that_leads_elsewhere_is_nobodys_to_change() {
    let damage = |fixture: &Fixture| {
        let elsewhere = fixture.directory.join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        symlink(elsewhere, without_link(fixture)).unwrap();
    };
    each_refuses(
        Minds::Link,
        damage,
        |tool| tool,
        (1, "current-outside"),
        "elsewhere",
    );
}

/// A release that is itself a link out of the tree does not make what it leads to a release.
#[test]
fn a_current_that_leads_elsewhere_through_a_release_is_seen_through() {
    let damage = |fixture: &Fixture| {
        let elsewhere = fixture.directory.join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        symlink(elsewhere, fixture.root.join("releases/20260103-000000")).unwrap();
        symlink("releases/20260103-000000", without_link(fixture)).unwrap();
    };
    each_refuses(
        Minds::Link,
        damage,
        |tool| tool,
        (1, "current-outside"),
        "elsewhere",
    );
}
