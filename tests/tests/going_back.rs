//! Rollbacks that a person asks for, and those that have nowhere to go.
#![allow(clippy::unwrap_used)]

#[path = "common/tree.rs"]
mod tree;

mod deploys;

use deploys::{crash, deploy, events, last, named, prepared, serves, state, verdict, went_back};
use nix::sys::signal::Signal;
use slipway_tests::{Ended, Fixture, Supervisor, beneath, kill, on_each_quick_supervisor, until};
use std::fs;
use tree::Tree;

fn deployed(fixture: &Fixture, versions: std::ops::RangeInclusive<u32>) {
    prepared(fixture);
    for version in versions {
        deploy(fixture, version);
    }
}

fn rollback(fixture: &Fixture, arguments: &[&str], exit: i32) -> Ended {
    fixture
        .tool("rollback")
        .args(arguments)
        .stderr_any()
        .run(exit)
}

/// A rollback that changes the live release.
fn goes(fixture: &Fixture, arguments: &[&str], from: u32, to: u32) {
    let back = rollback(fixture, arguments, 0);
    assert_eq!(*back.at("/rolledBack"), true);
    assert_eq!(back.text("/from"), named(from));
    assert_eq!(back.text("/to"), named(to));
    assert_eq!(back.text("/start/proof/verdict"), "proven");
    went_back(fixture, from, to, "by hand");
}

on_each_quick_supervisor!(a_second_rollback_goes_further_back, |fixture| {
    deployed(&fixture, 1..=3);
    goes(&fixture, &[], 3, 2);
    goes(&fixture, &[], 2, 1);
    // Neither of those that were left is gone to again.
    nowhere_to_go(&fixture);
});

on_each_quick_supervisor!(with_nowhere_to_go_nothing_is_changed, |fixture| {
    deployed(&fixture, 1..=1);
    nowhere_to_go(&fixture);
});

/// Version 1 is live, and there is nothing before it.
fn nowhere_to_go(fixture: &Fixture) {
    let pid = fixture.get("/health").unwrap().at("/pid");
    let before = (
        Tree::of(&fixture.root.join("releases")),
        fixture.selected(),
        events(fixture, "rolling-back"),
    );
    let refused = rollback(fixture, &[], 1);
    assert_eq!(refused.error_code(), "no-target");
    assert!(refused.text("/error/message").contains(&named(1)));
    let pasted = format!("rollback --app {} --to", fixture.app().display());
    assert!(refused.text("/error/hint").contains(&pasted));
    Tree::of(&fixture.root.join("releases")).must_be(&before.0, "nowhere to go");
    assert_eq!(fixture.selected(), before.1);
    assert_eq!(events(fixture, "rolling-back"), before.2);
    assert_eq!(fixture.get("/health").unwrap().at("/pid"), pid);
    assert_eq!(verdict(fixture, 1), "good");
    serves(fixture, 1);
}

on_each_quick_supervisor!(a_release_that_is_named_is_always_gone_to, |fixture| {
    deployed(&fixture, 1..=1);
    for (version, commit) in [
        (2, "aaaa11112222333344445555666677778888aaaa"),
        (3, "aaab11112222333344445555666677778888aaab"),
    ] {
        of_commit(&fixture, version, commit);
        let deployed = fixture.deploy().run(0);
        assert_eq!(deployed.text("/outcome"), "succeeded");
    }
    goes(&fixture, &[], 3, 2);
    assert_eq!(verdict(&fixture, 3), "bad");
    // One that is marked bad, by its name; then by a commit, and by the beginning of one.
    goes(&fixture, &["--to", &named(3)], 2, 3);
    goes(
        &fixture,
        &["--to", "aaaa11112222333344445555666677778888aaaa"],
        3,
        2,
    );
    goes(&fixture, &["--to", "aaab"], 2, 3);
    let several = rollback(&fixture, &["--to", "aaa"], 1);
    assert_eq!(
        several.error_code(),
        "no-such-release",
        "three letters are no commit"
    );
    let unknown = rollback(&fixture, &["--to", "20250101-000000"], 1);
    assert_eq!(unknown.error_code(), "no-such-release");
    let outside = rollback(&fixture, &["--to", "../releases"], 2);
    assert_eq!(outside.error_code(), "bad-release-name");
    serves(&fixture, 3);
});

/// A manifest that tells of this commit alone.
fn of_commit(fixture: &Fixture, version: u32, commit: &str) {
    let release = fixture.release(&named(version), &version.to_string(), "healthy");
    let name = named(version);
    let manifest = format!(
        r#"{{"schema":1,"name":"{name}","sequence":{version},"createdAt":"2026-01-01T00:00:00.000Z",
            "kind":"static","commit":"{commit}","files":3,"bytes":1}}"#
    );
    fs::write(release.join(".release.json"), manifest).unwrap();
}

