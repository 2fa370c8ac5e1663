//! How a server behind HAProxy is left: with whatever end of a deploy, and where HAProxy does not answer then.

use crate::balanced::Balanced;
use crate::deploys::{deploy, named, serves, state};
use nix::sys::signal::Signal;
use serde_json::json;
use slipway_tests::{Ended, Fixture, kill};
use std::fs;
use std::path::PathBuf;

fn recover(fixture: &Fixture) -> Ended {
    let recover = fixture.tool("deploy-state").arg("recover");
    recover.stderr_any().run(0)
}

#[test]
fn a_haproxy_that_is_gone_at_the_end_fails_no_deploy_and_is_told_later() {
    let Some(balanced) = Balanced::new() else {
        return;
    };
    left_drained(&balanced, away(&balanced)).come_back();
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
fn a_haproxy_that_hangs_at_the_end_fails_no_deploy_and_is_told_by_recover() {
    let Some(balanced) = Balanced::new() else {
        return;
    };
    let pid = balanced.children[0].id();
    let gone = left_drained(&balanced, Gone::Hung { pid });
    let fixture = &balanced.fixture;
    let before = state(fixture);
    // HAProxy hangs still: nothing is lost, and nothing is written.
    let recovered = recover(fixture);
    assert_eq!(recovered.at("/changed"), false);
    assert!(recovered.stderr.contains("--clear"), "{}", recovered.stderr);
    assert_eq!(state(fixture)["generation"], before["generation"]);
    gone.come_back();
    let blue = balanced.server("admin.sock", "shop/blue");
    let recovered = recover(fixture);
    assert_eq!(recovered.at("/changed"), true);
    assert_eq!(*recovered.at("/ready"), json!([blue]));
    assert_eq!(balanced.admin("blue"), "0");
    let after = state(fixture);
    assert_eq!(after["drained"], json!([]));
    // Whoever drains it by hand now has his reasons.
    let drain = fixture.tool("drain-wait").args(["--haproxy", &blue]);
    drain.stderr_any().run(0);
    let now = state(fixture)["generation"].clone();
    let again = recover(fixture);
    assert_eq!(again.at("/changed"), false);
    assert_eq!(*again.at("/ready"), json!([]));
    assert_eq!(balanced.admin("blue"), "8");
    assert_eq!(state(fixture)["generation"], now);
}

/// HAProxy, out of reach.
enum Gone {
    /// Its socket has another name.
    Away { socket: PathBuf, away: PathBuf },
    /// It takes connections and does not answer.
    Hung { pid: u32 },
}

impl Gone {
    /// What a shell does to bring it about; harmless where it is so already.
    fn command(&self) -> String {
        match self {
            Self::Away { socket, away } => {
                let (socket, away) = (socket.display(), away.display());
                format!("[ ! -S {socket} ] || mv {socket} {away}")
            }
            Self::Hung { pid } => format!("kill -STOP {pid}"),
        }
    }

    fn goes(&self) {
        match self {
            Self::Away { socket, away } => fs::rename(socket, away).unwrap(),
            Self::Hung { pid } => kill(*pid, Signal::SIGSTOP),
        }
    }

    fn come_back(&self) {
        match self {
            Self::Away { socket, away } => fs::rename(away, socket).unwrap(),
            Self::Hung { pid } => kill(*pid, Signal::SIGCONT),
        }
    }
}

fn away(balanced: &Balanced) -> Gone {
    let directory = &balanced.fixture.directory;
    Gone::Away {
        socket: directory.join("admin.sock"),
        away: directory.join("away.sock"),
    }
}

/// Version 2 is deployed, and HAProxy was gone at the deploy's end: blue drains still.
fn left_drained(balanced: &Balanced, gone: Gone) -> Gone {
    balanced.drains();
    let script = balanced.fixture.directory.join("well");
    fs::write(&script, format!("#!/bin/sh\n{}\n", gone.command())).unwrap();
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
    let blue = balanced.server("admin.sock", "shop/blue");
    assert_eq!(state(fixture)["drained"], json!([blue]));
    gone.come_back();
    assert_eq!(balanced.admin("blue"), "8");
    gone.goes();
    gone
}

#[test]
fn recover_leaves_a_server_in_maintenance_and_does_not_call_it_ready() {
    let Some(balanced) = Balanced::new() else {
        return;
    };
    left_drained(&balanced, away(&balanced)).come_back();
    balanced.ask("set server shop/blue state maint");
    let recovered = recover(&balanced.fixture);
    assert_eq!(*recovered.at("/ready"), json!([]));
    assert_eq!(*recovered.at("/drained"), json!([]));
    assert_eq!(recovered.at("/changed"), true);
    let told = "shop/blue has been put into maintenance meanwhile";
    assert!(recovered.stderr.contains(told), "{}", recovered.stderr);
    assert_ne!(balanced.admin("blue"), "0");
    assert_ne!(balanced.admin("blue"), "8");
}

/// A deploy of that version, which its end leaves so.
fn ends(balanced: &Balanced, version: u32, behaviour: &str, exit: i32, admin: &str) -> Ended {
    let fixture = &balanced.fixture;
    fixture.release(&named(version), &version.to_string(), behaviour);
    let ended = fixture.deploy().run(exit);
    assert_eq!(balanced.receipt()["drained"], true);
    assert_eq!(balanced.admin("blue"), admin, "{}", ended.stderr);
    ended
}

#[test]
fn a_server_takes_work_again_where_somebody_serves_and_else_stays_drained() {
    let Some(balanced) = Balanced::new() else {
        return;
    };
    balanced.drains();
    let fixture = &balanced.fixture;
    ends(&balanced, 2, "crash", 1, "0");
    serves(fixture, 1);

    let old = fixture.root.join("releases").join(named(1));
    fs::write(old.join("behaviour"), "crash\n").unwrap();
    let down = ends(&balanced, 3, "crash", 69, "8");
    let left = "shop/blue is left drained, for neither release serves";
    assert!(down.stderr.contains(left), "{}", down.stderr);
    let blue = balanced.server("admin.sock", "shop/blue");
    let kept = |is: bool| {
        assert_eq!(state(fixture)["keptDrained"], is);
        let drained = if is { json!([blue]) } else { json!([]) };
        assert_eq!(state(fixture)["drained"], drained);
    };
    kept(true);
    // Neither that nor a deploy that touches nothing says that anybody serves.
    let recovered = recover(fixture);
    assert!(recovered.stderr.contains(left), "{}", recovered.stderr);
    assert_eq!(*recovered.at("/drained"), json!([blue]));
    let refused = fixture.deploy().env("PREFLIGHT_RUN", "no=false").run(1);
    assert_eq!(refused.text("/outcome"), "aborted");
    assert_eq!(balanced.admin("blue"), "8");
    kept(true);
    fs::write(old.join("behaviour"), "healthy\n").unwrap();
    let back = fixture.tool("rollback").args(["--to", &named(1)]);
    back.stderr_any().run(0);
    assert_eq!(balanced.admin("blue"), "0");
    kept(false);

    // Where no rollback can be called, whoever settles the deploy looks first.
    fixture.release(&named(4), "4", "crash");
    let script = format!(
        "drain-wait && service-stop && release-swap {} && echo ROLLBACK_TIMOUT=60 >>\"$DEPLOY_APP\" && rollback",
        named(4)
    );
    let run = fixture.tool("deploy-state");
    let run = run.args(["run", "--", "sh", "-c", &script]);
    assert_eq!(run.stderr_any().run(69).error_code(), "down");
    assert_eq!(balanced.admin("blue"), "8");
    kept(true);
}
