//! Releases of a Compose project: its configuration with every image told by its id, made live and led back from.

use crate::by_hand::start;
use crate::{container, fixture, image_id, inspect, project};
use slipway_tests::{Ended, Fixture, Registry, Tool};
use std::fs;

const IMAGE: &str = "{{.Image}}";

fn deploy_compose(fixture: &Fixture) -> Tool {
    fixture.runbook("deploy-compose")
}

/// Waits short enough for a test.
fn prepared(fixture: &Fixture, directory: &std::path::Path) {
    fixture.configure("RELEASE_STAGE_COMPOSE", directory.to_str().unwrap());
    // The project is called after its directory, and before the first deploy only this tells so.
    fixture.configure("COMPOSE_PROJECT_NAME", "shop");
    fixture.configure("SERVICE_STOP_TIMEOUT", "2s");
    fixture.configure("SERVICE_START_TIMEOUT", "20s");
    fixture.configure("HEALTHWAIT_TIMEOUT", "6s");
    fixture.configure("PREFLIGHT_SKIP", "disk");
}

fn outcome(ended: &Ended) -> String {
    ended.text("/outcome").to_owned()
}

#[test]
fn a_tag_that_moves_takes_nobody_along_who_did_not_ask() {
    let Some(fixture) = fixture() else { return };
    let engine = fixture.engine.as_ref().unwrap();
    let registry = Registry::start(&fixture.directory.join("registry"));
    let put = |version: &str, behaviour: &str| {
        let source = fixture.source(version, version, behaviour);
        registry.put(engine, &source, "demo:live")
    };
    let directory = fixture.directory.join("shop");
    fs::create_dir_all(&directory).unwrap();
    let file = format!(
        "version: '3.4'\nservices:\n  demo:\n    image: {}\n    network_mode: host\n    pid: host\n    restart: always\n    \
         environment:\n      GREETING: '${{GREETING}}'\n",
        registry.name("demo:live")
    );
    fs::write(directory.join("docker-compose.yml"), file).unwrap();
    fs::write(directory.join(".env"), "GREETING=a$$b\n").unwrap();
    prepared(&fixture, &directory);
    fixture.configure("RELEASE_STAGE_PULL", "yes");

    let first = put("1", "healthy");
    assert_eq!(outcome(&deploy_compose(&fixture).run(0)), "succeeded");
    fixture.until_version("1");
    assert_eq!(inspect(&fixture, "shop", "demo", IMAGE), first);
    let live = fixture.selected().unwrap();
    let text = fs::read_to_string(fixture.root.join("current/compose.yaml")).unwrap();
    assert!(text.contains(&format!("image: {first}")), "{text}");
    assert!(!text.contains("demo:live"), "{text}");

    // The name now means something that does not serve.
    let bad = put("2", "health-status=500");
    let rejected = deploy_compose(&fixture).run(1);
    assert_eq!(outcome(&rejected), "rolled-back");
    fixture.until_version("1");
    assert_eq!(
        inspect(&fixture, "shop", "demo", IMAGE),
        first,
        "the very image"
    );
    assert_eq!(fixture.selected().unwrap(), live);

    // The same again is not tried again, unless somebody insists.
    let running = container(&fixture, "shop", "demo");
    let refused = deploy_compose(&fixture).run(1);
    assert_eq!(outcome(&refused), "aborted");
    assert_eq!(
        container(&fixture, "shop", "demo"),
        running,
        "nothing was touched"
    );
    let staged = fixture.tool("release-stage").stderr_any().run(1);
    assert_eq!(staged.error_code(), "known-bad");
    let forced = fixture
        .tool("release-stage")
        .arg("--force")
        .stderr_any()
        .run(0);
    assert_eq!(forced.text("/images/0"), format!("demo={bad}"));
    assert_eq!(forced.text("/kind"), "compose");

    // Well again, and once more the same, as somebody insists; and back by hand, past what is no other, wherever the name points by now.
    let third = put("3", "healthy");
    assert_eq!(outcome(&deploy_compose(&fixture).run(0)), "succeeded");
    let same = fixture.selected().unwrap();
    let insisted = deploy_compose(&fixture).arg("--force").run(0);
    assert_eq!(outcome(&insisted), "succeeded");
    fixture.until_version("3");
    assert_eq!(inspect(&fixture, "shop", "demo", IMAGE), third);
    let running = container(&fixture, "shop", "demo");
    let again = deploy_compose(&fixture).run(0);
    assert_eq!(again.at("/changed"), false, "{}", again.report);
    assert_eq!(container(&fixture, "shop", "demo"), running);
    let wrong = fixture.tool("rollback").args(["--kind", "release"]);
    assert_eq!(wrong.stderr_any().run(1).error_code(), "other-kind");
    let back = fixture.tool("rollback").args(["--kind", "compose"]);
    let back = back.stderr_any().run(0);
    assert_eq!(back.text("/to"), live);
    let passed = format!("passed over: {same} is the same as");
    assert!(back.text("/reason").contains(&passed), "{}", back.stdout);
    fixture.until_version("1");
    assert_eq!(inspect(&fixture, "shop", "demo", IMAGE), first);
    let kept = format!("slipway/shop/demo:{live}");
    assert_eq!(image_id(&fixture, &kept), first);

    // Somebody has cleared away what no container uses.
    engine.say(&["image", "prune", "--all", "--force"]);
    let running = container(&fixture, "shop", "demo");
    let forward = fixture.tool("rollback").args(["--to", &same]);
    let refused = forward.stderr_any().run(1);
    assert_eq!(refused.error_code(), "images-missing");
    assert_eq!(container(&fixture, "shop", "demo"), running);
    let hint = format!("deploy-compose {}", fixture.app().display());
    assert_eq!(refused.text("/error/hint"), hint);
}

