//! The table: who is killed, and when; what is served then, what the state says, and what the next command makes of it.

use crate::kill::Served::{New, Nobody, Old};
use crate::kill::Victim::{All, Holder, Script, Step, Tool};
use crate::kill::{Next, Row, Served, Victim};
use crate::runbook::Moment::{After, Before, Within};
use crate::runbook::{Moment, NEW, OLD};
use slipway_tests::Supervisor;

/// When, and how the two releases behave so that the tool is still at work then.
type When = (Moment, &'static str, &'static str, &'static str);
/// Who; then the runbook's exit code, who serves, the state, the live release, the deploy's outcome, and who serves
/// after `recover`.
type What = (
    Victim,
    i32,
    Served,
    &'static str,
    &'static str,
    &'static str,
    Served,
);

macro_rules! table {
    ($($name:ident: $when:expr => [$($row:expr),* $(,)?];)*) => {
        $(
            mod $name {
                use super::*;
                const WHEN: When = $when;
                const ROWS: &[What] = &[$($row),*];

                #[test]
                fn then_recover_on_process() {
                    check(WHEN, ROWS, Supervisor::Process, Next::Recover);
                }

                #[test]
                fn then_deploy_on_process() {
                    check(WHEN, ROWS, Supervisor::Process, Next::Deploy);
                }

                #[test]
                fn then_recover_on_systemd() {
                    check(WHEN, ROWS, Supervisor::Systemd, Next::Recover);
                }

                #[test]
                fn then_deploy_on_systemd() {
                    check(WHEN, ROWS, Supervisor::Systemd, Next::Deploy);
                }
            }
        )*
    };
}

fn check(when: When, rows: &[What], supervisor: Supervisor, next: Next) {
    let (moment, tool, old, new) = when;
    for (victim, exit, served, status, live, outcome, recovered) in rows.iter().copied() {
        let row = Row {
            tool,
            moment,
            old,
            new,
            victim,
            exit,
            served,
            status,
            live,
            outcome,
            recovered,
        };
        eprintln!("--- {row:?}");
        row.check(supervisor, next);
    }
}

table! {
    // Nothing has been touched: whoever is killed, the old release serves on.
    before_the_pre_flight: (Before, "preflight", "healthy", "healthy") => [
        (Tool,   137, Old,    "idle",         OLD, "aborted",     Old),
        (Step,   137, Old,    "idle",         OLD, "aborted",     Old),
        (Script, 137, Old,    "idle",         OLD, "aborted",     Old),
        (Holder, 137, Old,    "deploying",    OLD, "aborted",     Old),
        (All,    137, Old,    "deploying",    OLD, "aborted",     Old),
    ];
    after_the_pre_flight: (After, "preflight", "healthy", "healthy") => [
        (Tool,   137, Old,    "idle",         OLD, "aborted",     Old),
        (Script, 137, Old,    "idle",         OLD, "aborted",     Old),
        (All,    137, Old,    "deploying",    OLD, "aborted",     Old),
    ];
    // From here on a step that fails is answered by the rollback, which has nothing to switch yet.
    before_the_stop: (Before, "service-stop", "healthy", "healthy") => [
        (Tool,     1, Old,    "idle",         OLD, "aborted",     Old),
        (Step,     1, Old,    "idle",         OLD, "aborted",     Old),
        (Script, 137, Old,    "idle",         OLD, "aborted",     Old),
        (Holder, 137, Old,    "validating",   OLD, "aborted",     Old),
        (All,    137, Old,    "validating",   OLD, "aborted",     Old),
    ];
    // Stopped: nobody serves until somebody settles it, the dead-man's switch at the latest.
    after_the_stop: (After, "service-stop", "healthy", "healthy") => [
        (Tool,     1, Old,    "idle",         OLD, "aborted",     Old),
        (Step,     1, Old,    "idle",         OLD, "aborted",     Old),
        (Script, 137, Old,    "idle",         OLD, "aborted",     Old),
        (Holder, 137, Nobody, "validating",   OLD, "aborted",     Old),
        (All,    137, Nobody, "validating",   OLD, "aborted",     Old),
    ];
    before_the_switch: (Before, "release-swap", "healthy", "healthy") => [
        (Tool,     1, Old,    "idle",         OLD, "aborted",     Old),
        (Step,     1, Old,    "idle",         OLD, "aborted",     Old),
        (Script, 137, Old,    "idle",         OLD, "aborted",     Old),
        (Holder, 137, Nobody, "validating",   OLD, "aborted",     Old),
        (All,    137, Nobody, "validating",   OLD, "aborted",     Old),
    ];
    // Switched: a runbook that lives leads back, and for one that is dead its parent does. Where that is dead too, the
    // new release is left, not validated.
    after_the_switch: (After, "release-swap", "healthy", "healthy") => [
        (Tool,     1, Old,    "idle",         OLD, "rolled-back", Old),
        (Step,     1, Old,    "idle",         OLD, "rolled-back", Old),
        (Script, 137, Old,    "idle",         OLD, "rolled-back", Old),
        (Holder, 137, Nobody, "validating",   NEW, "aborted",     New),
        (All,    137, Nobody, "validating",   NEW, "aborted",     New),
    ];
    before_the_start: (Before, "service-start", "healthy", "healthy") => [
        (Tool,     1, Old,    "idle",         OLD, "rolled-back", Old),
        (Script, 137, Old,    "idle",         OLD, "rolled-back", Old),
        (All,    137, Nobody, "validating",   NEW, "aborted",     New),
    ];
    // A new release that hangs is nothing that recovery could know of; the parent of a dead runbook leaves none live
    // that nobody has seen well.
    in_the_start: (Within, "service-start", "healthy", "hang") => [
        (Tool,     1, Old,    "idle",         OLD, "rolled-back", Old),
        (Step,     1, Old,    "idle",         OLD, "rolled-back", Old),
        (Script, 137, Old,    "idle",         OLD, "rolled-back", Old),
        (Holder, 137, Nobody, "validating",   NEW, "aborted",     Nobody),
        (All,    137, Nobody, "validating",   NEW, "aborted",     Nobody),
    ];
    after_the_start: (After, "service-start", "healthy", "healthy") => [
        (Tool,     1, Old,    "idle",         OLD, "rolled-back", Old),
        (Step,     1, Old,    "idle",         OLD, "rolled-back", Old),
        (Script, 137, Old,    "idle",         OLD, "rolled-back", Old),
        (Holder, 137, New,    "validating",   NEW, "aborted",     New),
        (All,    137, New,    "validating",   NEW, "aborted",     New),
    ];
    in_the_validation: (Within, "healthwait", "healthy", "health-status=500") => [
        (Tool,     1, Old,    "idle",         OLD, "rolled-back", Old),
        (Step,     1, Old,    "idle",         OLD, "rolled-back", Old),
        (Script, 137, Old,    "idle",         OLD, "rolled-back", Old),
        (Holder, 137, New,    "validating",   NEW, "aborted",     New),
        (All,    137, New,    "validating",   NEW, "aborted",     New),
    ];
    // Not yet announced, a rollback is the parent's to make, and nobody's where that is dead.
    before_the_rollback: (Before, "rollback", "healthy", "crash") => [
        (Tool,   137, Old,    "idle",         OLD, "rolled-back", Old),
        (Step,   137, Old,    "idle",         OLD, "rolled-back", Old),
        (Script, 137, Old,    "idle",         OLD, "rolled-back", Old),
        (Holder, 137, Nobody, "validating",   NEW, "aborted",     Nobody),
        (All,    137, Nobody, "validating",   NEW, "aborted",     Nobody),
    ];
    after_the_rollback: (After, "rollback", "healthy", "crash") => [
        (Tool,   137, Old,    "idle",         OLD, "rolled-back", Old),
        (Script, 137, Old,    "idle",         OLD, "rolled-back", Old),
        (All,    137, Old,    "idle",         OLD, "rolled-back", Old),
    ];
    // Seen well, and not yet on record as that: the parent knows of no verdict, and leads back.
    before_the_end: (Before, "deploy-state end", "healthy", "healthy") => [
        (Tool,   137, Old,    "idle",         OLD, "rolled-back", Old),
        (Script, 137, Old,    "idle",         OLD, "rolled-back", Old),
        (Holder, 137, New,    "validating",   NEW, "aborted",     New),
        (All,    137, New,    "validating",   NEW, "aborted",     New),
    ];
    after_the_end: (After, "deploy-state end", "healthy", "healthy") => [
        (Tool,   137, New,    "idle",         NEW, "succeeded",   New),
        (Script, 137, New,    "idle",         NEW, "succeeded",   New),
        (All,    137, New,    "idle",         NEW, "succeeded",   New),
    ];
}
