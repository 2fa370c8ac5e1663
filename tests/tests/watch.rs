//! A release that is well at first is watched for a while, and led back from when it does not stay so. All of it by what the
//! application's file says, with the runbook as it is. One body for every supervisor.
#![allow(clippy::unwrap_used)]

mod deploys;

use deploys::{deploy, events, named, prepared, serves, verdict};
use nix::sys::signal::Signal;
use serde_json::Value;
use slipway_tests::{Fixture, Supervisor, kill, on_each_supervisor, until, until_some};
use std::process::Command;

/// Version 1 is live, and what is deployed from now on is watched.
fn watching(fixture: &Fixture, watch: &str, more: &[(&str, &str)]) {
    prepared(fixture);
    deploy(fixture, 1);
    fixture.configure("HEALTHWAIT_WATCH", watch);
    fixture.configure("HEALTHWAIT_INTERVAL", "100ms");
    for (key, value) in more {
        fixture.configure(key, value);
    }
}

/// The last report of healthwait in the history: what the runbook decided by.
fn last_report(fixture: &Fixture) -> Value {
    let reports = events(fixture, "step").into_iter().rev();
    reports
        .map(|step| step["report"].clone())
        .find(|report| report["tool"] == "healthwait")
        .unwrap()
}

/// The runbook, with time enough for a machine at its limits.
fn patiently(fixture: &Fixture) -> slipway_tests::Tool {
    fixture.deploy().env("HEALTHWAIT_TIMEOUT", "60s")
}

/// A release with this behaviour gets through the wait, fails in the watch with this code, and version 1 serves again.
fn is_rejected(fixture: &Fixture, behaviour: &str, code: &str) -> Value {
    // However long it took to come up: it is well until it is watched.
    let behaviour = format!("turns-at=12\n{behaviour}");
    fixture.release(&named(2), "2", &behaviour);
    let rejected = patiently(fixture).run(1);
    assert_eq!(rejected.text("/outcome"), "rolled-back");
    serves(fixture, 1);
    assert_eq!(verdict(fixture, 2), "bad");
    let report = last_report(fixture);
    assert_eq!(report["error"]["code"], code, "{report:#}");
    assert!(report["watch"]["answers"].is_u64(), "{report:#}");
    let tail = report["logTail"].as_array().unwrap();
    let starts = |line: &Value| line.as_str().unwrap().contains("version 2");
    assert!(
        tail.iter().any(starts) || tail.len() == 20,
        "not its last words: {report:#}"
    );
    let earlier = |line: &Value| line.as_str().unwrap().contains("version 1");
    assert!(!tail.iter().any(earlier), "another run's words: {report:#}");
    report
}

#[test]
fn its_first_line_is_told_also_where_the_journal_ended_with_somebody_elses() {
    let Some(fixture) = Fixture::on(Supervisor::Systemd) else {
        return;
    };
    deploy(&fixture, 1);
    fixture.release(&named(2), "2", "health-status=500");
    let step = |name: &str| fixture.tool(name).stderr_any();
    let _ = step("service-stop").run(0);
    let done = |command: &mut Command| assert!(command.status().unwrap().success());
    done(Command::new("systemd-cat").args(["echo", "hello"]));
    done(Command::new("journalctl").arg("--sync"));
    let _ = step("release-swap").arg(named(2)).run(0);
    let _ = step("service-start").run(0);
    let judged = step("healthwait").args(["--attempts", "1"]).run(1);
    let tail = judged.at("/logTail").to_string();
    // Whichever of the two came first.
    for line in ["version 2 starts", "Started "] {
        assert!(tail.contains(line), "{tail}");
    }
}

on_each_supervisor!(a_good_release_stays_live_and_is_compared, |fixture| {
    let limits = [
        ("HEALTHWAIT_MAX_MEMORY", "500M"),
        ("HEALTHWAIT_MAX_MEMORY_GROWTH", "100M"),
        ("HEALTHWAIT_MAX_CPU", "90%"),
        ("HEALTHWAIT_MAX_LOG_ERRORS", "0"),
    ];
    watching(&fixture, "2s", &limits);
    // What ran before is measured over its life, of which there is to be some.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    deploy(&fixture, 2);
    let report = last_report(&fixture);
    assert_eq!(report["healthy"], true);
    assert_eq!(report["proof"], "proven");
    let watch = &report["watch"];
    assert!(watch["answers"].as_u64().unwrap() > 0);
    assert_eq!(
        (&watch["failures"], &watch["extended"]),
        (&0.into(), &false.into())
    );
    let service = &report["service"];
    assert_eq!(service["baseline"]["from"], "state", "{report:#}");
    assert!(service["baseline"]["memoryBytes"].as_u64().unwrap() > 0);
    assert!(service["baseline"]["cpuPercent"].is_number(), "{report:#}");
    assert!(service["memoryGrowthPercent"].is_number(), "{report:#}");
    assert!(service["cpuPercent"].as_f64().unwrap() < 90.0, "{report:#}");
    assert_eq!(service["logErrors"], 0);
});

on_each_supervisor!(too_many_failed_answers, |fixture| {
    watching(&fixture, "1h", &[("HEALTHWAIT_MAX_ERROR_RATE", "10%")]);
    let report = is_rejected(&fixture, "fail-every=5", "error-rate");
    let rate = report["watch"]["errorRate"].as_f64().unwrap();
    assert!((10.0..=40.0).contains(&rate), "{report:#}");
});