#[test]
fn what_was_started_by_hand_is_taken_over_and_pruned_images_are_let_go() {
    let Some(fixture) = fixture() else { return };
    let engine = fixture.engine.as_ref().unwrap();
    let directory = project(&fixture, "shop");
    let by_hand = format!("compose:{}", directory.display());
    start(&fixture, &by_hand, &["--build"]);
    let worker = container(&fixture, "shop", "worker");
    prepared(&fixture, &directory);
    fixture.configure("RELEASE_STAGE_BUILD", "auto");
    fixture.configure("RELEASE_PRUNE_KEEP", "1");

    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/deploy-compose");
    let detached = fixture.shell(&format!("exec {script} --detach \"$DEPLOY_APP\""));
    let detached = detached.stderr_any().run(0);
    let id = detached.text("/deployId").to_owned();
    let waited = fixture
        .tool("deploy-state")
        .args(["wait", &id, "--timeout", "60s"]);
    assert_eq!(outcome(&waited.stderr_any().run(0)), "succeeded");
    fixture.until_version("1");
    assert_ne!(container(&fixture, "shop", "worker"), worker, "made anew");
    let first = fixture.selected().unwrap();
    let of = |release: &str, service: &str| {
        let name = format!("slipway/shop/{service}:{release}");
        engine.run(&["image", "inspect", &name]).status.success()
    };
    assert!(of(&first, "web") && of(&first, "worker"));

    crate::behaves(&fixture, &directory, "web", "2", "healthy");
    deploy_compose(&fixture).run(0);
    crate::behaves(&fixture, &directory, "web", "3", "healthy");
    deploy_compose(&fixture).run(0);
    fixture.until_version("3");
    // Which images nobody needs any more is looked at with every start; those of projects with names alike are theirs.
    let others = [
        "slipway/shop-api/web",
        "slipway/shop-api-web",
        "slipway/shop-staging-web",
    ]
    .map(|name| format!("{name}:{first}"));
    let image = inspect(&fixture, "shop", "web", IMAGE);
    for other in &others {
        engine.say(&["tag", &image, other]);
    }
    let again = fixture.shell("service-stop >/dev/null && exec service-start");
    let _ = again.stderr_any().run(0);
    assert!(!fixture.root.join("releases").join(&first).exists());
    assert!(!of(&first, "web") && !of(&first, "worker"));
    let live = fixture.selected().unwrap();
    assert!(of(&live, "web"));
    for other in &others {
        image_id(&fixture, other);
    }
    // A tag that was lost, or never came to be, is there again.
    engine.say(&["rmi", &format!("slipway/shop/web:{live}")]);
    let again = fixture.shell("service-stop >/dev/null && exec service-start");
    let _ = again.stderr_any().run(0);
    assert!(of(&live, "web"));
}

