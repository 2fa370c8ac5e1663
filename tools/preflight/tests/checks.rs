//! Each check against what it is there to find.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, unreachable_pub)]
mod support;

use deadline::Deadline;
use service::{Service, Setting};
use state::{Begin, Mark, Verdict};
use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};
use support::{Application, PATIENCE, directory, one, run, tool};

/// No test: run again by the tests below, it is the service.
#[test]
fn acts_as_server() {
    let Ok(port) = std::env::var("SERVE") else {
        return;
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse().unwrap())).unwrap();
    for stream in listener.incoming() {
        drop(stream);
    }
}

#[test]
fn a_foreign_holder_of_the_port_is_named() {
    let application = Application::new();
    let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut listeners = vec![v4];
    // A machine may lack IPv6; then there is nothing to be found on it.
    listeners.extend(TcpListener::bind((Ipv6Addr::LOCALHOST, 0)));
    for listener in listeners {
        let port = listener.local_addr().unwrap().port().to_string();
        let held = application.check("port", &["--port", &port], "fail");
        let own = std::process::id();
        let message = held["message"].as_str().unwrap();
        assert!(message.contains(&format!("process {own} (")), "{message}");
        // For an instant, what another test starts holds it too.
        assert!(held["hint"].as_str().unwrap().contains(&own.to_string()));
        assert!(held["value"].as_array().unwrap().contains(&own.into()));
        let address = listener.local_addr().unwrap();
        drop(listener);
        closed(address);
        application.check("port", &["--port", &port], "pass");
    }
}

/// Waits until nobody holds the socket any more: not even a child of another test, between its fork and its exec.
fn closed(address: SocketAddr) {
    let deadline = Deadline::after(PATIENCE);
    while TcpStream::connect(address).is_ok() {
        deadline.sleep(Duration::from_millis(1)).unwrap();
    }
}

#[test]
fn a_port_that_the_service_itself_holds_is_well() {
    let application = Application::new();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let port = address.port().to_string();
    drop(listener);
    closed(address);
    let program = std::env::current_exe().unwrap();
    let start = format!("SERVE={port} {} --exact acts_as_server", program.display());
    let setting = Setting {
        root: application.root.clone(),
        current: application.root.join("current"),
        start: Some(start),
    };
    let service = Service::parse("process:app", &setting).unwrap();
    let deadline = Deadline::after(PATIENCE);
    service.start(&deadline).unwrap();
    while TcpStream::connect(address).is_err() {
        deadline.sleep(Duration::from_millis(5)).unwrap();
    }
    let with = ["--port", &port, "--service", "process:app"];
    let bare = application.check("service", &with, "fail");
    let message = bare["message"].as_str().unwrap();
    assert!(message.contains("DEPLOY_START"), "{message}");
    let with = [&with[..], &["--start", "serve"]].concat();
    let own = application.check("port", &with, "pass");
    let pid = service.status(&deadline).unwrap().main_pid.unwrap();
    assert_eq!(own["value"], serde_json::json!([pid]));
    application.check("service", &with, "pass");
    application.check("restarts", &with, "skip");
    let unnamed = application.check("port", &["--port", &port], "fail");
    let message = unnamed["message"].as_str().unwrap();
    assert!(message.contains("DEPLOY_SERVICE"), "{message}");
    let wrong = ["--port", "1", "--service", "process:app"];
    let hasty = [&wrong[..], &["--check-timeout", "1s"]].concat();
    let elsewhere = application.check("port", &hasty, "fail");
    let expected = format!("the service listens on {port}, and --port says 1: DEPLOY_PORT={port}");
    let message = elsewhere["message"].as_str().unwrap();
    assert!(message.starts_with(&expected), "{message}");
    application.validate("r1");
    application.change(|held| held.state.mark("r1", Mark::Verdict(Verdict::Bad)).unwrap());
    application.check("port", &hasty, "warn");
    service.kill(&deadline).unwrap();
    application.check("service", &with, "warn");
    application.check("port", &with, "pass");
}

