//! A release under PM2 that was well when it was deployed and dies later, again and again: its own start leads back, or a
//! timer does once PM2 has given up.
//!
//! The tests end the process themselves; the counters are those that PM2 itself raises.
#![allow(clippy::unwrap_used)]

mod deploys;

use deploys::{
    crash, deploy, deploys as told, main_pid, named, prepared, serves, state, switch_alone,
    verdict, went_back,
};
use nix::sys::signal::Signal;
use slipway_tests::{Fixture, Supervisor, binaries, kill, until};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

/// A start script outside of the releases, as people have one: it checks, then it becomes the program out of `current`.
fn start_script(fixture: &Fixture) -> PathBuf {
    let script = fixture.directory.join("start.sh");
    let text = format!(
        "#!/bin/sh\n{}/rollback --app {} --in-start --quiet >/dev/null\ncd {}/current && exec node server.js --port {}\n",
        binaries().display(),
        fixture.app().display(),
        fixture.root.display(),
        fixture.port.number,
    );
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    script
}

/// What `pm2 start` gets from now on.
fn start_with(fixture: &Fixture, start: &str) {
    let app = fs::read_to_string(fixture.app()).unwrap();
    let others = app
        .lines()
        .filter(|line| !line.starts_with("DEPLOY_START="));
    let others: Vec<&str> = others.collect();
    fs::write(fixture.app(), others.join("\n") + "\n").unwrap();
    fixture.configure("DEPLOY_START", start);
}

/// PM2 starts the script, which leads back by itself.
fn checked() -> Option<Fixture> {
    let fixture = Fixture::on(Supervisor::Pm2Fork)?;
    prepared(&fixture);
    let script = start_script(&fixture);
    start_with(
        &fixture,
        &format!("{} --kill-timeout 30000", script.display()),
    );
    Some(fixture)
}

/// PM2 starts the program itself; nothing in its start leads back.
fn unchecked(supervisor: Supervisor) -> Option<Fixture> {
    let fixture = Fixture::on(supervisor)?;
    prepared(&fixture);
    Some(fixture)
}

fn crash_times(fixture: &Fixture, times: u32) {
    for _ in 0..times {
        crash(fixture);
    }
}

#[test]
fn the_third_restart_brings_the_old_release_back() {
    let Some(fixture) = checked() else { return };
    deploy(&fixture, 1);
    // The counter's history before the switch does not count.
    crash_times(&fixture, 4);
    assert_eq!(fixture.property("NRestarts"), "4");
    serves(&fixture, 1);
    deploy(&fixture, 2);
    crash_times(&fixture, 2);
    serves(&fixture, 2);
    assert_eq!(verdict(&fixture, 2), "good");

    crash(&fixture);
    went_back(&fixture, 2, 1, "3 restarts since the switch");
    // It was PM2 that started the old release, by the script that it had all the time.
    assert_eq!(fixture.property("NRestarts"), "3");

    // One automatic rollback a deploy.
    let before = told(&fixture).len();
    crash_times(&fixture, 4);
    serves(&fixture, 1);
    assert_eq!(told(&fixture).len(), before, "nothing more was done");
}

// A switch that nobody restarts for leaves PM2's counter where it was.
#[test]
fn restarts_before_a_switch_that_keeps_the_counter_do_not_count() {
    let Some(fixture) = checked() else { return };
    deploy(&fixture, 1);
    crash_times(&fixture, 4);
    fixture.release(&named(2), "2", "healthy");
    switch_alone(&fixture);
    crash_times(&fixture, 2);
    assert_eq!(fixture.property("NRestarts"), "6");
    serves(&fixture, 2);
    crash(&fixture);
    went_back(&fixture, 2, 1, "3 restarts since the switch");
}

#[test]
fn the_check_in_a_start_never_keeps_it_from_starting() {
    let Some(fixture) = checked() else { return };
    deploy(&fixture, 1);
    fs::write(fixture.root.join("deploy-state.json"), "no state").unwrap();
    crash(&fixture);
    fixture.until_version("1");
}

/// The program dies at once from now on, PM2 restarts it until it has had enough, and the timer's command leads back.
fn given_up(supervisor: Supervisor) {
    let Some(fixture) = unchecked(supervisor) else {
        return;
    };
    deploy(&fixture, 1);
    // Its own limits are sixteen deaths within a second of their start each, all of them within sixteen seconds: too much for a
    // machine that is slow.
    if supervisor == Supervisor::Pm2Fork {
        let file = fixture.directory.join("shop.config.js");
        let app = format!(
            "module.exports = {{ apps: [{{ name: '{}', script: 'server.js', args: '--port {}', kill_timeout: 30000, \
             max_restarts: 5, min_uptime: 60000 }}] }};\n",
            fixture.name, fixture.port.number
        );
        fs::write(&file, app).unwrap();
        start_with(&fixture, file.to_str().unwrap());
    }
    let release = fixture.release(&named(2), "2", "healthy");
    if supervisor == Supervisor::Pm2Cluster {
        let file = release.join("ecosystem.config.js");
        let limits = "instances: 2, max_restarts: 5, min_uptime: 60000";
        let text = fs::read_to_string(&file).unwrap();
        fs::write(file, text.replace("instances: 2", limits)).unwrap();
    }
    fixture.deploy().run(0);
    fixture.until_version("2");
    let nothing = fixture.tool("rollback").arg("--if-crash-loop").run(0);
    assert_eq!(*nothing.at("/rolledBack"), false);
    fs::write(release.join("behaviour"), "crash\n").unwrap();
    for one in fixture.pm2_list() {
        let pid = u32::try_from(one["pid"].as_u64().unwrap()).unwrap();
        kill(pid, Signal::SIGKILL);
    }
    until("PM2 gives up", || {
        let list = fixture.pm2_list();
        list.iter().all(|one| one["pm2_env"]["status"] == "errored")
    });
    // PM2 counts what it restarted itself: each instance until its fifth death.
    let restarts: u32 = fixture.property("NRestarts").parse().unwrap();
    assert!(restarts >= 4, "{restarts}");
    assert_eq!(fixture.version(), None);
    let back = fixture
        .tool("rollback")
        .arg("--if-crash-loop")
        .stderr_any()
        .run(0);
    assert_eq!(*back.at("/rolledBack"), true, "{}", back.report);
    went_back(&fixture, 2, 1, "too many unstable restarts");
    assert_eq!(state(&fixture)["status"], "idle");
    // The next look finds all well.
    let again = fixture.tool("rollback").arg("--if-crash-loop").run(0);
    assert_eq!(*again.at("/rolledBack"), false);
    serves(&fixture, 1);
}

