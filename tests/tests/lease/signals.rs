//! Ctrl-C and a closed terminal, in each phase: one of the two serves, the state is true, and the next deploy goes well.

use crate::runbook::held::until_it_heeds;
use crate::runbook::{Gate, Held, Moment, deployed, is_sound, state, told};
use nix::sys::signal::Signal;
use slipway_tests::{Fixture, Supervisor, kill, on_each_quick_supervisor, until};

/// What a signal in this phase comes to.
struct Row {
    /// The tool that is at work.
    tool: &'static str,
    /// How the old and the new release behave, so that the tool stays at work.
    old: &'static str,
    new: &'static str,
    /// The history's word.
    outcome: &'static str,
}

const ROWS: [Row; 4] = [
    Row {
        tool: "preflight",
        old: "healthy",
        new: "healthy",
        outcome: "aborted",
    },
    Row {
        tool: "service-stop",
        old: "ignore-term",
        new: "healthy",
        outcome: "aborted",
    },
    Row {
        tool: "service-start",
        old: "healthy",
        new: "hang",
        outcome: "rolled-back",
    },
    Row {
        tool: "healthwait",
        old: "healthy",
        new: "health-status=500",
        outcome: "rolled-back",
    },
];

/// Sends the signal to every process of the deploy, as a terminal does.
fn in_the_foreground(fixture: &Fixture, tool: &str, signal: Signal) {
    let row = ROWS.iter().find(|row| row.tool == tool).unwrap();
    fixture.configure("SERVICE_STOP_TIMEOUT", "2s");
    fixture.configure("ROLLBACK_STOP_TIMEOUT", "2s");
    let check = Gate::command(fixture);
    deployed(fixture, row.old, row.new);
    let mut variables = vec![];
    let gate = if tool == "preflight" {
        variables.push(("DEPLOY_HEALTH_URL", format!("command:{}", check.1)));
        check.0
    } else {
        Gate::at(fixture, Moment::Within, tool)
    };
    let variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(key, value)| (*key, value.as_str()))
        .collect();
    let deploy = Held::deploy_with(fixture, &gate, true, &variables);
    let reached = gate.reached();
    if tool != "preflight" {
        until_it_heeds(reached, signal);
    }
    if tool == "service-stop" {
        until("the stop has begun", || {
            state(fixture)["switch"]["pid"].is_u64()
        });
    }
    deploy.signal_all(signal);
    let id = deploy.id.clone();
    let ended = deploy.finish(128 + signal as i32);
    assert_eq!(ended.text("/deployId"), id);
    assert_eq!(ended.text("/outcome"), row.outcome);
    assert_eq!(told(fixture, &id)["outcome"], row.outcome);
    assert_eq!(state(fixture)["status"], "idle");
    fixture.until_version("1");
    is_sound(fixture);

    fixture.release("20260103-000000", "3", "healthy");
    assert_eq!(fixture.deploy().run(0).text("/outcome"), "succeeded");
    fixture.until_version("3");
}

on_each_quick_supervisor!(ctrl_c_in_the_pre_flight, |fixture| {
    in_the_foreground(&fixture, "preflight", Signal::SIGINT);
});

on_each_quick_supervisor!(ctrl_c_in_the_stop, |fixture| {
    in_the_foreground(&fixture, "service-stop", Signal::SIGINT);
});

on_each_quick_supervisor!(ctrl_c_in_the_start, |fixture| {
    in_the_foreground(&fixture, "service-start", Signal::SIGINT);
});

on_each_quick_supervisor!(ctrl_c_in_the_validation, |fixture| {
    in_the_foreground(&fixture, "healthwait", Signal::SIGINT);
});

on_each_quick_supervisor!(a_closed_terminal_in_the_pre_flight, |fixture| {
    in_the_foreground(&fixture, "preflight", Signal::SIGHUP);
});

on_each_quick_supervisor!(a_closed_terminal_in_the_stop, |fixture| {
    in_the_foreground(&fixture, "service-stop", Signal::SIGHUP);
});

on_each_quick_supervisor!(a_closed_terminal_in_the_start, |fixture| {
    in_the_foreground(&fixture, "service-start", Signal::SIGHUP);
});

on_each_quick_supervisor!(a_closed_terminal_in_the_validation, |fixture| {
    in_the_foreground(&fixture, "healthwait", Signal::SIGHUP);
});

/// A supervisor's word goes to the holder alone; it passes it on.
#[test]
fn the_holder_passes_a_signal_on() {
    let fixture = Fixture::on(Supervisor::Process).unwrap();
    deployed(&fixture, "healthy", "health-status=500");
    let gate = Gate::at(&fixture, Moment::Within, "healthwait");
    let deploy = Held::deploy(&fixture, &gate, true);
    until_it_heeds(gate.reached(), Signal::SIGTERM);
    kill(deploy.run, Signal::SIGTERM);
    // The runbook takes note of it between two steps; the one in hand is not its to end.
    let ended = deploy.finish(128 + Signal::SIGTERM as i32);
    assert_eq!(ended.text("/outcome"), "rolled-back");
    fixture.until_version("1");
}
