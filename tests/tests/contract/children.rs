//! What a tool inherits goes no further: a service would keep a lock or a pipe for as long as it lives.

use crate::common::{place, run};
use slipway_tests::{Fixture, beneath};
use std::fs;

/// Runs a line in a shell that holds descriptors which are nobody's business.
fn holding(fixture: &Fixture, line: &str) {
    let kept = fixture.directory.join("kept");
    let line = format!("exec 7>'{0}' 8<'{0}' 9>>'{0}'\n{line}", kept.display());
    run(fixture.shell(&line).no_report(), 0);
}

/// The descriptors that a child has seen of its own: it lists them with one more.
fn check(fixture: &Fixture, file: &str) {
    let seen = fs::read_to_string(fixture.directory.join(file)).unwrap();
    let seen: Vec<&str> = seen.split_whitespace().collect();
    assert!(seen.starts_with(&["0", "1", "2"]), "{seen:?}");
    for kept in ["7", "8", "9"] {
        assert!(!seen.contains(&kept), "{file}: inherited {kept}: {seen:?}");
    }
    assert!(seen.len() <= 4, "{file}: {seen:?}");
}

/// A command that lists its own descriptors into a file.
fn lists(fixture: &Fixture, file: &str) -> String {
    format!("ls /proc/self/fd >{}/{file}", fixture.directory.display())
}

#[test]
fn a_step_hands_nothing_down() {
    let fixture = place();
    let command = lists(&fixture, "step");
    holding(
        &fixture,
        &format!(
            "DEPLOY_ID=$(deploy-state begin --field deployId) || exit\nexport DEPLOY_ID\n\
             exec deploy-state step build -- sh -c '{command}'"
        ),
    );
    check(&fixture, "step");
}

#[test]
fn a_runbook_gets_nothing_handed_down() {
    let fixture = place();
    let command = lists(&fixture, "run");
    holding(
        &fixture,
        &format!("exec deploy-state run -- sh -c '{command}; exec deploy-state end succeeded'"),
    );
    check(&fixture, "run");
}

#[test]
fn a_command_that_is_asked_for_health_gets_nothing_handed_down() {
    let fixture = place();
    let command = lists(&fixture, "health");
    holding(
        &fixture,
        &format!("unset DEPLOY_APP; exec healthwait 'command:{command}'"),
    );
    check(&fixture, "health");
}

#[test]
fn a_command_that_counts_the_work_in_flight_gets_nothing_handed_down() {
    let fixture = place();
    let command = lists(&fixture, "drain");
    let line = format!("exec drain-wait --in-flight-command '{command}; echo 0'");
    holding(&fixture, &line);
    check(&fixture, "drain");
}

#[test]
fn a_build_gets_nothing_handed_down() {
    let fixture = place();
    let source = fixture.source("new", "3", "healthy");
    let command = lists(&fixture, "build");
    let line = format!(
        "exec release-stage --source {} --build '{command}'",
        source.display()
    );
    holding(&fixture, &line);
    check(&fixture, "build");
}

#[test]
fn a_service_gets_nothing_handed_down() {
    let fixture = place();
    holding(&fixture, "exec service-start");
    fixture.until_version("1");
    let services = beneath(&fixture.root);
    assert!(!services.is_empty());
    for pid in services {
        for entry in fs::read_dir(format!("/proc/{pid}/fd")).unwrap() {
            let Ok(target) = fs::read_link(entry.unwrap().path()) else {
                continue;
            };
            assert!(
                !target.ends_with("kept"),
                "{pid} holds {}",
                target.display()
            );
        }
    }
}
