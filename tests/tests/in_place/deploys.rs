//! A good commit goes live, a bad one is rejected, and the way back leads to the commit before.

use crate::checkout::Checkout;
use std::fs;

/// What a rejected deploy leaves.
fn is_rejected(checkout: &Checkout<'_>, version: &str, behaviour: &str, old: &str) {
    let before = (checkout.head(), checkout.fixture.selected());
    let commit = checkout.commit(version, behaviour);
    let ended = checkout.deploy(1);
    assert_eq!(ended.text("/outcome"), "rolled-back", "{}", ended.report);
    checkout.holds(old);
    assert_eq!((checkout.head(), checkout.fixture.selected()), before);
    let state = checkout.state();
    assert_eq!(state["status"], "idle");
    let newest = state["releases"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert_eq!(newest["verdict"], "bad");
    assert_eq!(newest["commit"], commit);
}

on_each!(a_commit_goes_live_and_bad_ones_are_rejected, |fixture| {
    let checkout = Checkout::new(&fixture);
    let first = checkout.head();
    checkout.commit("1", "healthy");
    checkout.deploys("1");
    let state = checkout.state();
    assert_eq!(state["kind"], "in-place");
    // What was checked out before has become a release: there is a way back from the first deploy.
    assert_eq!(state["releases"][0]["commit"], first);
    let two = checkout.commit("2", "healthy");
    checkout.deploys("2");
    assert_eq!(checkout.head(), two);
    is_rejected(&checkout, "3", "crash", "2");
    is_rejected(&checkout, "4", "health-status=500", "2");
    checkout.commit("5", "healthy");
    checkout.deploys("5");
});

on_each!(the_first_deploy_has_a_way_back, |fixture| {
    let checkout = Checkout::new(&fixture);
    let first = checkout.head();
    checkout.commit("1", "health-status=500");
    let ended = checkout.deploy(1);
    assert_eq!(ended.text("/outcome"), "rolled-back", "{}", ended.report);
    checkout.holds("0");
    assert_eq!(checkout.head(), first);
});

on_each!(by_hand_it_goes_back_and_forward_again, |fixture| {
    let checkout = Checkout::deployed(&fixture);
    let one = checkout.head();
    checkout.commit("2", "healthy");
    checkout.deploys("2");
    let rolled_back = |arguments: &[&str], exit| {
        fixture
            .tool("rollback")
            .args(arguments)
            .stderr_any()
            .run(exit)
    };
    let refused = rolled_back(&["--kind", "release"], 1);
    assert_eq!(refused.error_code(), "other-kind");
    let back = rolled_back(&["--kind", "in-place"], 0);
    assert_eq!(back.at("/rolledBack"), true);
    checkout.holds("1");
    assert_eq!(checkout.head(), one);
    // Nothing was built for it: its release lay there.
    assert_eq!(checkout.state()["releases"].as_array().unwrap().len(), 3);
    rolled_back(&["--to", "HEAD"], 1);
    let newest = checkout.state()["releases"][2]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    // It was left as bad; a person has gone there, and it was seen well.
    let forward = rolled_back(&["--to", &newest], 0);
    assert!(forward.stderr.contains("marked good"), "{}", forward.stderr);
    checkout.holds("2");
    assert_eq!(checkout.state()["releases"][2]["verdict"], "good");
    assert_eq!(checkout.deploy(0).at("/changed"), false);
});

on_each!(without_a_version_before_there_is_no_way_back, |fixture| {
    let checkout = Checkout::new(&fixture);
    fixture.configure("RELEASE_STAGE_NO_ADOPT", "yes");
    checkout.commit("1", "healthy");
    checkout.deploys("1");
    let refused = fixture.tool("rollback").stderr_any().run(1);
    assert_eq!(refused.error_code(), "no-target");
    checkout.holds("1");
});

on_each!(
    the_commit_before_is_the_validated_one_whatever_was_pulled,
    |fixture| {
        let checkout = Checkout::deployed(&fixture);
        let one = checkout.head();
        checkout.commit("2", "healthy");
        checkout.git("tree", &["pull", "--quiet"]);
        assert_ne!(checkout.head(), one);
        let three = checkout.commit("3", "health-status=500");
        let script =
            "deploy-state step build -- release-stage >/dev/null && deploy-state show >shown";
        let deploying = fixture
            .tool("deploy-state")
            .args(["run", "--", "sh", "-c", script]);
        deploying.stderr_any().run(0);
        let shown = fs::read_to_string(fixture.directory.join("shown")).unwrap();
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(shown["state"]["previousCommit"], one);
        assert_eq!(shown["state"]["currentCommit"], three);
        // Rejected, it comes back to what was validated, not to what was pulled.
        checkout.deploy(1);
        checkout.holds("1");
        assert_eq!(checkout.head(), one);
    }
);

on_each!(pruning_lets_go_of_the_commits_too, |fixture| {
    let checkout = Checkout::deployed(&fixture);
    fixture.configure("RELEASE_PRUNE_KEEP", "2");
    for version in ["2", "3", "4"] {
        checkout.commit(version, "healthy");
        checkout.deploys(version);
    }
    let releases: Vec<String> = fs::read_dir(fixture.root.join("releases"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(releases.len(), 2);
    let kept = checkout.git(
        "tree",
        &[
            "for-each-ref",
            "--format=%(refname:lstrip=2)",
            "refs/slipway",
        ],
    );
    let mut kept: Vec<&str> = kept.lines().collect();
    kept.sort_unstable();
    let mut releases: Vec<&str> = releases.iter().map(String::as_str).collect();
    releases.sort_unstable();
    assert_eq!(kept, releases);
});
