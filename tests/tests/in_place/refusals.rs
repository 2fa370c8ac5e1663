//! What keeps a deploy out, before anything that serves was touched.

use crate::checkout::Checkout;
use slipway_tests::{Ended, Fixture};
use std::fs;

/// The deploy ends with 1, and nothing has changed.
fn is_refused(checkout: &Checkout<'_>, why: &str) -> Ended {
    let before = (
        checkout.head(),
        checkout.fixture.selected(),
        pid(checkout.fixture),
    );
    let ended = checkout.deploy(1);
    assert_eq!(ended.text("/outcome"), "aborted", "{}", ended.report);
    assert_eq!(ended.text("/why"), why);
    assert_eq!(
        before,
        (
            checkout.head(),
            checkout.fixture.selected(),
            pid(checkout.fixture)
        )
    );
    assert_eq!(checkout.state()["status"], "idle");
    ended
}

/// The process that answers.
fn pid(fixture: &Fixture) -> Option<String> {
    let answer = fixture.get("/health")?;
    Some(answer.at("/pid").to_string())
}

on_each!(a_build_that_fails_changes_nothing, |fixture| {
    let checkout = Checkout::deployed(&fixture);
    checkout.write("author/BROKEN", "");
    checkout.commit("2", "healthy");
    let ended = is_refused(&checkout, "the release could not be made");
    assert!(ended.stderr.contains("build failed"), "{}", ended.stderr);
    checkout.holds("1");
    assert_eq!(checkout.state()["releases"].as_array().unwrap().len(), 2);
    fs::remove_file(fixture.directory.join("author/BROKEN")).unwrap();
    checkout.commit("3", "healthy");
    checkout.deploys("3");
});

on_each!(a_dirty_tree_keeps_a_deploy_out_and_is_named, |fixture| {
    let checkout = Checkout::deployed(&fixture);
    checkout.commit("2", "healthy");
    checkout.write("tree/VERSION", "hot fix\n");
    let ended = is_refused(&checkout, "pre-flight checks failed");
    assert!(ended.stderr.contains("M VERSION"), "{}", ended.stderr);
    // Not even forced.
    let app = fixture.app();
    let forced = format!("exec deploy-in-place --force {}", app.display());
    let forced = fixture
        .shell(&forced)
        .env("PATH", with_scripts())
        .stderr_any()
        .run(1);
    assert_eq!(forced.text("/why"), "the release could not be made");
    assert_eq!(
        fs::read_to_string(checkout.tree.join("VERSION")).unwrap(),
        "hot fix\n"
    );
    checkout.git("tree", &["checkout", "--quiet", "VERSION"]);
    checkout.deploys("2");
});

on_each!(commits_that_would_be_lost_keep_a_deploy_out, |fixture| {
    let checkout = Checkout::deployed(&fixture);
    checkout.write("tree/behaviour", "healthy\n\n");
    checkout.git(
        "tree",
        &[
            "commit",
            "--quiet",
            "--all",
            "--allow-empty",
            "-m",
            "fixed at night",
        ],
    );
    checkout.commit("2", "healthy");
    let ended = is_refused(&checkout, "the release could not be made");
    assert!(ended.stderr.contains("fixed at night"), "{}", ended.stderr);
    checkout.git("tree", &["branch", "kept"]);
    checkout.deploys("2");
});

on_each!(
    what_lies_in_the_way_is_found_before_the_service_is_stopped,
    |fixture| {
        let checkout = Checkout::deployed(&fixture);
        checkout.write("author/.env", "theirs");
        checkout.git("author", &["add", "--force", ".env"]);
        checkout.commit("2", "healthy");
        let ended = is_refused(&checkout, "the working tree cannot take the release");
        assert!(ended.stderr.contains(".env"), "{}", ended.stderr);
        checkout.holds("1");
    }
);

/// The `PATH` with the runbooks on it.
fn with_scripts() -> String {
    let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts");
    let tools = slipway_tests::binaries();
    let path = std::env::var("PATH").unwrap();
    format!("{scripts}:{}:{path}", tools.display())
}