#[test]
fn where_pm2_has_given_up_a_timer_brings_the_old_release_back_in_fork_mode() {
    given_up(Supervisor::Pm2Fork);
}

#[test]
fn where_pm2_has_given_up_a_timer_brings_the_old_release_back_in_cluster_mode() {
    given_up(Supervisor::Pm2Cluster);
}

/// PM2 keeps the paths as they were at the start: that is why a start of ours is another one.
fn a_plain_restart_after_a_switch(supervisor: Supervisor) {
    let Some(fixture) = unchecked(supervisor) else {
        return;
    };
    deploy(&fixture, 1);
    fixture.pm2(["save"]);
    fixture.release(&named(2), "2", "healthy");
    let link = fixture.root.join("current");
    fs::remove_file(&link).unwrap();
    symlink(PathBuf::from("releases").join(named(2)), &link).unwrap();
    let old = main_pid(&fixture);
    let name = fixture.name.clone();
    fixture.pm2(["restart", &name]);
    assert_ne!(main_pid(&fixture), old, "it was restarted");
    fixture.until_version("1");

    fixture.select(&named(1));
    deploy(&fixture, 2);
    fixture.until_version("2");
    // What PM2 starts at the next boot is the new one, too.
    let dump = fs::read_to_string(fixture.pm2_home().join("dump.pm2")).unwrap();
    assert!(
        dump.contains(&named(2)) && !dump.contains(&named(1)),
        "{dump}"
    );
    let list = fixture.pm2_list();
    let environment = fs::read(format!("/proc/{}/environ", list[0]["pid"])).unwrap();
    let environment = String::from_utf8_lossy(&environment).into_owned();
    for variable in ["DEPLOY_", "SERVICE_START_", "SLIPWAY_CHILD_OF"] {
        assert!(
            !environment.contains(variable),
            "{variable} in {environment}"
        );
    }
    // The next boot.
    fixture.pm2(["kill"]);
    fixture.pm2(["resurrect"]);
    fixture.until_version("2");
}

#[test]
fn a_plain_restart_serves_the_old_release_and_a_deploy_the_new_one_in_fork_mode() {
    a_plain_restart_after_a_switch(Supervisor::Pm2Fork);
}

#[test]
fn a_plain_restart_serves_the_old_release_and_a_deploy_the_new_one_in_cluster_mode() {
    a_plain_restart_after_a_switch(Supervisor::Pm2Cluster);
}

#[test]
fn a_look_starts_no_daemon_and_what_is_lacking_is_said() {
    let Some(fixture) = unchecked(Supervisor::Pm2Fork) else {
        return;
    };
    fixture.release(&named(1), "1", "healthy");
    fixture.select(&named(1));
    fixture.tool("service-stop").stderr_any().run(0);
    assert!(!fixture.pm2_home().exists(), "nobody has asked for a PM2");

    let lacking = fixture
        .tool("service-start")
        .env("PATH", "/usr/bin:/bin")
        .stderr_any()
        .run(3);
    assert_eq!(lacking.error_code(), "missing-program");
    assert!(lacking.text("/error/hint").contains("npm install"));
    assert!(!fixture.pm2_home().exists());

    deploy(&fixture, 2);
    let without = fixture.directory.join("without.env");
    let app = fs::read_to_string(fixture.app()).unwrap();
    let lines: Vec<&str> = app
        .lines()
        .filter(|line| !line.starts_with("DEPLOY_START"))
        .collect();
    fs::write(&without, lines.join("\n") + "\n").unwrap();
    fixture.tool("service-stop").stderr_any().run(0);
    let told = fixture
        .tool("service-start")
        .env("DEPLOY_APP", &without)
        .stderr_any()
        .run(2);
    assert_eq!(told.error_code(), "no-start-command");
    let message = told.text("/error/message");
    assert!(
        message.contains("ecosystem.config.js") && message.contains(&fixture.name),
        "{message}"
    );
    // What it knew is still there: nothing is deleted before it is clear what comes in its place.
    assert_eq!(fixture.pm2_list().len(), 1);
    fixture.tool("service-start").stderr_any().run(0);
    fixture.until_version("2");
}