#[test]
fn the_last_validated_release_is_gone_back_to_though_it_is_of_the_same_commit() {
    let Some(fixture) = Fixture::on(Supervisor::Process) else {
        return;
    };
    deployed(&fixture, 1..=1);
    for version in [2, 3] {
        of_commit(
            &fixture,
            version,
            "aaaa11112222333344445555666677778888aaaa",
        );
        let deployed = fixture.deploy().run(0);
        assert_eq!(deployed.text("/outcome"), "succeeded");
    }
    let would = rollback(&fixture, &["--dry-run"], 0);
    assert_eq!(would.text("/to"), named(2));
    let back = rollback(&fixture, &[], 0);
    assert_eq!(back.text("/to"), named(2));
    let same = format!("{} is of the same commit as {}", named(2), named(3));
    assert!(back.text("/reason").contains(&same), "{}", back.stdout);
    went_back(&fixture, 3, 2, &same);
}

#[test]
fn behind_somebody_else_on_the_port_nothing_is_begun() {
    let Some(fixture) = Fixture::on(Supervisor::Process) else {
        return;
    };
    deployed(&fixture, 1..=2);
    let pid = fixture.get("/health").unwrap().at("/pid");
    let stranger = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = stranger.local_addr().unwrap().port().to_string();
    fixture.configure("DEPLOY_PORT", &port);
    for options in [&[][..], &["--dry-run"]] {
        let refused = rollback(&fixture, options, 1);
        assert_eq!(refused.error_code(), "port-held");
        let own = format!("process {} (", std::process::id());
        assert!(refused.text("/error/message").contains(&own));
    }
    assert_eq!(fixture.get("/health").unwrap().at("/pid"), pid);
    assert_eq!(verdict(&fixture, 2), "good");
    assert!(events(&fixture, "rolling-back").is_empty());
    serves(&fixture, 2);
}

on_each_quick_supervisor!(a_dry_run_says_where_it_would_go, |fixture| {
    deployed(&fixture, 1..=2);
    let before = Tree::of(&fixture.root);
    let would = rollback(&fixture, &["--dry-run"], 0);
    assert_eq!(would.text("/to"), named(1));
    assert_eq!(*would.at("/changed"), false);
    Tree::of(&fixture.root).must_be(&before, "a dry run");
    serves(&fixture, 2);
});

fn in_the_start_limit(supervisor: Supervisor) {
    let Some(fixture) = Fixture::on(supervisor) else {
        return;
    };
    prepared(&fixture);
    fixture.change_unit(|unit| unit.with_start_limit(3));
    let _counted = fixture.without_reloads();
    deploy(&fixture, 1);
    deploy(&fixture, 2);
    for _ in 0..3 {
        crash(&fixture);
    }
    assert_eq!(fixture.property("SubState"), "failed");
    assert_eq!(fixture.property("NRestarts"), "3");
    let unit = format!("{}.service", fixture.name);
    let started = fixture.systemctl(["start", &unit]);
    assert!(!started.status.success(), "systemd starts it no more");

    goes(&fixture, &[], 2, 1);
    assert_eq!(fixture.property("ActiveState"), "active");
}

#[test]
fn a_start_limit_is_cleared_first_systemd() {
    in_the_start_limit(Supervisor::Systemd);
}

#[test]
fn a_start_limit_is_cleared_first_systemd_user() {
    in_the_start_limit(Supervisor::SystemdUser);
}

/// The release that was well once cannot start any more.
fn breaks(fixture: &Fixture, version: u32) {
    let release = fixture.root.join("releases").join(named(version));
    fs::write(release.join("behaviour"), "crash\n").unwrap();
}

on_each_quick_supervisor!(
    where_the_old_release_cannot_start_either_nobody_serves,
    |fixture| {
        deployed(&fixture, 1..=2);
        breaks(&fixture, 1);
        let down = rollback(&fixture, &[], 69);
        assert_eq!(down.error_code(), "down");
        assert!(down.text("/error/message").contains(&named(1)));
        assert_eq!(down.text("/to"), named(1));
        assert_eq!(state(&fixture)["status"], "idle");
        assert_eq!(last(&fixture)["outcome"], "failed");
        // Whoever comes has a way out.
        goes_from_a_broken_one(&fixture, 2);
    }
);

fn goes_from_a_broken_one(fixture: &Fixture, to: u32) {
    let back = rollback(fixture, &["--to", &named(to)], 0);
    assert_eq!(back.text("/to"), named(to));
    serves(fixture, to);
}

