//! A server behind a real HAProxy: nothing is lost while it is drained, deployed to and made ready again.
#![allow(clippy::unwrap_used)]

#[path = "../balanced/mod.rs"]
mod balanced;
#[path = "../deploys/mod.rs"]
mod deploys;
mod ends;

use balanced::Balanced;
use deploys::{deploy, last, named, serves, state};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use slipway_tests::{kill, runbook, tool, until, until_some};
use std::fs;
use std::thread;

#[test]
fn no_request_fails_while_a_server_is_drained_and_deployed_to() {
    let Some(balanced) = Balanced::new() else {
        return;
    };
    balanced.drains();
    let fixture = &balanced.fixture;
    let over = fixture.directory.join("load-is-over");
    let load = tool("demo-service")
        .args([
            "load",
            &format!("http://127.0.0.1:{}/slow?ms=300", balanced.front.number),
        ])
        .args(["--workers", "4", "--until-file", over.to_str().unwrap()])
        .in_directory(&fixture.directory)
        .no_report()
        .spawn();
    until("both work", || balanced.on_blue() > 0);
    for version in [2, 3] {
        deploy(fixture, version);
        assert_eq!(balanced.admin("blue"), "0", "ready with the deploy's end");
        until("it works again", || balanced.on_blue() > 0);
    }
    fs::write(over, "").unwrap();
    let load: Value = serde_json::from_str(&load.finish(0).stdout).unwrap();
    assert_eq!(load["failed"], 0, "{load}");
    assert!(load["sent"].as_u64().unwrap() > 10, "{load}");
    let receipt = balanced.receipt();
    assert_eq!(receipt["drained"], true, "{receipt}");
    assert_eq!(
        receipt["haproxy"],
        json!({"server": "shop/blue", "was": "ready", "changed": true})
    );
    assert_eq!(state(fixture)["drained"], json!([]));
}

#[test]
fn what_never_ends_is_cut_with_a_receipt() {
    let Some(balanced) = Balanced::new() else {
        return;
    };
    balanced.drains();
    let fixture = &balanced.fixture;
    fixture.configure("DRAIN_WAIT_TIMEOUT", "1s");
    thread::scope(|scope| {
        let hanging: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| balanced.through("/until?file=never")))
            .collect();
        until("one of them is on blue", || balanced.on_blue() == 1);
        deploy(fixture, 2);
        let receipt = balanced.receipt();
        assert_eq!(receipt["exit"], 124, "{receipt}");
        for (field, value) in [
            ("atStart", 1),
            ("finished", 0),
            ("remaining", 1),
            ("cut", 1),
        ] {
            assert_eq!(receipt[field], value, "{receipt}");
        }
        assert_eq!(balanced.admin("blue"), "0");
        // Green's is still in flight, and ends with green.
        kill(balanced.children[1].id(), Signal::SIGKILL);
        let answers = hanging.into_iter().map(|one| one.join().unwrap());
        assert!(answers.into_iter().all(|status| status != Some(200)));
    });
}

#[test]
fn a_killed_deploy_leaves_no_server_drained() {
    let Some(balanced) = Balanced::new() else {
        return;
    };
    balanced.drains();
    let fixture = &balanced.fixture;
    fixture.configure("DRAIN_WAIT_TIMEOUT", "120s");
    fixture.release(&named(2), "2", "healthy");
    thread::scope(|scope| {
        scope.spawn(|| balanced.through("/until?file=done"));
        scope.spawn(|| balanced.through("/until?file=done"));
        until("one of them is on blue", || balanced.on_blue() == 1);
        let deploy = fixture.deploy().no_report().spawn();
        until("blue drains", || balanced.admin("blue") == "8");
        let blue = balanced.server("admin.sock", "shop/blue");
        assert_eq!(state(fixture)["drained"], json!([blue]));
        // The runbook, its parent and the step: all of them.
        let steps = until_some("the step runs", || {
            let pids = beneath(deploy.pid());
            (pids.len() >= 2).then_some(pids)
        });
        kill(deploy.pid(), Signal::SIGKILL);
        for pid in steps {
            kill(pid, Signal::SIGKILL);
        }
        drop(deploy.finish(137));
        assert_eq!(balanced.admin("blue"), "8");
        fixture
            .tool("deploy-state")
            .arg("recover")
            .stderr_any()
            .run(0);
        assert_eq!(balanced.admin("blue"), "0");
        assert_eq!(state(fixture)["drained"], json!([]));
        assert_eq!(last(fixture)["outcome"], "aborted");
        kill(balanced.children[1].id(), Signal::SIGKILL);
        fs::write(
            fixture.root.join("releases").join(named(1)).join("done"),
            "",
        )
        .unwrap();
    });
    serves(fixture, 1);
}

/// The processes that descend from this one.
fn beneath(pid: u32) -> Vec<u32> {
    let children =
        fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let children: Vec<u32> = children
        .split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect();
    let further: Vec<u32> = children.iter().flat_map(|child| beneath(*child)).collect();
    [children, further].concat()
}

