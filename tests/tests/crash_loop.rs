//! A release that was well when it was deployed and dies later, again and again: the unit's own start leads back.
//!
//! The tests end the main process themselves, so that nothing depends on when a release would have died. A counter of
//! restarts is only raised by a supervisor that restarts, hence systemd alone.
#![allow(clippy::unwrap_used)]

mod deploys;

use deploys::{
    crash, deploy, deploys as told, last, main_pid, named, prepared, serves, state, switch_alone,
    verdict, went_back,
};
use nix::sys::signal::Signal;
use slipway_tests::{Fixture, Supervisor, binaries, kill, until};
use std::fs;

/// One test for the system's systemd and one for a user's.
macro_rules! on_each_systemd {
    ($name:ident, |$fixture:ident| $body:block) => {
        mod $name {
            use super::*;

            fn check(supervisor: Supervisor) {
                if let Some($fixture) = Fixture::on(supervisor) {
                    $body
                }
            }

            #[test]
            fn systemd() {
                check(Supervisor::Systemd);
            }

            #[test]
            fn systemd_user() {
                check(Supervisor::SystemdUser);
            }
        }
    };
}

/// The check as a unit has it. A user's unit has no other rights to take.
fn check_in_start(fixture: &Fixture, app: &str) -> String {
    let rights = if fixture.supervisor == Supervisor::Systemd {
        "+"
    } else {
        ""
    };
    let tools = binaries();
    format!(
        "{rights}{}/rollback --app {app} --in-start",
        tools.display()
    )
}

/// A unit with the check in its start, restarted without end, with versions 1 and 2 deployed by the runbook.
fn two_deployed(fixture: &Fixture) {
    checked(fixture);
    deploy(fixture, 1);
    deploy(fixture, 2);
}

fn checked(fixture: &Fixture) {
    prepared(fixture);
    let check = check_in_start(fixture, fixture.app().to_str().unwrap());
    fixture.change_unit(|unit| {
        unit.and("Service", "ExecStartPre", &check)
            .with("Unit", "StartLimitIntervalSec", "0")
    });
}

fn crash_times(fixture: &Fixture, times: u32) {
    for _ in 0..times {
        crash(fixture);
    }
}

/// The unit, for systemctl.
fn unit(fixture: &Fixture) -> String {
    format!("{}.service", fixture.name)
}

on_each_systemd!(the_third_restart_brings_the_old_release_back, |fixture| {
    two_deployed(&fixture);
    crash_times(&fixture, 2);
    serves(&fixture, 2);
    assert_eq!(verdict(&fixture, 2), "good");

    crash(&fixture);
    went_back(&fixture, 2, 1, "3 restarts since the switch");
    assert_eq!(last(&fixture)["momentOf"], "rollback");
    assert_eq!(last(&fixture)["by"], "the unit's own start");
    // It was systemd that started the old release; nobody stopped anything.
    assert_eq!(fixture.property("NRestarts"), "3");
});

on_each_systemd!(there_is_one_automatic_rollback_a_deploy, |fixture| {
    two_deployed(&fixture);
    deploy(&fixture, 3);
    crash_times(&fixture, 3);
    went_back(&fixture, 3, 2, "3 restarts since the switch");
    let before = told(&fixture).len();
    crash_times(&fixture, 4);
    serves(&fixture, 2);
    assert_eq!(verdict(&fixture, 2), "good");
    assert_eq!(told(&fixture).len(), before, "nothing more was done");
    // The next deploy may be led back again.
    deploy(&fixture, 4);
    crash_times(&fixture, 3);
    went_back(&fixture, 4, 2, "3 restarts since the switch");
});

on_each_systemd!(restarts_before_the_deploy_do_not_count, |fixture| {
    checked(&fixture);
    deploy(&fixture, 1);
    crash_times(&fixture, 5);
    assert_eq!(fixture.property("NRestarts"), "5");
    serves(&fixture, 1);
    deploy(&fixture, 2);
    crash_times(&fixture, 2);
    serves(&fixture, 2);
    crash(&fixture);
    went_back(&fixture, 2, 1, "3 restarts since the switch");
});

// A switch that nobody restarts for leaves the counter where it was.
on_each_systemd!(
    restarts_before_a_switch_that_keeps_the_counter_do_not_count,
    |fixture| {
        checked(&fixture);
        deploy(&fixture, 1);
        crash_times(&fixture, 5);
        fixture.release(&named(2), "2", "healthy");
        switch_alone(&fixture);
        // The first of these deaths is the old process's.
        crash_times(&fixture, 2);
        assert_eq!(fixture.property("NRestarts"), "7");
        serves(&fixture, 2);
        crash(&fixture);
        went_back(&fixture, 2, 1, "3 restarts since the switch");
    }
);

