//! A project directory without releases: pulled and built by hand, all of its services or some.

use crate::{behaves, container, fixture, inspect, project};
use serde_json::Value;
use slipway_tests::{Fixture, until};
use std::fs::OpenOptions;
use std::io::Write;

const IMAGE: &str = "{{.Image}}";

pub(crate) fn start(fixture: &Fixture, service: &str, options: &[&str]) -> Value {
    let started = fixture
        .tool("service-start")
        .args(["--service", service])
        .args(options)
        .stderr_any()
        .run(0);
    started.at("").clone()
}

#[test]
fn only_what_is_built_anew_is_replaced_and_the_images_are_told_before_and_after() {
    let Some(fixture) = fixture() else { return };
    // What the application's file asks for is not what is asked for here.
    let directory = project(&fixture, "shop");
    let all = format!("compose:{}", directory.display());
    let first = start(&fixture, &all, &["--build"]);
    assert_eq!(first["changed"], true);
    assert_eq!(first["release"], Value::Null);
    assert_eq!(first["images"]["before"].as_array().unwrap().len(), 0);
    let web = inspect(&fixture, "shop", "web", IMAGE);
    assert_eq!(first["images"]["after"][0], format!("web={web}"));
    let worker = container(&fixture, "shop", "worker");

    // Nothing new to build: nothing is replaced.
    let same = start(&fixture, &all, &["--build"]);
    assert_eq!(same["changed"], false);
    assert_eq!(container(&fixture, "shop", "worker"), worker);

    behaves(&fixture, &directory, "web", "2", "healthy");
    let second = start(&fixture, &all, &["--build"]);
    fixture.until_version("2");
    assert_eq!(second["images"]["before"][0], format!("web={web}"));
    assert_ne!(second["images"]["after"][0], second["images"]["before"][0]);
    assert_eq!(second["images"]["after"][1], second["images"]["before"][1]);
    assert_eq!(container(&fixture, "shop", "worker"), worker, "left alone");
    assert_eq!(second["proof"]["verdict"], "proven");

    // Some of them: the others stay as they are, whatever there is to build.
    behaves(&fixture, &directory, "worker", "3", "healthy");
    behaves(&fixture, &directory, "web", "3", "healthy");
    let chosen = format!("{all}#web");
    start(&fixture, &chosen, &["--build"]);
    fixture.until_version("3");
    assert_eq!(container(&fixture, "shop", "worker"), worker);
    let stopped = fixture.tool("service-stop").args(["--service", &chosen]);
    let _ = stopped.stderr_any().run(0);
    let running = inspect(&fixture, "shop", "worker", "{{.State.Running}}");
    assert_eq!(running, "true");
}

#[test]
fn a_service_that_has_ended_or_is_unhealthy_is_a_failed_check() {
    let Some(fixture) = fixture() else { return };
    let directory = project(&fixture, "shop");
    let all = format!("compose:{}", directory.display());
    let check = |exit: i32| {
        let checked = fixture
            .tool("preflight")
            .args(["--service", &all, "--only", "service"])
            .stderr_any()
            .run(exit);
        checked.text("/checks/0/message").to_owned()
    };
    start(&fixture, &all, &["--build"]);
    assert!(check(0).contains("running"));
    let engine = fixture.engine.as_ref().unwrap();
    engine.say(&["stop", "--time=1", &container(&fixture, "shop", "worker")]);
    let message = check(1);
    assert!(message.contains("worker exited"), "{message}");

    // What ended is started again, and nothing else.
    let web = container(&fixture, "shop", "web");
    let again = fixture
        .tool("service-start")
        .args(["--service", &all])
        .env("SERVICE_START_BUILD", "no");
    let again = again.stderr_any().run(0);
    assert_eq!(again.at("/changed"), &Value::Bool(true));
    assert_eq!(container(&fixture, "shop", "web"), web);
    assert!(check(0).contains("running"));

    // Its own health check asks for a page that is not there.
    let file = directory.join("docker-compose.yml");
    let text = std::fs::read_to_string(&file).unwrap();
    let url = fixture.url("/missing");
    let sick = format!(
        "    healthcheck:\n      test: [CMD, ./demo-service, get, '{url}']\n      interval: 1s\n      retries: 1\n  worker:"
    );
    std::fs::write(&file, text.replacen("  worker:", &sick, 1)).unwrap();
    let unready = fixture
        .tool("service-start")
        .args(["--service", &all, "--timeout", "6s", "--build"])
        .stderr_any()
        .run(124);
    assert_eq!(unready.error_code(), "not-ready");
    let why = unready.text("/error/message");
    assert!(why.contains("web: health unhealthy ("), "{why}");
    assert!(!why.contains("nobody listens"), "{why}");
    let message = check(1);
    assert!(message.contains("health unhealthy"), "{message}");
}

/// Longer than any other question to the engine may take.
const STOP: &str = "23s";

#[test]
fn a_single_container_has_all_of_its_time_to_stop_and_is_killed_then() {
    let Some(fixture) = fixture() else { return };
    fixture.release("20260101-000000", "1", "ignore-term");
    fixture.select("20260101-000000");
    let started = fixture.tool("service-start").stderr_any().run(0);
    assert_eq!(started.text("/proof/verdict"), "proven");
    let stopped = fixture
        .tool("service-stop")
        .args(["--timeout", STOP])
        .stderr_any()
        .run(0);
    assert_eq!(stopped.at("/killed"), &Value::Bool(true));
    assert!(stopped.at("/stopMs").as_u64().unwrap() >= 23_000);
}

#[test]
fn every_error_of_a_long_log_is_counted() {
    let Some(fixture) = fixture() else { return };
    let directory = project(&fixture, "shop");
    let web = format!("compose:{}#web", directory.display());
    start(&fixture, &web, &["--build"]);
    let pid = inspect(&fixture, "shop", "web", "{{.State.Pid}}");
    let mut says = OpenOptions::new()
        .write(true)
        .open(format!("/proc/{pid}/fd/2"))
        .unwrap();
    writeln!(says, "ERROR one").unwrap();
    for _ in 0..3000 {
        writeln!(says, "{}", "all is well ".repeat(60)).unwrap();
    }
    writeln!(says, "ERROR two").unwrap();
    let engine = fixture.engine.as_ref().unwrap();
    let id = container(&fixture, "shop", "web");
    until("the engine has all of it", || {
        let last = engine.run(&["logs", "--tail", "1", &id]).stderr;
        String::from_utf8_lossy(&last).contains("ERROR two")
    });
    let failed = fixture
        .tool("healthwait")
        .args(["--service", &web, "--max-log-errors", "0"])
        .stderr_any()
        .run(1);
    let service = failed.at("/service");
    assert_eq!(service["logErrors"], 2, "{service:#}");
    assert_eq!(service["logErrorExamples"][0], "ERROR one", "{service:#}");
    let tail = failed.at("/logTail").as_array().unwrap();
    assert_eq!(tail.last().unwrap(), "ERROR two");
}
