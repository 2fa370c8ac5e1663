//! A server behind a real HAProxy: nothing is lost while it is drained, deployed to and made ready again.
#![allow(clippy::unwrap_used)]

mod balanced;
mod deploys;

use balanced::Balanced;
use deploys::{deploy, last, named, serves, state};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use slipway_tests::{kill, tool, until, until_some};
use std::fs;
use std::path::PathBuf;
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
    let refused = fixture.deploy().env("DRAIN_WAIT_HAPROXY", &red).run(3);
    assert_eq!(refused.text("/outcome"), "aborted");
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
fn a_haproxy_that_is_gone_at_the_end_fails_no_deploy_and_is_told_later() {
    let Some(balanced) = Balanced::new() else {
        return;
    };
    left_drained(&balanced).come_back();
    let fixture = &balanced.fixture;
    deploy(fixture, 3);
    assert_eq!(balanced.admin("blue"), "0");
    assert_eq!(state(fixture)["drained"], json!([]));
}

#[test]
fn a_deploys_end_takes_no_server_out_of_maintenance() {
    let Some(balanced) = Balanced::new() else {
        return;
    };
    balanced.drains();
    let fixture = &balanced.fixture;
    // An operator, while the new release is looked at: blue drains by then.
    let operator = fixture.directory.join("operator");
    let blue = balanced.server("admin.sock", "shop/blue");
    let ordered = format!(
        "#!/usr/bin/env python3\nimport socket\none = socket.socket(socket.AF_UNIX)\none.connect({:?})\n\
         one.sendall(b'set server shop/blue state maint\\n')\none.recv(99)\n",
        blue.split(',').next().unwrap()
    );
    fs::write(&operator, ordered).unwrap();
    fixture.release(&named(2), "2", "healthy");
    let command = format!("command:python3 {}", operator.display());
    let urls = format!("{}\n{command}", fixture.url("/health"));
    let deployed = fixture
        .deploy()
        .env("DEPLOY_HEALTH_URL", urls)
        .env("PREFLIGHT_SKIP", "disk\nhealth")
        .run(0);
    assert_eq!(deployed.text("/outcome"), "succeeded");
    assert_eq!(balanced.receipt()["haproxy"]["changed"], true);
    assert_eq!(balanced.admin("blue"), "1", "the operator's maintenance");
    assert_eq!(state(fixture)["drained"], json!([]));
}

#[test]
fn a_server_that_was_left_drained_is_made_ready_by_recover() {
    let Some(balanced) = Balanced::new() else {
        return;
    };
    let gone = left_drained(&balanced);
    let fixture = &balanced.fixture;
    let recover = || {
        fixture
            .tool("deploy-state")
            .arg("recover")
            .stderr_any()
            .run(0)
    };
    let before = state(fixture);
    // HAProxy is away still: nothing is lost, and nothing is written.
    let recovered = recover();
    assert_eq!(recovered.at("/changed"), false);
    assert!(recovered.stderr.contains("--clear"), "{}", recovered.stderr);
    assert_eq!(state(fixture)["generation"], before["generation"]);
    gone.come_back();
    let blue = balanced.server("admin.sock", "shop/blue");
    let recovered = recover();
    assert_eq!(recovered.at("/changed"), true);
    assert_eq!(*recovered.at("/ready"), json!([blue]));
    assert_eq!(balanced.admin("blue"), "0");
    let after = state(fixture);
    assert_eq!(after["drained"], json!([]));
    // Whoever drains it by hand now has his reasons.
    let drain = fixture.tool("drain-wait").args(["--haproxy", &blue]);
    drain.stderr_any().run(0);
    let now = state(fixture)["generation"].clone();
    let again = recover();
    assert_eq!(again.at("/changed"), false);
    assert_eq!(*again.at("/ready"), json!([]));
    assert_eq!(balanced.admin("blue"), "8");
    assert_eq!(state(fixture)["generation"], now);
}

/// HAProxy's socket, out of reach.
struct Gone {
    socket: PathBuf,
    away: PathBuf,
}

impl Gone {
    fn come_back(&self) {
        fs::rename(&self.away, &self.socket).unwrap();
    }
}

/// Version 2 is deployed, and HAProxy was gone at the deploy's end: blue drains still.
fn left_drained(balanced: &Balanced) -> Gone {
    balanced.drains();
    // What goes away is the socket's name; HAProxy itself goes on.
    let socket = balanced.fixture.directory.join("admin.sock");
    let away = balanced.fixture.directory.join("away.sock");
    let hide = format!("mv {} {}", socket.display(), away.display());
    let script = balanced.fixture.directory.join("well");
    fs::write(
        &script,
        format!("#!/bin/sh\n[ ! -S {} ] || {hide}\n", socket.display()),
    )
    .unwrap();
    let fixture = &balanced.fixture;
    fixture.release(&named(2), "2", "healthy");
    let command = format!("command:sh {}", script.display());
    let deployed = fixture
        .deploy()
        .env(
            "DEPLOY_HEALTH_URL",
            format!("{}\n{command}", fixture.url("/health")),
        )
        .env("PREFLIGHT_SKIP", "disk\nhealth")
        .run(0);
    assert_eq!(deployed.text("/outcome"), "succeeded");
    assert!(deployed.stderr.contains("--clear"), "{}", deployed.stderr);
    let gone = Gone { socket, away };
    let blue = balanced.server("admin.sock", "shop/blue");
    assert_eq!(state(fixture)["drained"], json!([blue]));
    gone.come_back();
    assert_eq!(balanced.admin("blue"), "8");
    fs::rename(&gone.socket, &gone.away).unwrap();
    gone
}
