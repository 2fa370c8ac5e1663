#![allow(clippy::unwrap_used)]
use super::*;
use crate::compose::inspect::containers;

/// Containers as the engine tells of them: service, state in JSON, restart policy, restarts.
fn told(parts: &[(&str, &str, &str, u64)]) -> Vec<Container> {
    let parts: Vec<String> = parts
        .iter()
        .map(|(service, state, policy, restarts)| {
            let (name, most) = policy.split_once(':').unwrap_or((policy, "0"));
            format!(
                r#"{{"Id":"{service}0123456789abcdef","Image":"sha256:{service}","RestartCount":{restarts},
                "State":{state},"Config":{{"User":"","Labels":{{"com.docker.compose.service":"{service}",
                "com.docker.compose.oneoff":"False"}}}},
                "HostConfig":{{"RestartPolicy":{{"Name":"{name}","MaximumRetryCount":{most}}}}}}}"#
            )
        })
        .collect();
    containers(&format!("[{}]", parts.join(","))).unwrap()
}

const RUNNING: &str =
    r#"{"Status":"running","Pid":7,"ExitCode":0,"StartedAt":"2026-11-20T09:30:00.5Z"}"#;
const STARTING: &str = r#"{"Status":"running","Pid":7,"Health":{"Status":"starting"}}"#;
const HEALTHY: &str = r#"{"Status":"running","Pid":7,"Health":{"Status":"healthy"}}"#;
const UNHEALTHY: &str = r#"{"Status":"running","Pid":7,"Health":{"Status":"unhealthy",
    "Log":[{"ExitCode":0,"Output":"fine"},{"ExitCode":1,"Output":"curl: (7)\nno route\n"}]}}"#;
const RESTARTING: &str = r#"{"Status":"restarting","Pid":0,"ExitCode":1}"#;
const ENDED_WELL: &str = r#"{"Status":"exited","Pid":0,"ExitCode":0}"#;
const ENDED_BADLY: &str = r#"{"Status":"exited","Pid":0,"ExitCode":1}"#;
const TERMINATED: &str = r#"{"Status":"exited","Pid":0,"ExitCode":143}"#;
const OUT_OF_MEMORY: &str = r#"{"Status":"exited","Pid":0,"ExitCode":137,"OOMKilled":true}"#;
const NOT_STARTED: &str =
    r#"{"Status":"created","Pid":0,"ExitCode":127,"Error":"no such program"}"#;

#[test]
fn one_container_in_each_of_its_states() {
    for (state, policy, active) in [
        (RUNNING, "no", Active::Running),
        (HEALTHY, "no", Active::Running),
        (STARTING, "no", Active::Starting),
        (UNHEALTHY, "always", Active::Starting),
        (RESTARTING, "always", Active::Restarting),
        (ENDED_WELL, "no", Active::Stopped),
        (ENDED_BADLY, "no", Active::Failed),
        (ENDED_BADLY, "", Active::Failed),
        (TERMINATED, "no", Active::Stopped),
        // The engine leaves one lying that starts anew by itself only where somebody has stopped it.
        (ENDED_BADLY, "always", Active::Stopped),
        (ENDED_BADLY, "unless-stopped", Active::Stopped),
        (ENDED_BADLY, "on-failure:3", Active::Stopped),
        (OUT_OF_MEMORY, "no", Active::Failed),
        (NOT_STARTED, "always", Active::Failed),
    ] {
        let status = status(&told(&[("web", state, policy, 0)]), &[]);
        assert_eq!(status.active, active, "{state} {policy}");
    }
}

#[test]
fn the_engines_own_limit_is_a_start_limit() {
    let status = status(&told(&[("web", ENDED_BADLY, "on-failure:3", 3)]), &[]);
    assert_eq!(status.active, Active::Failed);
    assert!(status.start_limit_hit);
    assert_eq!(status.restarts, Some(3));
    assert_eq!(status.exit_status, Some(1));
}

#[test]
fn a_project_is_as_well_as_its_worst_service() {
    let of = |parts| status(&told(parts), &[]);
    let both = of(&[("db", RUNNING, "always", 2), ("web", RUNNING, "always", 1)]);
    assert_eq!(both.active, Active::Running);
    assert_eq!(both.restarts, Some(3), "those of all of them");
    assert_eq!(both.phrase(), "running");

    let once = of(&[("migrate", ENDED_WELL, "no", 0), ("web", RUNNING, "no", 0)]);
    assert_eq!(once.active, Active::Running, "{}", once.phrase());

    let half = of(&[("web", RUNNING, "no", 0), ("worker", ENDED_BADLY, "no", 0)]);
    assert_eq!(half.active, Active::Failed);
    assert!(
        half.phrase().contains("worker exited with 1"),
        "{}",
        half.phrase()
    );
    assert_eq!(half.main_pid, Some(7));

    let stopped = of(&[
        ("web", RUNNING, "always", 0),
        ("worker", TERMINATED, "always", 0),
    ]);
    assert_eq!(stopped.active, Active::Failed);

    let unwell = of(&[("db", UNHEALTHY, "no", 0), ("web", RUNNING, "no", 0)]);
    assert_eq!(unwell.active, Active::Starting);
    assert!(unwell.phrase().contains("db: health unhealthy (no route)"));
}

#[test]
fn a_service_that_was_named_and_has_no_container_is_missing() {
    let wanted = ["web".to_owned(), "worker".to_owned()];
    let half = status(&told(&[("web", RUNNING, "no", 0)]), &wanted);
    assert_eq!(half.active, Active::Failed);
    assert!(half.phrase().contains("worker has no container"));
    let none = status(&[], &wanted);
    assert_eq!(none.active, Active::Stopped);
    assert_eq!(none.invocation, None);
}

#[test]
fn another_start_is_another_run() {
    let one = told(&[("web", RUNNING, "no", 0)]);
    let mut other = one.clone();
    other[0].state.started_at = "2026-11-20T09:30:01.5Z".into();
    assert_ne!(invocation(&one), invocation(&other));
    assert_eq!(invocation(&one), invocation(&one.clone()));
    assert_eq!(images(&one)[0].to_string(), "web=sha256:web");
}