#[test]
fn the_first_deploy_of_what_was_started_by_hand_can_have_a_way_back() {
    let Some(fixture) = fixture() else { return };
    let directory = project(&fixture, "shop");
    start(
        &fixture,
        &format!("compose:{}", directory.display()),
        &["--build"],
    );
    let image = inspect(&fixture, "shop", "web", IMAGE);
    prepared(&fixture, &directory);
    fixture.configure("RELEASE_STAGE_BUILD", "auto");
    let look = fixture.tool("preflight").args(["--only", "layout"]);
    let shop = ("COMPOSE_PROJECT_NAME", "shop");
    let warned = look.env(shop.0, shop.1).stderr_any().run(0);
    let checks = warned.at("/checks").as_array().unwrap();
    let warned = checks.iter().find(|check| check["name"] == "layout");
    let hint = warned.unwrap()["hint"].as_str().unwrap().to_owned();
    assert!(hint.contains("release-stage --app"), "{hint}");
    let obeyed = fixture.shell(&hint).env(shop.0, shop.1).no_report();
    let _ = obeyed.stderr_any().run(0);

    assert_eq!(fixture.selected().as_deref(), Some("before"));
    // As a rollback starts it.
    let again = fixture.shell("service-stop >/dev/null && exec service-start");
    let again = again.env(shop.0, shop.1).stderr_any().run(0);
    assert_eq!(again.text("/proof/verdict"), "proven");
    fixture.until_version("1");
    assert_eq!(inspect(&fixture, "shop", "web", IMAGE), image);
}

#[test]
fn what_cannot_be_written_down_after_a_start_is_no_failed_start() {
    let Some(fixture) = fixture() else { return };
    fixture.release("20260101-000000", "1", "healthy");
    fixture.select("20260101-000000");
    let _ = fixture.tool("service-start").stderr_any().run(0);
    let _ = fixture.tool("service-stop").stderr_any().run(0);
    // Its image is there by now; and where the directory would have to be, something else is.
    fixture.configure("SERVICE_START_BUILD", "no");
    let written = fixture.root.join("run/compose");
    fs::remove_dir_all(&written).unwrap();
    fs::write(&written, "").unwrap();
    let started = fixture.tool("service-start").stderr_any().run(0);
    assert_eq!(started.text("/proof/verdict"), "proven");
    let noted = &started.stderr;
    assert!(noted.contains("images are not written down"), "{noted}");
}

#[test]
fn containers_of_a_project_by_another_name_are_not_started_beside() {
    let Some(fixture) = fixture() else { return };
    let directory = project(&fixture, "shop");
    let by_hand = format!("compose:{}", directory.display());
    start(&fixture, &by_hand, &["--build"]);
    let stage = |name: &str| {
        let tool = fixture.tool("release-stage");
        tool.env("COMPOSE_PROJECT_NAME", name)
            .args(["--compose", directory.to_str().unwrap()])
            .stderr_any()
    };
    let refused = stage("").run(1);
    assert_eq!(refused.error_code(), "other-project");
    let message = refused.text("/error/message");
    assert!(message.contains("COMPOSE_PROJECT_NAME=shop"), "{message}");
    // As it says; and where none of them runs there is nothing to be beside of.
    stage("shop").run(0);
    let stopped = fixture.tool("service-stop").args(["--service", &by_hand]);
    let _ = stopped.stderr_any().run(0);
    stage("").run(0);
}
