//! A health endpoint that the old process still answers is not believed.
#![allow(clippy::unwrap_used)]

use slipway_tests::{Fixture, Supervisor, on_each_supervisor};

/// Version 1 runs, validated; version 2 is there to be deployed.
fn one_runs(fixture: &Fixture) {
    fixture.configure("HEALTHWAIT_TIMEOUT", "3s");
    fixture.release("20260101-000000", "1", "healthy");
    fixture.release("20260102-000000", "2", "healthy");
    fixture
        .shell("release-swap 20260101-000000 | service-start - | healthwait -")
        .stderr_any()
        .run(0);
    fixture
        .tool("deploy-state")
        .args(["mark", "20260101-000000", "good"])
        .stderr_any()
        .run(0);
}

/// A pipe that forgets to stop the old process is rejected, and the old release serves, from a new process.
fn is_not_believed(fixture: &Fixture, pipe: &str, by: &str, code: &str) {
    one_runs(fixture);
    let old = fixture.get("/health").unwrap().at("/pid");
    let rejected = fixture.shell(pipe).stderr_any().run(1);
    assert_eq!(rejected.error_code(), "rolled-back");
    assert_eq!(rejected.text("/upstream/tool"), by);
    assert_eq!(rejected.text("/upstream/error/code"), code);
    fixture.until_version("1");
    assert_eq!(fixture.selected().as_deref(), Some("20260101-000000"));
    assert_ne!(fixture.get("/health").unwrap().at("/pid"), old);
}

on_each_supervisor!(a_start_that_finds_the_old_process_running, |fixture| {
    is_not_believed(
        &fixture,
        "release-swap --newest | service-start - | healthwait - | rollback --on-failure -",
        "service-start",
        "still-old",
    );
});

on_each_supervisor!(a_health_check_that_the_old_process_answers, |fixture| {
    is_not_believed(
        &fixture,
        "release-swap --newest | healthwait - | rollback --on-failure -",
        "healthwait",
        "proof-disproven",
    );
});

/// Whoever calls a tool with the home of another PM2 is told so, and not to kill what serves; and by hand as in a runbook, the
/// application's file says which PM2 it is.
fn is_another_pm2s(supervisor: Supervisor) {
    let Some(fixture) = Fixture::on(supervisor) else {
        return;
    };
    one_runs(&fixture);
    let home = fixture.pm2_home().display().to_string();
    let elsewhere = fixture.directory.join("elsewhere").display().to_string();
    let look = |home: &str| {
        let tool = fixture.tool("preflight").args(["--only", "port"]);
        tool.env("PM2_HOME", home).stderr_any()
    };
    let failed = look(&elsewhere).run(1);
    let mut checks = failed.at("/checks").as_array().unwrap().iter();
    let port = checks.find(|check| check["name"] == "port").unwrap();
    let message = port["message"].as_str().unwrap();
    assert!(
        message.contains("runs out of this application's own"),
        "{message}"
    );
    assert!(message.contains(&format!("PM2_HOME={home} ")), "{message}");
    assert_eq!(port["hint"], format!("PM2_HOME={home} pm2 list"));
    fixture.configure("PM2_HOME", &home);
    look("").run(0);
    // What stands around it counts before what stands in the file.
    look(&elsewhere).run(1);
}

#[test]
fn what_another_pm2_has_is_the_applications_all_the_same_pm2_fork() {
    is_another_pm2s(Supervisor::Pm2Fork);
}

#[test]
fn what_another_pm2_has_is_the_applications_all_the_same_pm2_cluster() {
    is_another_pm2s(Supervisor::Pm2Cluster);
}
