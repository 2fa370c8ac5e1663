//! Images that somebody has cleared away: what can no longer be started is not gone back to, and nothing is stopped for it.

use crate::deploys::{deploy, last, named, prepared, serves};
use crate::{container, fixture, image_id};
use slipway_tests::{Ended, Fixture};

/// What this version was made of.
fn kept(fixture: &Fixture, version: u32) -> String {
    image_id(fixture, &format!("slipway/root/demo:{}", named(version)))
}

/// A deploy of this version, which answers and is not well; once it is up, these images are cleared away.
fn deploy_unwell(fixture: &Fixture, version: u32, gone: &str, exit: i32) -> Ended {
    fixture.release(&named(version), &version.to_string(), "health-status=500");
    let runbook = format!(
        "service-stop | release-swap --newest - | service-start - >/dev/null && docker rmi --force {gone} >/dev/null && \
         healthwait | rollback --on-failure -"
    );
    fixture
        .tool("deploy-state")
        .args(["run", "--", "sh", "-c", &runbook])
        .stderr_any()
        .run(exit)
}

#[test]
fn a_release_without_its_images_is_not_gone_back_to() {
    let Some(fixture) = fixture() else { return };
    prepared(&fixture);
    (1..=2).for_each(|version| deploy(&fixture, version));
    let (first, second) = (kept(&fixture, 1), kept(&fixture, 2));

    // A deploy that failed goes to the next one that can be started, and says why.
    deploy_unwell(&fixture, 3, &second, 1);
    serves(&fixture, 1);
    let told = last(&fixture);
    assert_eq!(told["outcome"], "rolled-back", "{told}");
    let passed = format!("{} has images that are not on this host", named(2));
    assert!(told["why"].as_str().unwrap().contains(&passed), "{told}");

    // Where none can be started, what answers is left to answer.
    let down = deploy_unwell(&fixture, 4, &first, 69);
    let why = down.text("/why");
    assert!(why.contains("no other validated release"), "{why}");
    assert_eq!(fixture.selected(), Some(named(4)));
    fixture.until_version("4");

    // By hand nothing is changed either.
    let running = container(&fixture, "root", "demo");
    for options in [&[][..], &["--to", &named(2)], &["--dry-run"]] {
        let back = fixture.tool("rollback").args(options).stderr_any().run(1);
        assert_eq!(back.error_code(), "images-missing");
        assert!(back.text("/error/message").contains("demo=sha256:"));
        let hint = format!("deploy {}", fixture.app().display());
        assert_eq!(back.text("/error/hint"), hint);
    }
    assert_eq!(container(&fixture, "root", "demo"), running);
    assert_eq!(last(&fixture)["outcome"], "failed");

    // Nor does a start ask a registry for an id.
    let _ = fixture.tool("service-stop").stderr_any().run(0);
    fixture.select(&named(1));
    let start = fixture
        .tool("service-start")
        .env("SERVICE_START_BUILD", "no");
    let start = start.stderr_any().run(3);
    assert_eq!(start.error_code(), "images-missing");
}
