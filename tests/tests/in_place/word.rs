//! The application's own word: it says that it is well, and may have started the deploy itself; and the crash loop in its
//! own start.

use crate::checkout::Checkout;
use crate::runbook::{Gate, Held, Moment, deploy_state};
use slipway_tests::{Fixture, Supervisor, binaries, until};
use std::fs;

/// The application's own program, as its start script calls it.
fn program(fixture: &Fixture) -> &'static str {
    if fixture.supervisor.is_pm2() {
        "node server.js"
    } else {
        "./demo-service"
    }
}

/// A start script, committed with the application, that says it is well once it answers. What waits for that ends with the application:
/// a shell has what it starts in the background ignore PM2's signal, and PM2 waits for all that it has started.
fn says_so(checkout: &Checkout<'_>) {
    let fixture = checkout.fixture;
    let tools = binaries();
    let script = format!(
        "#!/bin/sh\n{0}/rollback --app {1} --in-start >>in-start.out 2>&1\n\
         (until ./demo-service get {2} >>/dev/null 2>&1; do sleep 0.05; kill -0 $$ || exit; done; exec {0}/deploy-state healthy --app {1}) >>/dev/null 2>&1 &\n\
         exec {4} --port {3}\n",
        tools.display(),
        fixture.app().display(),
        fixture.url("/health"),
        fixture.port.number,
        program(fixture),
    );
    checkout.write("author/start.sh", &script);
    checkout.write(
        "author/.gitignore",
        "/demo-service\n/dist/\n/.env\n/uploads/\n*.out\n",
    );
    fixture.configure("DEPLOY_AWAIT_HEALTHY", "10s");
    if fixture.supervisor == Supervisor::Process {
        fixture.configure("DEPLOY_START", "exec sh start.sh");
    } else if fixture.supervisor.is_pm2() {
        let start = "start.sh --interpreter sh --kill-timeout 30000";
        fixture.configure("DEPLOY_START", start);
    } else {
        let start = format!("/bin/sh {}/start.sh", checkout.tree.display());
        fixture.change_unit(|unit| {
            unit.with("Service", "ExecStart", &start)
                .with("Unit", "StartLimitIntervalSec", "0")
        });
    }
}

on_each!(the_applications_own_word_ends_the_deploy, |fixture| {
    let checkout = Checkout::new(&fixture);
    says_so(&checkout);
    checkout.commit("1", "healthy");
    checkout.deploys("1");
    checkout.commit("2", "healthy");
    checkout.deploys("2");
    // What is live already says so of itself as well, where it was down and is started again.
    fixture.tool("service-stop").stderr_any().run(0);
    let live = fixture.selected();
    checkout.deploys("2");
    assert_eq!(fixture.selected(), live);
    // Nobody says so of one that is sick.
    checkout.commit("3", "health-status=500");
    fixture.configure("DEPLOY_AWAIT_HEALTHY", "2s");
    let ended = checkout.deploy(1);
    assert_eq!(ended.text("/outcome"), "rolled-back", "{}", ended.report);
    let why = "the application did not say within 2s that it is well";
    assert!(ended.text("/why").ends_with(why), "{}", ended.report);
    checkout.holds("2");
});

on_each!(a_word_before_the_start_does_not_count, |fixture| {
    let checkout = Checkout::new(&fixture);
    says_so(&checkout);
    checkout.commit("1", "healthy");
    checkout.deploys("1");
    checkout.commit("2", "healthy");
    let gate = Gate::at(&fixture, Moment::Before, "service-start");
    let runbook = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/deploy-in-place");
    let command = format!("{runbook} {}", fixture.app().display());
    let deploy = Held::command_with(&fixture, &command, &gate, true, &[]);
    gate.reached();
    let early = deploy_state(&fixture, &["healthy"], 0);
    assert_eq!(early.at("/changed"), false, "{}", early.report);
    assert!(early.text("/why").contains("has not been started"));
    assert_eq!(checkout.state()["status"], "validating");
    gate.open();
    assert_eq!(deploy.finish(0).text("/outcome"), "succeeded");
    checkout.holds("2");
});

on_each!(a_service_deploys_itself, |fixture| {
    let checkout = Checkout::new(&fixture);
    says_so(&checkout);
    // A file asks it to; what it starts is its own child, and in a unit lies in the unit's control group.
    let asked = fixture.directory.join("deploy-yourself");
    let tools = binaries();
    let start = fs::read_to_string(fixture.directory.join("author/start.sh")).unwrap();
    let asks = format!(
        "(export PATH={0}:$PATH; until test -e {1}; do sleep 0.05; done; rm -f {1}; exec {2} --detach {3}) >>/dev/null 2>&1 &\nexec {4}",
        tools.display(),
        asked.display(),
        concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/deploy-in-place"),
        fixture.app().display(),
        program(&fixture),
    );
    let own = format!("exec {}", program(&fixture));
    checkout.write("author/start.sh", &start.replace(&own, &asks));
    checkout.commit("1", "healthy");
    checkout.deploys("1");
    checkout.commit("2", "healthy");
    fs::write(&asked, "").unwrap();
    fixture.give();
    fixture.until_version("2");
    until("the deploy has ended", || {
        checkout.state()["status"] == "idle"
    });
    checkout.holds("2");
    let last = deploy_state(&fixture, &["history", "--last", "1"], 0);
    assert_eq!(
        last.text("/deploys/0/outcome"),
        "succeeded",
        "{}",
        last.report
    );
});

/// On what restarts what crashes.
fn crash_loop(supervisor: Supervisor) {
    let Some(fixture) = Fixture::on(supervisor) else {
        return;
    };
    let checkout = Checkout::new(&fixture);
    says_so(&checkout);
    checkout.commit("1", "healthy");
    checkout.deploys("1");
    let one = checkout.head();
    checkout.commit("2", "healthy");
    checkout.deploys("2");
    // It was well, and dies again and again: the third start after that leads back, in the start script itself.
    for _ in 0..3 {
        let pid: u32 = fixture.property("MainPID").parse().unwrap();
        slipway_tests::kill(pid, nix::sys::signal::Signal::SIGKILL);
        until("another one runs", || {
            let now = fixture.property("MainPID");
            now != "0" && now != pid.to_string() && fixture.version().is_some()
        });
    }
    checkout.holds("1");
    assert_eq!(checkout.head(), one);
    let state = checkout.state();
    assert_eq!(state["status"], "idle");
    assert_eq!(
        state["releases"].as_array().unwrap().last().unwrap()["verdict"],
        "bad"
    );
}

#[test]
fn a_crash_loop_leads_back_in_the_start_script_on_systemd() {
    crash_loop(Supervisor::Systemd);
}

#[test]
fn a_crash_loop_leads_back_in_the_start_script_on_a_users_systemd() {
    crash_loop(Supervisor::SystemdUser);
}

#[test]
fn a_crash_loop_leads_back_in_the_start_script_under_pm2() {
    crash_loop(Supervisor::Pm2Fork);
}
