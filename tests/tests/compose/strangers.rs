//! Who answers is not who was started: a container of somebody else's, and another service of the same project.

use crate::{fixture, project};
use slipway_tests::until;

#[test]
fn an_unrelated_container_on_the_port_is_named_and_not_believed() {
    let Some(fixture) = fixture() else { return };
    fixture.release("20260101-000000", "1", "healthy");
    fixture.select("20260101-000000");
    let engine = fixture.engine.as_ref().unwrap();
    let binary = format!(
        "{}:/srv",
        fixture
            .root
            .join("current/")
            .canonicalize()
            .unwrap()
            .display()
    );
    let port = fixture.port.number.to_string();
    let stranger = || {
        engine.say(&[
            "run",
            "--detach",
            "--network=host",
            "--pid=host",
            "--volume",
            &binary,
            "--workdir=/srv",
            "slipway-tests-base",
            "/srv/demo-service",
            "--port",
            &port,
        ])
    };
    let other = stranger();
    fixture.until_version("1");
    let refused = fixture.tool("service-start").stderr_any().run(1);
    assert_eq!(refused.error_code(), "port-held");
    assert!(refused.text("/error/message").contains("demo-service"));

    // One that comes later, while the project's own service does not listen at all.
    engine.say(&["rm", "--force", &other]);
    fixture.release("20260102-000000", "2", "hang");
    fixture.select("20260102-000000");
    fixture.configure("SERVICE_START_TIMEOUT", "3s");
    let _ = fixture.tool("service-start").stderr_any().run(124);
    stranger();
    fixture.until_version("1");
    let judged = fixture
        .tool("healthwait")
        .args(["--timeout", "4s", "--release", "20260102-000000"])
        .stderr_any()
        .run(124);
    assert_eq!(judged.error_code(), "proof-disproven");
}

#[test]
fn another_service_of_the_project_is_not_the_one_that_was_chosen() {
    let Some(fixture) = fixture() else { return };
    let directory = project(&fixture, "shop");
    let chosen = |service: &str| format!("compose:{}#{service}", directory.display());
    let both = format!("compose:{}", directory.display());
    let started = fixture
        .tool("service-start")
        .args(["--service", &both, "--build"])
        .stderr_any()
        .run(0);
    assert_eq!(started.text("/proof/verdict"), "proven");
    until("web serves", || fixture.get("/health").is_some());
    let web = fixture
        .tool("healthwait")
        .args(["--service", &chosen("web"), "--timeout", "3s"]);
    let well = web.stderr_any().run(0);
    assert_eq!(well.text("/proof"), "proven");
    let worker =
        fixture
            .tool("healthwait")
            .args(["--service", &chosen("worker"), "--timeout", "4s"]);
    let judged = worker.stderr_any().run(124);
    assert_eq!(judged.error_code(), "proof-disproven");
    let message = judged.text("/error/message");
    assert!(message.contains("not the service's"), "{message}");
}
