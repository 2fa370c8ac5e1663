//! Killed in the middle of a mirror: the next command has the tree at what is live.
//!
//! No time decides anything: a filter of the tree's own stops git while it writes a committed file, until the test lets it.

use crate::checkout::Checkout;
use crate::runbook::held::{parent, until_gone};
use crate::runbook::{Gate, Held, deploy_state};
use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::Signal;
use slipway_tests::{Fixture, kill, until};
use std::fs::{self, File};

/// Version 1 is live, and a mirror of version 2 will stop in the middle of its files.
pub(crate) fn held_at_a_file(fixture: &Fixture) -> (Checkout<'_>, Gate) {
    let checkout = Checkout::deployed(fixture);
    let (gate, wait) = Gate::command(fixture);
    // What is checked out for a build passes by.
    let filter = format!(
        "sh -c 'test -z \"$SLIPWAY_WORKING_TREE\" || test -e {0}/passed || {{ touch {0}/passed; {wait}; }}; cat'",
        fixture.directory.display()
    );
    checkout.git("tree", &["config", "filter.gate.smudge", &filter]);
    checkout.git("tree", &["config", "filter.gate.clean", "cat"]);
    checkout.write("author/.gitattributes", "/behaviour filter=gate\n");
    checkout.commit("2", "healthy");
    checkout.write("author/behaviour", "healthy\nhealth-status=200\n");
    checkout.push();
    (checkout, gate)
}

/// Version 2 is live: the filter has let it pass, and stops the way back.
pub(crate) fn held_on_the_way_back(checkout: &Checkout<'_>) {
    let passed = checkout.fixture.directory.join("passed");
    fs::write(&passed, "").unwrap();
    checkout.deploys("2");
    fs::remove_file(&passed).unwrap();
    checkout.git("tree", &["config", "filter.gate.required", "false"]);
    checkout.write("tree/.git/info/attributes", "/behaviour filter=gate\n");
}

pub(crate) fn runbook() -> String {
    let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/deploy-in-place");
    format!("{scripts} \"$DEPLOY_APP\"")
}

/// The git that is at work, by the process that waits in its filter, and the tool above it.
pub(crate) fn above(filter: u32) -> (u32, u32) {
    let is = |pid: u32, word: &str| {
        fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == word)
    };
    let (mut pid, mut git) = (filter, 0);
    loop {
        pid = parent(pid);
        assert!(pid > 1, "nobody is above {filter}");
        if is(pid, "git") {
            git = pid;
        }
        if is(pid, "release-swap") {
            return (git, pid);
        }
    }
}

on_each!(
    everything_killed_in_the_middle_is_undone_by_recover,
    |fixture| {
        let (checkout, gate) = held_at_a_file(&fixture);
        let one = checkout.head();
        let deploy = Held::command_with(&fixture, &runbook(), &gate, false, &[]);
        let (git, tool) = above(gate.reached());
        deploy.signal_all(Signal::SIGKILL);
        until_gone(tool);
        assert!(fs::read_to_string(checkout.tree.join(".git/slipway/mirroring.json")).is_ok());
        assert_eq!(
            fs::read_to_string(checkout.tree.join("VERSION"))
                .unwrap()
                .trim(),
            "2",
            "half of it is there"
        );
        // git has outlived its tool, and would go on once it is let.
        let recovered = deploy_state(&fixture, &["recover"], 0);
        assert_eq!(recovered.text("/outcome"), "aborted");
        until_gone(git);
        checkout.holds("1");
        assert_eq!(checkout.head(), one);
        gate.open();
        deploy.finish(137);
        checkout.holds("1");
        assert_eq!(
            deploy_state(&fixture, &["recover"], 0).at("/changed"),
            false
        );
        checkout.deploys("2");
    }
);