on_each_quick_supervisor!(
    a_runbook_that_cannot_bring_the_old_one_back_says_so,
    |fixture| {
        deployed(&fixture, 1..=2);
        breaks(&fixture, 2);
        fixture.release(&named(3), "3", "crash");
        let down = fixture.deploy().run(69);
        assert_eq!(down.text("/outcome"), "failed");
        // Neither of the two that have just failed, but one that has served.
        let hint = down.text("/error/hint");
        assert!(
            hint.starts_with("rollback ") && hint.ends_with(&named(1)),
            "{hint}"
        );
        let why = down.text("/why");
        assert!(why.contains("then the rollback failed"), "{why}");
        assert_eq!(state(&fixture)["status"], "idle");
        assert_eq!(verdict(&fixture, 3), "bad");
    }
);

on_each_quick_supervisor!(
    a_first_deploy_that_fails_leaves_nobody_serving_and_says_so,
    |fixture| {
        prepared(&fixture);
        fixture.release(&named(1), "1", "crash");
        let down = fixture.deploy().run(69);
        let why = down.text("/why");
        assert!(why.contains("no validated release"), "{why}");
        assert!(why.contains("service-start: "), "{why}");
        assert_eq!(down.text("/outcome"), "failed");
        assert_eq!(state(&fixture)["status"], "idle");
        assert_eq!(verdict(&fixture, 1), "bad");
        // The cure is deployed past the checks that the service is well, and is a deploy like any other.
        fixture.configure("PREFLIGHT_WARN", "service\nrestarts\nhealth");
        deploy(&fixture, 2);
        let refused = rollback(&fixture, &[], 1);
        assert_eq!(refused.error_code(), "no-target");
        serves(&fixture, 2);
    }
);

on_each_quick_supervisor!(a_deploy_whose_holder_died_is_gone_back_from, |fixture| {
    deployed(&fixture, 1..=1);
    fixture.release(&named(2), "2", "healthy");
    let runbook = "service-stop | release-swap --newest - | service-start - >/dev/null; touch live; exec sleep 3600";
    let deploying = fixture
        .tool("deploy-state")
        .args(["run", "--", "sh", "-c", runbook])
        .stderr_any()
        .no_report()
        .spawn();
    until("version 2 is live", || {
        fixture.directory.join("live").exists()
    });
    fixture.until_version("2");
    assert_eq!(state(&fixture)["status"], "validating");
    deploying.signal(Signal::SIGKILL);
    // Its runbook is left behind, and ends too.
    for pid in beneath(&fixture.directory) {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        if words.starts_with(b"sleep\0") || words.starts_with(b"sh\0") {
            kill(pid, Signal::SIGKILL);
        }
    }
    deploying.finish(137);
    let back = rollback(&fixture, &[], 0);
    assert_eq!(back.text("/from"), named(2));
    assert_eq!(back.text("/to"), named(1));
    serves(&fixture, 1);
    let told = deploys::deploys(&fixture);
    // A tool's own moment, like the pruning after a deploy, has no outcome.
    let outcomes: Vec<_> = told
        .iter()
        .filter_map(|told| told["outcome"].as_str())
        .collect();
    assert_eq!(outcomes, ["succeeded", "aborted", "rolled-back"]);
});

/// A rollback that cannot even be called, for what somebody has written into the application's file meanwhile, leaves the service
/// to whoever settles the deploy: its exit code says whether anybody serves.
#[test]
fn a_rollback_that_cannot_be_called_never_hides_that_nobody_serves() {
    let fixture = Fixture::on(Supervisor::Process).unwrap();
    deployed(&fixture, 1..=1);
    let good = fs::read_to_string(fixture.app()).unwrap();
    for (version, behaviour, exit) in [(2, "crash", 69), (3, "healthy", 2)] {
        fixture.release(&named(version), &version.to_string(), behaviour);
        let script = format!(
            "service-stop && release-swap {} && echo ROLLBACK_TIMOUT=60 >>\"$DEPLOY_APP\" && rollback",
            named(version)
        );
        let run = fixture.tool("deploy-state");
        let ended = run
            .args(["run", "--", "sh", "-c", &script])
            .stderr_any()
            .run(exit);
        assert_eq!(*ended.at("/commandExit"), exit, "{}", ended.report);
        assert_eq!(
            ended.stderr.contains("nobody serves"),
            exit == 69,
            "{}",
            ended.stderr
        );
        if exit == 69 {
            assert!(
                ended.text("/error/hint").starts_with("rollback "),
                "{}",
                ended.report
            );
        } else {
            fixture.until_version(&version.to_string());
        }
        fs::write(fixture.app(), &good).unwrap();
    }
}
