//! The record of deploys, and the lease by which one at a time may change anything.
//!
//! Before: any state, also one that a killed deploy left. After: the state and the history say what was done, and the
//! lease is with whom the report names.

mod args;
mod by_hand;
mod log;
mod look;
mod record;
mod recover;
mod run;
mod runbook;
mod step_tool;
mod wait;

use application::Application;
pub use args::Args;
use args::Command;
use step::{Context, Failure, Report};

/// deploy-state.
pub struct Tool;

impl step::Tool for Tool {
    const NAME: &'static str = "deploy-state";
    const ABOUT: &'static str =
        "The record of deploys, and the lease by which one at a time may change anything";
    type Args = Args;
    const FIELDS: &'static [&'static str] = &[
        "generation",
        "changed",
        "previousRelease",
        "previousCommit",
        "tookOver.*",
        "phase",
        "outcome",
        "why",
        "release",
        "mark",
        "paused.*",
        "state.*",
        "holder.*",
        "deploys.N.*",
        "deploy.*",
        "command",
        "commandExit",
        "output",
        "log",
        "overLimit",
        "recovered",
        "started",
        "removed.N",
    ];
    const CODES: &'static [(&'static str, &'static str)] = &[
        ("busy", "another deploy holds the lease"),
        ("lease-lost", "this deploy no longer holds the lease"),
        (
            "phase-order",
            "a deploy does not go back to an earlier phase",
        ),
        ("no-such-release", "there is no release of that name"),
        ("bad-release-name", "that cannot be the name of a release"),
        ("no-such-deploy", "there is no deploy of that name"),
        ("no-such-process", "there is no process of that number"),
        (
            "not-ended",
            "the command ended well but did not end its deploy",
        ),
        (
            "command-failed",
            "the command ended with another code than 0",
        ),
        ("command-died", "the command was ended by a signal"),
        ("not-succeeded", "the deploy ended, but not well"),
        ("abandoned", "the deploy's holder is dead"),
        ("still-going", "the deploy has not ended in time"),
        (
            "contradiction",
            "the disk shows neither what was nor what was to be",
        ),
        ("current-not-a-link", "current is a directory or a file"),
        (
            "current-outside",
            "current selects something that is no release",
        ),
        (
            "release-outside",
            "the release is a link, or lies outside the releases",
        ),
        ("state-damaged", "the state file cannot be understood"),
        (
            "state-newer",
            "the state file was written by a newer version",
        ),
        (
            "state-missing",
            "the state file is gone although there is a history",
        ),
        (
            "state-locked",
            "another tool kept the state locked all the time",
        ),
        ("bad-service", "--service is not understood"),
        (
            "service-not-supported",
            "a kind of service that this version does not know",
        ),
        ("service-not-found", "the supervisor knows no such service"),
        ("supervisor-unavailable", "the supervisor does not answer"),
        ("supervisor-refused", "the supervisor refused"),
        ("no-permission", "this user may not do that"),
        ("no-start-command", "nobody said how the process is started"),
        (
            "unreadable",
            "something that is needed is closed to this user",
        ),
        (
            "damaged-file",
            "a file of Slipway's own cannot be understood",
        ),
    ];

    fn acts_on_failure(_args: &Args) -> bool {
        false
    }

    fn run(args: Args, context: &Context) -> Result<Report, Failure> {
        let application = Application::of(&args.layout)?;
        match &args.command {
            Command::Run(run) => run::run(&application, &args, run, context),
            Command::Step(step) => step_tool::step(&application, step, context),
            Command::Begin(begin) => by_hand::begin(&application, begin, context),
            Command::Phase { phase } => by_hand::phase(&application, (*phase).into(), context),
            Command::End(end) => by_hand::end(&application, end, context),
            Command::Healthy(healthy) => by_hand::healthy(&application, healthy, context),
            Command::Show => look::show(&application),
            Command::History { last, all } => look::history(&application, *last, *all, context),
            Command::Wait { deploy, timeout } => {
                wait::wait(&application, deploy.as_deref(), *timeout, context)
            }
            Command::Record => record::record(&application),
            Command::Pause { why, until } => {
                by_hand::pause(&application, why, until.as_deref(), context)
            }
            Command::Resume => by_hand::resume(&application, context),
            Command::Mark { release, mark } => {
                by_hand::mark(&application, release, (*mark).into(), context)
            }
            Command::Recover(patience) => recover::recover(&application, &args, patience, context),
        }
    }
}
