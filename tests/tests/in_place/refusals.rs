//! What keeps a deploy out, before anything that serves was touched.

use crate::checkout::Checkout;
use crate::runbook::deploy_state;
use slipway_tests::{Ended, Fixture, Supervisor};
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
    // What lies in the tree is what is live: it says nothing of the build.
    let log = ended.text("/log");
    assert_eq!(ended.text("/error/hint"), format!("less {log}"));
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
    let ended = is_refused(&checkout, "pre-flight checks failed");
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

/// Typed by hand, without a word of what the runbook deploys, it says what the deploy would.
#[test]
fn preflight_by_hand_looks_at_the_tree_that_would_be_deployed() {
    let Some(fixture) = Fixture::on(Supervisor::Process) else {
        return;
    };
    let checkout = Checkout::deployed(&fixture);
    let says = |check: &str, status: &str, words: &str| {
        let preflight = fixture.tool("preflight").args(["--only", check]);
        let ended = preflight.stderr_any().run(i32::from(status == "fail"));
        let checks = ended.at("/checks").as_array().unwrap();
        let found = checks.iter().find(|found| found["name"] == check).unwrap();
        assert_eq!(found["status"], status, "{}", ended.report);
        let message = found["message"].as_str().unwrap();
        assert!(
            message.contains(words),
            "{message:?} does not say {words:?}"
        );
    };
    let tree = checkout.tree.to_str().unwrap();
    says("git", "pass", tree);
    says("branch", "pass", "on main");
    // A command of the application's own runs there, wherever one stands.
    fixture.configure("PREFLIGHT_RUN", "built=test -e dist/built");
    says("run:built", "pass", "ended with 0");

    // Somebody pulls by hand: nothing is lost by it, and yet nobody knows what runs.
    let live = checkout.head();
    checkout.commit("2", "healthy");
    checkout.git("tree", &["pull", "--quiet"]);
    says("git", "warn", "by hand");
    checkout.git("tree", &["reset", "--quiet", "--keep", &live]);
    says("git", "pass", tree);

    fixture.configure("RELEASE_STAGE_SHARE", "var/cache");
    says("layout", "fail", "var/cache to share");
    fs::create_dir_all(checkout.tree.join("uploads/cache")).unwrap();
    fixture.configure("RELEASE_STAGE_SHARE", "uploads/cache");
    says("layout", "pass", "is live");

    checkout.git("tree", &["switch", "--quiet", "--detach"]);
    says("git", "fail", "no branch is checked out");
    fixture.configure("RELEASE_STAGE_BRANCH", "main");
    says("git", "pass", tree);
    checkout.git(
        "tree",
        &["commit", "--quiet", "--allow-empty", "-m", "at night"],
    );
    says("git", "fail", "at night");
}

/// The `PATH` with the runbooks on it.
fn with_scripts() -> String {
    let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts");
    let tools = slipway_tests::binaries();
    let path = std::env::var("PATH").unwrap();
    format!("{scripts}:{}:{path}", tools.display())
}

/// A check of one supervisor is one of all where nothing of it is touched.
fn deployed(fixture: &Fixture) -> Checkout<'_> {
    let checkout = Checkout::deployed(fixture);
    checkout.commit("2", "healthy");
    checkout.deploys("2");
    checkout
}

#[test]
fn a_commit_that_was_marked_bad_is_deployed_again_by_force_alone() {
    let Some(fixture) = Fixture::on(Supervisor::Process) else {
        return;
    };
    let checkout = deployed(&fixture);
    let bad = fixture.selected().unwrap();
    fixture.tool("rollback").stderr_any().run(0);
    let ended = is_refused(&checkout, "the release could not be made");
    let looks = format!("deploy-state --app {} history", fixture.app().display());
    assert_eq!(ended.text("/error/hint"), looks);
    for word in [bad.as_str(), "deploy-in-place --force "] {
        assert!(ended.stderr.contains(word), "{}", ended.stderr);
    }
    // Wherever else the commit comes from.
    let remote = fixture.directory.join("remote.git");
    let git = fixture
        .tool("release-stage")
        .args(["--git", remote.to_str().unwrap()]);
    let git = git.env("RELEASE_STAGE_IN_PLACE", "");
    assert_eq!(git.stderr_any().run(1).error_code(), "known-bad");
    let forced = format!("exec deploy-in-place --force {}", fixture.app().display());
    let forced = fixture.shell(&forced).env("PATH", with_scripts());
    forced.stderr_any().run(0);
    checkout.holds("2");
    // What was judged last counts.
    let again = checkout.deploy(0);
    assert_eq!(again.at("/changed"), false);
}

#[test]
fn what_is_live_is_not_deployed_again() {
    let Some(fixture) = Fixture::on(Supervisor::Process) else {
        return;
    };
    let checkout = deployed(&fixture);
    let before = (pid(&fixture), fixture.selected());
    let ended = checkout.deploy(0);
    assert_eq!(ended.at("/changed"), false, "{}", ended.report);
    assert!(ended.stderr.contains("nothing to do"), "{}", ended.stderr);
    // Whoever follows it from elsewhere is told the same.
    let followed = deploy_state(&fixture, &["wait"], 0);
    assert_eq!(followed.text("/outcome"), "aborted");
    assert_eq!((pid(&fixture), fixture.selected()), before);
    assert_eq!(checkout.state()["status"], "idle");
    // What is missing in the tree is something to do, and so is a service that has begun before the tree was put right.
    fs::remove_dir_all(checkout.tree.join("dist")).unwrap();
    let ended = checkout.deploy(0);
    assert_eq!(ended.at("/changed"), true, "{}", ended.report);
    checkout.holds("2");
    assert_ne!(fixture.selected(), before.1);
}

#[test]
fn another_kinds_runbook_is_refused_and_the_right_one_named() {
    let Some(fixture) = Fixture::on(Supervisor::Process) else {
        return;
    };
    let checkout = deployed(&fixture);
    let before = (pid(&fixture), fixture.selected());
    let ended = fixture.runbook("deploy").run(2);
    let own = format!("deploy-in-place {}", fixture.app().display());
    assert!(ended.stderr.contains(&own), "{}", ended.stderr);
    assert_eq!((pid(&fixture), fixture.selected()), before);
    // The hints know it, too.
    let frozen = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let frozen = frozen.iter().flat_map(|day| ["--freeze", day]);
    let preflight = fixture
        .tool("preflight")
        .args(["--only", "freeze", "--git"]);
    let preflight = preflight.arg(&checkout.tree);
    let checked = preflight.args(frozen).args(["--time-zone", "UTC"]);
    let checked = checked.stderr_any().run(1);
    let message = checked.text("/error/message");
    assert!(message.contains("deploy-in-place --force"), "{message}");
    checkout.deploy(0);
}