on_each_supervisor!(a_critical_rate_is_not_watched_on, |fixture| {
    watching(&fixture, "1h", &[("HEALTHWAIT_WATCH_ON", "1h")]);
    let report = is_rejected(&fixture, "fail-every=1", "error-rate");
    assert_eq!(report["watch"]["extended"], false, "{report:#}");
});

on_each_supervisor!(memory_that_grows, |fixture| {
    watching(&fixture, "1h", &[("HEALTHWAIT_MAX_MEMORY_GROWTH", "40M")]);
    let report = is_rejected(&fixture, "leak=20M", "limit-exceeded");
    let service = &report["service"];
    let growth = service["memoryBytes"].as_u64().unwrap()
        - service["baseline"]["memoryBytes"].as_u64().unwrap();
    assert!(growth > 40 << 20, "{report:#}");
});

on_each_supervisor!(processor_time, |fixture| {
    // What burns gets little of a machine at its limits, and what is well takes next to nothing.
    watching(&fixture, "3s", &[("HEALTHWAIT_MAX_CPU", "2%")]);
    let report = is_rejected(&fixture, "burn=1", "limit-exceeded");
    assert!(
        report["service"]["cpuPercent"].as_f64().unwrap() > 2.0,
        "{report:#}"
    );
});

on_each_supervisor!(errors_in_the_log, |fixture| {
    watching(&fixture, "1h", &[("HEALTHWAIT_MAX_LOG_ERRORS", "3")]);
    let report = is_rejected(&fixture, "log-errors=100ms", "service-failed");
    assert!(
        report["service"]["logErrors"].as_u64().unwrap() > 3,
        "{report:#}"
    );
    let example = report["service"]["logErrorExamples"][0].as_str().unwrap();
    assert!(example.contains("error number 1"), "{example}");
});

on_each_supervisor!(a_crash_after_it_was_well, |fixture| {
    watching(&fixture, "1h", &[("HEALTHWAIT_WATCH_ON", "1h")]);
    let borne = [
        ("HEALTHWAIT_MAX_ERROR_RATE", "100%"),
        ("HEALTHWAIT_CRITICAL_ERROR_RATE", "100%"),
    ];
    for (key, value) in borne {
        fixture.configure(key, value);
    }
    is_rejected(&fixture, "crash-after=0", "service-failed");
});

on_each_supervisor!(a_port_that_is_lost, |fixture| {
    let borne = [
        ("HEALTHWAIT_MAX_ERROR_RATE", "100%"),
        ("HEALTHWAIT_CRITICAL_ERROR_RATE", "100%"),
    ];
    watching(&fixture, "1h", &borne);
    is_rejected(&fixture, "lose-port-after=0", "port-lost");
});

on_each_supervisor!(a_signal_during_the_watch_leads_back, |fixture| {
    watching(&fixture, "1h", &[]);
    fixture.release(&named(2), "2", "healthy");
    let running = patiently(&fixture).spawn();
    let watched = until_some("it is watched", || {
        let healthwait = slipway_tests::beneath(&fixture.directory)
            .into_iter()
            .find(|pid| cmdline(*pid).starts_with("healthwait"))?;
        let answers = fixture.get("/health")?.at("/version") == "2";
        // One that does not yet listen for signals would die without a word.
        let threads = std::fs::read_dir(format!("/proc/{healthwait}/task")).ok()?;
        (answers && threads.count() > 1).then_some(healthwait)
    });
    kill(watched, Signal::SIGTERM);
    let ended = running.finish(1);
    assert_eq!(ended.text("/outcome"), "rolled-back");
    serves(&fixture, 1);
    let report = last_report(&fixture);
    assert_eq!(report["error"]["code"], "interrupted", "{report:#}");
    assert!(!report["logTail"].is_null(), "{report:#}");
});

fn cmdline(pid: u32) -> String {
    let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let first = words.split(|byte| *byte == 0).next().unwrap_or_default();
    let first = String::from_utf8_lossy(first).into_owned();
    first.rsplit('/').next().unwrap_or_default().to_owned()
}

/// A scheduled job that a release has lost is a failed target, and its message says what systemctl says.
#[test]
fn scheduled_jobs_are_still_scheduled() {
    let Some(fixture) = Fixture::on(Supervisor::Systemd) else {
        return;
    };
    prepared(&fixture);
    deploy(&fixture, 1);
    let timer = format!("{}-nightly.timer", fixture.name);
    let job = format!("{}-nightly.service", fixture.name);
    fixture.install_unit(&job, "[Service]\nType=oneshot\nExecStart=/bin/true\n");
    fixture.install_unit(&timer, "[Timer]\nOnCalendar=*-01-01 03:00:00\n");
    assert!(fixture.systemctl(["start", &timer]).status.success());
    let target = format!("command:systemctl is-active {timer}");
    let ask = |exit: i32| {
        fixture
            .tool("healthwait")
            .args([&fixture.url("/health"), &target, "--attempts", "1"])
            .stderr_any()
            .run(exit)
    };
    assert_eq!(*ask(0).at("/healthy"), true);
    assert!(fixture.systemctl(["stop", &timer]).status.success());
    until("it has stopped", || {
        !fixture.systemctl(["is-active", &timer]).status.success()
    });
    let gone = ask(1);
    assert_eq!(gone.error_code(), "not-healthy");
    let message = gone.text("/targets/1/message");
    assert!(message.contains("exit status: 3"), "{message}");
    assert!(message.contains("inactive"), "{message}");
}