#[test]
fn a_service_that_died_has_failed() {
    let application = Application::new();
    let setting = Setting {
        root: application.root.clone(),
        current: application.root.join("current"),
        start: Some("exit 3".into()),
    };
    let service = Service::parse("process:app", &setting).unwrap();
    let deadline = Deadline::after(PATIENCE);
    service.start(&deadline).unwrap();
    while !service.status(&deadline).unwrap().active.is_over() {
        deadline.sleep(Duration::from_millis(5)).unwrap();
    }
    let service = ["--service", "process:app", "--start", "exit 3"];
    let unvalidated = application.check("service", &service, "warn");
    let message = unvalidated["message"].as_str().unwrap();
    assert!(message.contains("never validated"), "{message}");
    application.validate("r1");
    let good = application.check("service", &service, "fail");
    let message = good["message"].as_str().unwrap();
    assert!(message.contains("deploy --force"), "{message}");
    let mut protected = application.tool(&["--only", "service"]);
    protected.args(service).env("DEPLOY_PROTECTED", "yes");
    let text = "PREFLIGHT_ONLY=service\n";
    let file = application.root.join("app.env");
    fs::write(&file, text).unwrap();
    protected.arg("--app").arg(&file);
    let protected = one(&run(protected, 1), "fail");
    let message = protected["message"].as_str().unwrap();
    assert!(message.contains("PREFLIGHT_WARN=service"), "{message}");
}

#[test]
fn health_is_asked_of_what_is_meant_to_run() {
    let application = Application::new();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let target = format!("tcp://{address}");
    application.check("health", &["--health-url", &target], "pass");
    drop(listener);
    closed(address);
    let url = ["--health-url", target.as_str()];
    application.check("health", &url, "warn");
    application.validate("r1");
    application.check("health", &url, "fail");
    application.change(|held| held.state.mark("r1", Mark::Verdict(Verdict::Bad)).unwrap());
    application.check("health", &url, "warn");
    application.validate("r1");
    let stopped = [&url[..], &["--service", "process:app"]].concat();
    application.check("health", &stopped, "skip");
    fs::remove_file(application.root.join("current")).unwrap();
    application.check("health", &url, "skip");
    let required = [&url[..], &["--require", "health"]].concat();
    application.check("health", &required, "fail");
    application.run(&["--health-url", "ftp://x"], 2);
}

#[test]
fn a_layout_that_the_tools_would_stop_at() {
    let application = Application::new();
    let current = application.root.join("current");
    application.check("layout", &[], "pass");
    let other = |make: &dyn Fn(&Path)| {
        fs::remove_file(&current)
            .or_else(|_| fs::remove_dir(&current))
            .unwrap();
        make(&current);
        application.check("layout", &[], "fail");
    };
    other(&|link| symlink("/usr", link).unwrap());
    other(&|link| symlink("releases/gone", link).unwrap());
    other(&|link| fs::write(link, "").unwrap());
    other(&|link| fs::create_dir(link).unwrap());
    fs::remove_dir(&current).unwrap();
    application.check("layout", &[], "pass");
    symlink("releases/r1", &current).unwrap();
    let manifest = application.root.join("releases/r1/.release.json");
    fs::write(&manifest, "{").unwrap();
    application.check("layout", &[], "fail");
    fs::remove_file(&manifest).unwrap();
    fs::create_dir(application.root.join("releases/.staging-1-abcdef")).unwrap();
    application.check("layout", &[], "warn");
    fs::remove_dir_all(application.root.join("releases")).unwrap();
    application.check("layout", &[], "fail");
}

#[test]
fn a_state_that_cannot_be_read_is_never_an_empty_one() {
    let application = Application::new();
    for text in ["", "{\"schema\":1,", "{\"schema\":999}"] {
        fs::write(application.root.join("deploy-state.json"), text).unwrap();
        for check in ["layout", "paused", "lock"] {
            application.check(check, &[], "fail");
        }
    }
}

#[test]
fn a_release_that_is_live_bad_or_none() {
    let application = Application::new();
    let release = |name: &str, status| application.check("release", &["--release", name], status);
    release("r2", "pass");
    release("r1", "fail");
    release("r9", "fail");
    release("../r2", "fail");
    symlink("/usr", application.root.join("releases/out")).unwrap();
    release("out", "fail");
    application.change(|held| held.state.staged("r2", None));
    release("r2", "pass");
    application.change(|held| held.state.mark("r2", Mark::Verdict(Verdict::Bad)).unwrap());
    release("r2", "fail");
}

#[test]
fn paused_until_it_is_not() {
    let application = Application::new();
    application.check("paused", &[], "pass");
    application.change(|held| held.state.pause("a fair", None, SystemTime::now()));
    let paused = application.check("paused", &[], "fail");
    assert!(paused["message"].as_str().unwrap().contains("a fair"));
    assert_eq!(paused["hint"], "deploy-state resume");
}