on_each!(
    everything_killed_in_the_middle_is_undone_by_the_next_deploy,
    |fixture| {
        let (checkout, gate) = held_at_a_file(&fixture);
        let deploy = Held::command_with(&fixture, &runbook(), &gate, false, &[]);
        let (_, tool) = above(gate.reached());
        deploy.signal_all(Signal::SIGKILL);
        until_gone(tool);
        gate.open();
        deploy.finish(137);
        checkout.deploys("2");
    }
);

on_each!(a_tool_killed_in_the_middle_is_rolled_back, |fixture| {
    let (checkout, gate) = held_at_a_file(&fixture);
    let one = checkout.head();
    let deploy = Held::command_with(&fixture, &runbook(), &gate, true, &[]);
    let (git, tool) = above(gate.reached());
    kill(tool, Signal::SIGKILL);
    until_gone(git);
    let ended = deploy.finish(1);
    assert_eq!(ended.text("/outcome"), "aborted", "{}", ended.report);
    checkout.holds("1");
    assert_eq!(checkout.head(), one);
    gate.open();
    checkout.deploys("2");
});

on_each!(a_git_killed_in_the_middle_is_rolled_back, |fixture| {
    let (checkout, gate) = held_at_a_file(&fixture);
    let deploy = Held::command_with(&fixture, &runbook(), &gate, true, &[]);
    let (git, _) = above(gate.reached());
    kill(git, Signal::SIGKILL);
    let ended = deploy.finish(1);
    assert_eq!(ended.text("/outcome"), "aborted", "{}", ended.report);
    checkout.holds("1");
    gate.open();
    checkout.deploys("2");
});

on_each!(a_rollback_killed_in_the_middle_is_finished, |fixture| {
    let (checkout, gate) = held_at_a_file(&fixture);
    let one = checkout.head();
    held_on_the_way_back(&checkout);
    let rollback = format!(
        "{}/rollback --app \"$DEPLOY_APP\"",
        slipway_tests::binaries().display()
    );
    let back = Held::command_with(&fixture, &rollback, &gate, false, &[]);
    gate.reached();
    back.signal_all(Signal::SIGKILL);
    back.finish(137);
    let recovered = deploy_state(&fixture, &["recover"], 0);
    assert_eq!(recovered.text("/outcome"), "rolled-back");
    checkout.holds("1");
    assert_eq!(checkout.head(), one);
});

on_each!(
    a_rollback_killed_before_its_stop_is_finished_and_the_bad_one_does_not_go_on,
    |fixture| {
        let checkout = Checkout::deployed(&fixture);
        let one = checkout.head();
        checkout.commit("2", "healthy");
        checkout.deploys("2");
        // As long as the tree is somebody's the rollback has been announced and has not touched anything.
        let lock = File::open(checkout.tree.join(".git/slipway/lock")).unwrap();
        let lock = Flock::lock(lock, FlockArg::LockExclusive).unwrap();
        let rollback = fixture.tool("rollback").no_report().stderr_any().spawn();
        until("the rollback is announced", || {
            checkout.state()["status"] == "rolling-back"
        });
        kill(rollback.pid(), Signal::SIGKILL);
        rollback.finish(137);
        drop(lock);
        fixture.until_version("2");
        let recovered = deploy_state(&fixture, &["recover"], 0);
        assert_eq!(recovered.text("/outcome"), "rolled-back");
        checkout.holds("1");
        assert_eq!(checkout.head(), one);
    }
);

on_each!(
    what_began_before_the_tree_was_changed_is_replaced,
    |fixture| {
        let checkout = Checkout::deployed(&fixture);
        checkout.commit("2", "healthy");
        for (tool, arguments) in [("release-stage", &[][..]), ("release-swap", &["--newest"])] {
            let tool = fixture.tool(tool).args(arguments);
            tool.no_report().stderr_any().run(0);
        }
        fixture.until_version("1");
        let started = fixture.tool("service-start").stderr_any().run(0);
        assert_eq!(started.at("/changed"), true);
        checkout.holds("2");
    }
);