on_each_systemd!(a_counter_that_was_reset_confuses_nobody, |fixture| {
    two_deployed(&fixture);
    crash_times(&fixture, 2);
    fixture.systemctl(["reset-failed", &unit(&fixture)]);
    assert_eq!(fixture.property("NRestarts"), "0");
    serves(&fixture, 2);
    crash(&fixture);
    assert_eq!(fixture.property("NRestarts"), "1");
    went_back(&fixture, 2, 1, "3 restarts since the switch");
});

on_each_systemd!(
    a_restart_by_hand_resets_the_counter_and_is_no_crash,
    |fixture| {
        two_deployed(&fixture);
        crash_times(&fixture, 2);
        for _ in 0..4 {
            fixture.systemctl(["restart", &unit(&fixture)]);
            serves(&fixture, 2);
        }
        assert_eq!(fixture.property("NRestarts"), "0");
        crash(&fixture);
        went_back(&fixture, 2, 1, "3 restarts since the switch");
    }
);

on_each_systemd!(after_the_probation_nothing_is_rolled_back, |fixture| {
    checked(&fixture);
    deploy(&fixture, 1);
    fixture.release(&named(2), "2", "healthy");
    let without_probation = "service-stop | release-swap --newest - | service-start - | healthwait - >/dev/null \
                             && exec deploy-state end succeeded --probation 0s";
    fixture
        .tool("deploy-state")
        .args(["run", "--", "sh", "-c", without_probation])
        .stderr_any()
        .run(0);
    crash_times(&fixture, 5);
    serves(&fixture, 2);
    assert_eq!(verdict(&fixture, 2), "good");
});

on_each_systemd!(
    a_deploy_that_builds_meanwhile_finds_its_lease_gone,
    |fixture| {
        two_deployed(&fixture);
        fixture.release(&named(3), "3", "healthy");
        let runbook = "deploy-state step build -- sh -c 'touch builds; until test -e go-on; do sleep 0.02; done' >/dev/null
        deploy-state step restart -- release-swap --newest >/dev/null";
        let deploying = fixture
            .tool("deploy-state")
            .args(["run", "--", "sh", "-c", runbook])
            .stderr_any()
            .spawn();
        until("it builds", || fixture.directory.join("builds").exists());
        crash_times(&fixture, 3);
        went_back(&fixture, 2, 1, "3 restarts since the switch");
        fs::write(fixture.directory.join("go-on"), "").unwrap();
        let deployed = deploying.finish(75);
        assert_eq!(deployed.text("/outcome"), "aborted");
        assert!(deployed.text("/why").contains("crashed again and again"));
        serves(&fixture, 1);
        assert_eq!(verdict(&fixture, 3), "unknown");
    }
);

// Where systemd gives up before the check has counted enough, the unit that it starts then leads back.
on_each_systemd!(a_start_limit_of_three_comes_before_the_check, |fixture| {
    prepared(&fixture);
    let app = fixture.app();
    let app = app.to_str().unwrap();
    let check = check_in_start(&fixture, app);
    let of_user = if fixture.supervisor == Supervisor::SystemdUser {
        "--user "
    } else {
        ""
    };
    let starts = fixture.directory.join("starts");
    let count = format!(
        "/bin/sh -c 'systemctl {of_user}show --value -p NRestarts {} >>{}'",
        unit(&fixture),
        starts.display()
    );
    let back = format!("{}-back.service", fixture.name);
    fixture.install_unit(
        &back,
        &format!(
            "[Service]\nType=oneshot\nExecStart={}/rollback --app {app} --if-crash-loop\n",
            binaries().display()
        ),
    );
    fixture.change_unit(|unit| {
        unit.with_start_limit(3)
            .and("Unit", "OnFailure", &back)
            .and("Service", "ExecStartPre", &check)
            .and("Service", "ExecStartPre", &count)
    });
    let _counted = fixture.without_reloads();
    deploy(&fixture, 1);
    fs::write(&starts, "").unwrap();
    deploy(&fixture, 2);
    crash_times(&fixture, 2);
    serves(&fixture, 2);
    kill(main_pid(&fixture).unwrap(), Signal::SIGKILL);
    until("the old release is back", || {
        fixture.selected() == Some(named(1)) && state(&fixture)["status"] == "idle"
    });
    went_back(&fixture, 2, 1, "start limit");
    assert_eq!(fs::read_to_string(&starts).unwrap(), "0\n1\n2\n0\n");
    assert_eq!(fixture.property("ActiveState"), "active");
});