#[test]
fn what_haproxy_refuses_stops_the_deploy_before_anything_is_touched() {
    let Some(balanced) = Balanced::new() else {
        return;
    };
    let fixture = &balanced.fixture;
    for (socket, name, code) in [
        ("admin.sock", "shop/red", "no-such-server"),
        ("admin.sock", "shoe/blue", "no-such-server"),
        ("user.sock", "shop/blue", "no-permission"),
        ("gone.sock", "shop/blue", "haproxy-unreachable"),
    ] {
        let server = balanced.server(socket, name);
        let refused = fixture
            .tool("drain-wait")
            .args(["--haproxy", &server])
            .stderr_any()
            .run(3);
        assert_eq!(refused.error_code(), code, "{server}");
        assert!(!refused.text("/error/hint").is_empty());
    }
    fixture.release(&named(2), "2", "healthy");
    let red = balanced.server("admin.sock", "shop/red");
    let refused = fixture.deploy().env("DRAIN_WAIT_HAPROXY", &red).run(1);
    assert_eq!(refused.text("/outcome"), "aborted");
    assert_eq!(refused.text("/why"), "pre-flight checks failed");
    serves(fixture, 1);
    assert_eq!(state(fixture)["drained"], json!([]));
    assert_eq!(balanced.admin("blue"), "0");
}

#[test]
fn by_hand_it_stays_drained_until_it_is_cleared_and_maintenance_stays() {
    let Some(balanced) = Balanced::new() else {
        return;
    };
    let fixture = &balanced.fixture;
    let drain = |name: &str, option: &str| {
        let server = balanced.server("admin.sock", name);
        let tool = fixture.tool("drain-wait").args(["--haproxy", &server]);
        let tool = if option.is_empty() {
            tool
        } else {
            tool.arg(option)
        };
        tool.stderr_any().run(0)
    };
    assert_eq!(drain("shop/blue", "--dry-run").at("/drained"), true);
    assert_eq!(balanced.admin("blue"), "0", "only looked at");
    assert_eq!(drain("shop/blue", "").at("/haproxy/was"), "ready");
    assert_eq!(balanced.admin("blue"), "8");
    assert_eq!(drain("shop/blue", "").at("/haproxy/changed"), false);
    assert_eq!(drain("shop/blue", "--clear").at("/changed"), true);
    assert_eq!(balanced.admin("blue"), "0");
    assert_eq!(drain("shop/blue", "--clear").at("/changed"), false);
    // Somebody put it there, and nobody else takes it out.
    let before = balanced.admin("broken");
    assert_eq!(drain("shop/broken", "").at("/haproxy/was"), "maintenance");
    assert_eq!(drain("shop/broken", "--clear").at("/changed"), false);
    assert_eq!(balanced.admin("broken"), before);
}

#[test]
fn preflight_sees_that_haproxy_could_not_be_told() {
    let Some(balanced) = Balanced::new() else {
        return;
    };
    let check = |server: &str, status: &str| {
        let preflight = balanced.fixture.tool("preflight");
        let checked = preflight
            .args(["--only", "service"])
            .env("DRAIN_WAIT_HAPROXY", server)
            .stderr_any()
            .run(i32::from(status == "fail"));
        let found = checked.at("/checks/0").clone();
        assert_eq!(found["status"], status, "{found}");
        found["message"].as_str().unwrap().to_owned()
    };
    check(&balanced.server("admin.sock", "shop/blue"), "pass");
    for (server, said) in [
        (balanced.server("admin.sock", "shop/red"), "no shop/red"),
        (balanced.server("user.sock", "shop/blue"), "level admin"),
        (balanced.server("gone.sock", "shop/blue"), "gone.sock"),
    ] {
        let message = check(&server, "fail");
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn the_last_server_of_a_backend_is_not_drained() {
    let Some(balanced) = Balanced::new() else {
        return;
    };
    balanced.drains();
    let fixture = &balanced.fixture;
    // Broken is in maintenance already.
    balanced.ask("set server shop/green state maint");
    let blue = balanced.server("admin.sock", "shop/blue");
    let refused = fixture
        .tool("drain-wait")
        .args(["--haproxy", &blue])
        .stderr_any()
        .run(1);
    assert_eq!(refused.error_code(), "last-server");
    assert_eq!(balanced.admin("blue"), "0");
    // Where it is down itself, that makes no difference to anybody.
    balanced.ask("set server shop/blue health down");
    let drain = |options: &[&str]| {
        let tool = fixture.tool("drain-wait").args(["--haproxy", &blue]);
        tool.args(options).stderr_any().run(0);
    };
    drain(&[]);
    drain(&["--clear"]);
    balanced.ask("set server shop/blue health up");
    fixture.release(&named(2), "2", "healthy");
    let refused = fixture.deploy().run(1);
    assert_eq!(refused.text("/why"), "pre-flight checks failed");
    // Found out only after the checks.
    let refused = fixture.deploy().env("PREFLIGHT_WARN", "service").run(1);
    assert_eq!(refused.text("/outcome"), "aborted");
    assert_eq!(refused.text("/why"), "the service could not be drained");
    serves(fixture, 1);
    // Whoever insists deploys to it as it is.
    let app = fixture.app().display().to_string();
    runbook("deploy")
        .args(["--force", &app])
        .in_directory(&fixture.directory)
        .run(0);
    assert_eq!(balanced.admin("blue"), "0");
    serves(fixture, 2);
    // What somebody drains himself is left to him.
    balanced.ask("set server shop/blue state drain");
    deploy(fixture, 3);
    assert_eq!(balanced.admin("blue"), "8");
}
