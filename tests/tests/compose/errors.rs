//! What can be wrong around a project, each with its own code and a command that mends it.

use crate::{fixture, project};
use slipway_tests::{Ended, User};

#[test]
fn each_has_its_code_and_its_cure() {
    let Some(fixture) = fixture() else { return };
    let directory = project(&fixture, "shop");
    let at = |place: &str| format!("compose:{}", fixture.directory.join(place).display());
    let start = |service: &str, exit: i32| {
        let tool = fixture.tool("service-start").args(["--service", service]);
        // The fixture's own file would have it built.
        let tool = tool.env("SERVICE_START_BUILD", "no");
        tool.stderr_any().run(exit)
    };
    let cured = |ended: &Ended, code: &str, cure: &str| {
        assert_eq!(ended.error_code(), code);
        let hint = ended.text("/error/hint");
        assert!(hint.contains(cure), "{hint}");
    };

    // Not built, and nobody said that it is to be.
    let unbuilt = start(&at("shop"), 3);
    cured(&unbuilt, "supervisor-refused", "--build");

    let unknown = start(&format!("{}#shipping", at("shop")), 3);
    cured(&unknown, "service-not-found", "config --services");

    std::fs::create_dir(fixture.directory.join("empty")).unwrap();
    cured(&start(&at("empty"), 3), "compose-file", "ls -l");

    std::fs::create_dir(fixture.directory.join("wrong")).unwrap();
    let file = fixture.directory.join("wrong/docker-compose.yml");
    std::fs::write(
        file,
        "version: '3.4'\nservices: {web: {image: x, prot: 1}}\n",
    )
    .unwrap();
    cured(&start(&at("wrong"), 3), "compose-file", "config -q");

    let away = fixture
        .tool("service-start")
        .args(["--service", &at("shop")])
        .env("DOCKER_HOST", "unix:///nonexistent/docker.sock")
        .stderr_any()
        .run(3);
    cured(&away, "supervisor-unavailable", "systemctl start docker");

    let stranger = User::deploy().unwrap();
    let barred = fixture
        .tool("preflight")
        .args(["--service", &at("shop"), "--only", "service"])
        .as_user(Some(&stranger))
        .stderr_any()
        .run(1);
    let hint = barred.text("/checks/0/hint");
    assert!(hint.contains("usermod -aG docker"), "{hint}");

    let dockerfile = directory.join("worker/Dockerfile");
    let text = std::fs::read_to_string(&dockerfile).unwrap();
    std::fs::write(&dockerfile, text + "COPY absent .\n").unwrap();
    let failed = fixture
        .tool("service-start")
        .args(["--service", &at("shop"), "--build"])
        .stderr_any()
        .run(3);
    cured(
        &failed,
        "supervisor-refused",
        &format!("cd {} && docker", directory.display()),
    );
    let message = failed.text("/error/message");
    // The step at which it failed, and what became of it.
    assert!(message.contains("COPY absent ."), "{message}");
    assert!(message.to_lowercase().contains("not found"), "{message}");

    let unit = fixture
        .tool("service-start")
        .args(["--service", "process:shop", "--start", "true", "--build"])
        .stderr_any()
        .run(2);
    assert_eq!(unit.error_code(), "no-images");
    assert!(directory.is_dir());
}
