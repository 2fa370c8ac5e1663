//! How often, how much and how far: the checks that hold something against a limit.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, unreachable_pub)]
mod support;

use serde_json::Value;
use state::{Begin, Outcome, Phase};
use std::fs;
use std::time::{Duration, SystemTime};
use support::{Application, directory, one, run};

/// A deploy that began that long ago and ended so, out of that phase.
fn deployed(application: &Application, id: &str, ago: u64, phase: Phase, outcome: Outcome) {
    let at = SystemTime::now() - Duration::from_secs(ago);
    application.change(|held| {
        held.state.begin(Begin {
            id: id.into(),
            at,
            by: "ann@host".into(),
            owner: None,
            moment_of: None,
            live: Some("r1".into()),
            release: None,
            commit: None,
        })
    });
    application.change(|held| held.state.enter(id, phase).unwrap().unwrap());
    if outcome != Outcome::Failed {
        application.change(|held| {
            let ended = held.state.end(id, outcome, None, at, Duration::ZERO);
            ended.unwrap()
        });
    }
}

#[test]
fn so_many_deploys_and_no_more() {
    let application = Application::new();
    application.check("rate", &[], "pass");
    for number in 0..3 {
        let id = format!("d{number}");
        deployed(&application, &id, 0, Phase::Build, Outcome::Succeeded);
        let id = format!("c{number}");
        deployed(&application, &id, 0, Phase::PreFlight, Outcome::Aborted);
    }
    let usual = application.check("rate", &[], "pass");
    assert_eq!((&usual["value"], &usual["limit"]), (&3.into(), &10.into()));
    let three = ["--max-deploys", "3/1h"];
    let full = application.check("rate", &three, "fail");
    let message = full["message"].as_str().unwrap();
    assert!(message.starts_with("3 deploys count already, and 3/1h are allowed"));
    assert!(message.ends_with("in 60 min"), "{message}");
    application.check("rate", &["--max-deploys", "4/1h"], "pass");
    application.check("rate", &["--max-deploys", "none"], "skip");
    // The one that asks is the fourth and does not count.
    deployed(&application, "own", 0, Phase::PreFlight, Outcome::Failed);
    application.check("rate", &["--max-deploys", "4/1h", "--id", "own"], "pass");
    application.check("rate", &["--max-deploys", "4/1h"], "fail");
    let mut around = application.tool(&["--only", "rate"]);
    around.env("DEPLOY_MAX_DEPLOYS", "3/1h");
    one(&run(around, 1), "fail");
    application.run(&["--max-deploys", "some"], 2);
}

#[test]
fn what_will_be_pruned_can_be() {
    let application = Application::new();
    application.change(|held| held.state.staged("r1", None));
    application.change(|held| held.state.staged("r2", None));
    application.validate("r1");
    let space = |keep: &str, status| {
        let mut command = application.tool(&["--only", "space"]);
        command.env("RELEASE_PRUNE_KEEP", keep);
        one(&run(command, 0), status)
    };
    let message = |check: Value| check["message"].as_str().unwrap().to_owned();
    assert!(message(space("5", "pass")).ends_with("nothing will be pruned"));
    // Half a mebibyte above three: what a file system adds for itself does not change how it is rounded.
    fs::write(application.root.join("releases/r2/a"), vec![7; 7 << 19]).unwrap();
    let frees = message(space("1", "pass"));
    assert!(
        frees.ends_with("pruning will remove 1 release and free 4 MiB"),
        "{frees}"
    );
    let source = directory();
    fs::write(source.join("a"), vec![7; 2 << 20]).unwrap();
    fs::create_dir(source.join(".git")).unwrap();
    fs::write(source.join(".git/b"), vec![7; 9 << 20]).unwrap();
    let told = ["--source", source.to_str().unwrap()];
    let fits = application.check("space", &told, "pass");
    assert_eq!(fits["value"], 2 << 20, "what is left out takes nothing");
    fs::write(application.root.join("releases/r1/a"), vec![7; 3 << 20]).unwrap();
    let mut built = application.tool(&["--only", "space"]);
    built.args(told).env("RELEASE_STAGE_BUILD", "make");
    let last = one(&run(built, 0), "pass");
    assert_eq!(last["value"], 3 << 20, "as much as the last build took");
    fs::remove_dir_all(&source).unwrap();
}

#[test]
fn memory_and_disk_and_room() {
    let application = Application::new();
    application.check("memory", &["--memory-min", "1000T"], "fail");
    application.check("memory", &["--memory-min", "1"], "pass");
    application.check("inodes", &["--inodes-max", "0%"], "fail");
    let source = directory();
    let source_text = source.to_str().unwrap();
    application.check("source", &["--source", source_text], "fail");
    fs::write(source.join("a"), "a").unwrap();
    application.check("source", &["--source", source_text], "pass");
    application.check("space", &["--source", source_text], "pass");
    let without = |value: &str, status: &str| {
        let mut command = application.tool(&["--only", "source", "--source", source_text]);
        command.env("RELEASE_STAGE_EXCLUDE", value);
        one(&run(command, i32::from(status == "fail")), status);
    };
    without("a", "fail");
    without("b", "pass");
    let inside = application.root.join("releases/r1");
    fs::write(inside.join("a"), "a").unwrap();
    for source in [&inside, &application.root] {
        let arguments = ["--source", source.to_str().unwrap()];
        application.check("source", &arguments, "fail");
    }
    let file = directory().join("app.env");
    fs::write(&file, "RELEASE_STAGE_SOURCE=dist\n").unwrap();
    let app = ["--app", file.to_str().unwrap(), "--source", "dist"];
    let relative = application.check("source", &app, "fail");
    let hint = format!("\"${{EDITOR:-vi}}\" +1 {}", file.display());
    assert_eq!(relative["hint"], hint);
    fs::remove_dir_all(file.parent().unwrap()).unwrap();
    fs::remove_dir_all(&source).unwrap();
    application.check("source", &["--source", source_text], "fail");
    application.check("space", &["--source", source_text], "fail");
    application.check("permissions", &[], "pass");
}
