//! Services behind a command: runit by the script that is delivered for it, and a plain init script that tells no process.
#![allow(clippy::unwrap_used)]

mod deploys;

use deploys::{deploy, named, prepared, serves};
use slipway_tests::{Ended, Fixture, Supervisor, left_out, until};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn executable(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A deploy of this version of the service behind that command.
fn deploy_by(fixture: &Fixture, command: &Path, version: u32, behaviour: &str, exit: i32) -> Ended {
    fixture.release(&named(version), &version.to_string(), behaviour);
    let service = format!("command:{}", command.display());
    fixture.deploy().env("DEPLOY_SERVICE", service).run(exit)
}

/// A service that keeps its number in a file and tells nobody, as init scripts do.
fn plain(fixture: &Fixture) -> PathBuf {
    let script = fixture.directory.join("shop-init");
    executable(
        &script,
        "#!/bin/sh\nfile=$DEPLOY_ROOT/shop.pid\n\
         lives() { [ -f \"$file\" ] && kill -0 \"$(cat \"$file\")\" 2>/dev/null; }\n\
         case $1 in\n\
         status) lives && { echo 'shop is running'; exit 0; }; [ ! -f \"$file\" ] || exit 1; exit 3 ;;\n\
         start) lives || { setsid $DEPLOY_START </dev/null & echo $! >\"$file\"; } ;;\n\
         stop) lives && kill \"$(cat \"$file\")\"; while lives; do sleep 0.05; done; rm -f \"$file\" ;;\n\
         *) echo 'usage: shop-init start|stop|status' >&2; exit 2 ;;\nesac\n",
    );
    script
}

/// One that has just died is for a moment neither ended nor to be stopped: supervisord says that it does not run, and then starts it
/// again. The moment is too short to be met, so the answers are put into the mouth of a `curl`.
#[test]
fn supervisords_script_stops_what_is_about_to_be_started_again() {
    let fixture = Fixture::on(Supervisor::Process).unwrap();
    let directory = &fixture.directory;
    let fault =
        "<fault><name>faultString</name><value><string>NOT_RUNNING: shop</string></value></fault>";
    let exited = "<member><name>statename</name><value><string>EXITED</string></value></member>\
                  <member><name>stop</name><value><int>1000</int></value></member>\
                  <member><name>now</name><value><int>1001</int></value></member>\
                  <member><name>pid</name><value><int>0</int></value></member>";
    let long_ago = exited.replace("1001", "1009");
    let done = "<methodResponse><boolean>1</boolean></methodResponse>";
    executable(
        &directory.join("curl"),
        &format!(
            "#!/bin/sh\nfor word; do case $word in *supervisor.*) asked=${{word#*supervisor.}}; asked=${{asked%%<*}} ;; esac; done\n\
             echo \"$asked\" >>'{0}/asked'\ncase $asked$(grep -c stopProcess '{0}/asked') in\n\
             stopProcess1) echo '<methodResponse>{fault}</methodResponse>' ;;\nstopProcess*) echo '{done}' ;;\n\
             *) echo \"<methodResponse>$(cat '{0}/state')</methodResponse>\" ;;\nesac\n",
            directory.display()
        ),
    );
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/commands/supervisord");
    let path = format!("{}:{}", directory.display(), std::env::var("PATH").unwrap());
    let said = |verb: &str, state: &str| {
        fs::write(directory.join("state"), state).unwrap();
        let _ = fs::remove_file(directory.join("asked"));
        let output = Command::new(&script).arg(verb).env("PATH", &path).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        let asked = fs::read_to_string(directory.join("asked")).unwrap();
        (String::from_utf8(output.stdout).unwrap(), asked)
    };
    let state = |state: &str| said("status", state).0;
    assert!(state(exited).contains(r#""active":"restarting""#));
    assert!(state(&long_ago).contains(r#""active":"failed""#));
    let asked = said("stop", exited).1;
    assert_eq!(asked, "stopProcess\ngetProcessInfo\nstopProcess\n");
    let asked = said("stop", &long_ago).1;
    assert_eq!(asked, "stopProcess\ngetProcessInfo\n");
    // One that supervisord says nothing of is not asked for ever.
    fs::write(directory.join("state"), fault).unwrap();
    fs::remove_file(directory.join("asked")).unwrap();
    let output = Command::new(&script)
        .arg("stop")
        .env("PATH", &path)
        .output();
    assert_eq!(output.unwrap().status.code(), Some(1));
}

#[test]
fn what_tells_no_process_proves_nothing_and_says_so() {
    let fixture = Fixture::on(Supervisor::Process).unwrap();
    prepared(&fixture);
    let script = plain(&fixture);
    let unproven = deploy_by(&fixture, &script, 1, "healthy", 69);
    let history = fs::read_to_string(fixture.root.join("deploy-history.jsonl")).unwrap();
    assert!(history.contains("proof-unprovable"), "{}", unproven.stdout);
    // Whoever accepts that beforehand deploys by it, and what is seen to be wrong is rejected all the same.
    fixture.configure("DEPLOY_ACCEPT_UNPROVABLE", "yes");
    deploy_by(&fixture, &script, 2, "healthy", 0);
    serves(&fixture, 2);
    let rejected = deploy_by(&fixture, &script, 3, "health-status=500", 1);
    assert_eq!(rejected.text("/outcome"), "rolled-back");
    serves(&fixture, 2);
    deploy_by(&fixture, &script, 4, "crash", 1);
    serves(&fixture, 2);
}

#[test]
fn an_old_process_behind_a_plain_script_is_not_believed() {
    let fixture = Fixture::on(Supervisor::Process).unwrap();
    prepared(&fixture);
    fixture.configure("DEPLOY_ACCEPT_UNPROVABLE", "yes");
    let script = plain(&fixture);
    deploy_by(&fixture, &script, 1, "healthy", 0);
    // Its stop claims to have stopped it, and its status believes that.
    let honest = fs::read_to_string(&script).unwrap();
    executable(
        &script,
        &honest.replace(
            "stop) lives && kill",
            "stop) true; rm -f \"$file\"; exit 0; lives && kill",
        ),
    );
    let rejected = deploy_by(&fixture, &script, 2, "healthy", 69);
    let history = fs::read_to_string(fixture.root.join("deploy-history.jsonl")).unwrap();
    assert!(history.contains("port-held"), "{}", rejected.stdout);
    assert_eq!(fixture.version().as_deref(), Some("1"));
}

#[test]
fn runit_by_the_script_that_is_delivered() {
    if Command::new("sv").arg("-V").output().is_err() {
        left_out("runit is missing (tests/setup installs it)");
        return;
    }
    let fixture = Fixture::on(Supervisor::Process).unwrap();
    prepared(&fixture);
    let service = fixture.directory.join("service");
    fs::create_dir_all(&service).unwrap();
    fs::write(service.join("down"), "").unwrap();
    let (root, log) = (fixture.root.display(), fixture.directory.join("log"));
    executable(
        &service.join("run"),
        &format!(
            "#!/bin/sh\nexec >>'{}' 2>&1\ncd '{root}/current' && exec ./demo-service --port {}\n",
            log.display(),
            fixture.port.number
        ),
    );
    let delivered = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/commands/runit");
    let script = fixture.directory.join("shop-runit");
    let text = fs::read_to_string(delivered).unwrap();
    let text = text.replace(
        "service=/etc/service/shop",
        &format!("service='{}'", service.display()),
    );
    executable(
        &script,
        &text.replace(
            "log=/var/log/shop/current",
            &format!("log='{}'", log.display()),
        ),
    );
    let mut runsv = Command::new("runsv")
        .arg(&service)
        .current_dir(&fixture.directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("runsv is there", || service.join("supervise/ok").exists());
    deploy_by(&fixture, &script, 1, "healthy", 0);
    deploy_by(&fixture, &script, 2, "healthy", 0);
    serves(&fixture, 2);
    for (version, behaviour) in [(3, "crash"), (4, "health-status=500"), (5, "hang")] {
        if behaviour == "hang" {
            fixture.configure("SERVICE_START_TIMEOUT", "3s");
        }
        let rejected = deploy_by(&fixture, &script, version, behaviour, 1);
        assert_eq!(rejected.text("/outcome"), "rolled-back", "{behaviour}");
        serves(&fixture, 2);
    }
    let history = fs::read_to_string(fixture.root.join("deploy-history.jsonl")).unwrap();
    assert!(
        !history.contains("proof-unprovable"),
        "runit tells the process"
    );
    runsv.kill().unwrap();
    runsv.wait().unwrap();
}

#[test]
fn a_command_that_cannot_be_used_stops_a_deploy_before_anything_is_touched() {
    let fixture = Fixture::on(Supervisor::Process).unwrap();
    prepared(&fixture);
    deploy(&fixture, 1);
    let script = plain(&fixture);
    fs::set_permissions(&script, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = deploy_by(&fixture, &script, 2, "healthy", 1);
    assert_eq!(refused.text("/outcome"), "aborted");
    let history = fs::read_to_string(fixture.root.join("deploy-history.jsonl")).unwrap();
    assert!(history.contains("may not be executed"), "{history}");
    serves(&fixture, 1);
}

/// The service is stopped, and what starts it is gone then, as when Docker's engine or PM2's daemon has died: nobody serves, and
/// people hear of it.
#[test]
fn a_supervisor_that_is_gone_after_the_stop_never_hides_that_nobody_serves() {
    let fixture = Fixture::on(Supervisor::Process).unwrap();
    prepared(&fixture);
    fixture.configure("DEPLOY_ACCEPT_UNPROVABLE", "yes");
    let inbox = fixture.directory.join("inbox");
    fixture.configure("DEPLOY_NOTIFY", &format!("cat >>{}", inbox.display()));
    let script = plain(&fixture);
    deploy_by(&fixture, &script, 1, "healthy", 0);
    fs::remove_file(&inbox).unwrap();
    let runbook = format!("service-stop && rm '{}' && false", script.display());
    let run = fixture.tool("deploy-state");
    let run = run.args(["run", "--", "sh", "-c", &runbook]);
    let service = format!("command:{}", script.display());
    let down = run.env("DEPLOY_SERVICE", service).stderr_any().run(69);
    assert_eq!(down.error_code(), "down");
    assert_eq!(*down.at("/commandExit"), 69);
    let message = fs::read_to_string(&inbox).unwrap();
    assert!(message.contains(down.text("/deployId")), "{message}");
    assert_eq!(fixture.version(), None);
}