#[test]
fn another_deploy_and_ones_own() {
    let application = Application::new();
    application.check("lock", &[], "pass");
    application.change(|held| {
        let proc = host::Proc::system();
        held.state.begin(Begin {
            id: "d1".into(),
            at: SystemTime::now(),
            by: "ann@host".into(),
            owner: Some(proc.identity_of(std::process::id()).unwrap()),
            moment_of: None,
            live: Some("r1".into()),
            release: None,
            commit: None,
        })
    });
    let held = application.check("lock", &[], "fail");
    assert!(held["message"].as_str().unwrap().contains("ann@host"));
    application.check("lock", &["--id", "d1"], "pass");
    application.check("lock", &["--id", "d2"], "fail");
}

#[test]
fn a_service_that_crashes_while_it_is_waited_for_listens_nowhere_else() {
    let application = Application::new();
    let file = application.root.join("service");
    let service = format!("command:{}", file.display());
    // It runs when it is first asked for.
    let runs = r#"printf '{"active":"running","invocation":"%s"}' "#;
    for (then, status) in [
        ("exit 3", "pass"),
        (&format!("{runs} second"), "pass"),
        (&format!("{runs} first"), "fail"),
    ] {
        let script = format!(
            "#!/bin/sh\nasked=$DEPLOY_ROOT/asked\n[ ! -e $asked ] || {{ {then}; exit; }}\n>$asked\n{runs} first\n"
        );
        fs::write(&file, script).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        let arguments = [
            "--service",
            &service,
            "--port",
            "1",
            "--check-timeout",
            "1s",
        ];
        application.check("port", &arguments, status);
        fs::remove_file(application.root.join("asked")).unwrap();
    }
}

#[test]
fn a_working_tree_with_something_in_it() {
    let tree = directory();
    let git = |arguments: &[&str]| {
        let status = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@t", "-C"])
            .arg(&tree)
            .args(arguments)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status()
            .unwrap();
        status.success()
    };
    let check = |name: &str, status: &str| {
        let text = tree.to_str().unwrap();
        let arguments = ["--only", name, "--git", text, "--branch", "main"];
        let report = run(tool(&arguments), i32::from(status == "fail"));
        one(&report, status)
    };
    check("git", "fail");
    assert!(git(&["init", "-q", "-b", "main"]));
    fs::write(tree.join("a"), "one").unwrap();
    let dirty = check("git", "fail");
    assert!(dirty["message"].as_str().unwrap().contains("?? a"));
    // As a hook of git's, or under `git -c`.
    let mut called = tool(&["--only", "git", "--git", tree.to_str().unwrap()]);
    called
        .env("GIT_CONFIG_PARAMETERS", "'status.showUntrackedFiles'='no'")
        .env("GIT_OBJECT_DIRECTORY", "/nowhere")
        .env("GIT_COMMON_DIR", "/nowhere");
    assert_eq!(one(&run(called, 1), "fail")["message"], dirty["message"]);
    assert!(git(&["add", "a"]) && git(&["commit", "-q", "-m", "one"]));
    check("git", "pass");
    check("branch", "pass");
    assert!(git(&["switch", "-q", "-c", "side"]));
    check("branch", "fail");
    fs::write(tree.join("a"), "two").unwrap();
    assert!(git(&["commit", "-q", "-a", "-m", "two"]) && git(&["switch", "-q", "main"]));
    fs::write(tree.join("a"), "three").unwrap();
    assert!(git(&["commit", "-q", "-a", "-m", "three"]));
    assert!(!git(&["merge", "-q", "side"]), "they contradict each other");
    let merging = check("git", "fail");
    assert!(merging["message"].as_str().unwrap().contains("a merge"));
    assert!(git(&["merge", "--abort"]));
    for (begin, what, end) in [
        (
            &["rebase", "-q", "side"][..],
            "a rebase",
            &["rebase", "--abort"],
        ),
        (
            &["cherry-pick", "side"],
            "a cherry-pick",
            &["cherry-pick", "--abort"],
        ),
        (
            &["revert", "--no-edit", "HEAD~1"],
            "a revert",
            &["revert", "--abort"],
        ),
    ] {
        assert!(!git(begin), "they contradict each other");
        let half_done = check("git", "fail");
        let message = half_done["message"].as_str().unwrap();
        assert!(
            message.starts_with(&format!("{what} is half-done")),
            "{message}"
        );
        let hint = half_done["hint"].as_str().unwrap();
        assert_eq!(hint, format!("git -C {} status", tree.display()));
        assert!(git(end));
    }
    assert!(git(&["bisect", "start"]));
    let bisecting = check("git", "fail");
    assert!(
        bisecting["message"]
            .as_str()
            .unwrap()
            .contains("a bisection")
    );
    assert!(git(&["bisect", "reset"]));
    assert!(git(&["switch", "-q", "--detach"]));
    check("git", "pass");
    check("branch", "fail");
    fs::remove_dir_all(&tree).unwrap();
}
