//! The record of deploys, and the lease by which one at a time may change anything.
//!
//! Before: any state, also one that a killed deploy left. After: the state and the history say what was done, and the
//! lease is with whom the report names.

mod args;
mod bring_back;
mod by_hand;
mod codes;
mod detach;
mod limits;
mod log;
mod look;
mod notify;
mod record;
mod recover;
mod run;
mod runbook;
mod serves;
mod step_tool;
mod verdict;
mod wait;
mod way_out;
mod word;

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
        "state.status",
        "state.phase",
        "state.startedAt",
        "state.previousCommit",
        "state.currentCommit",
        "state.initiatedBy",
        "state.schema",
        "state.generation",
        "state.deployId",
        "state.updatedAt",
        "state.kind",
        "state.previousRelease",
        "state.currentRelease",
        "state.liveRelease",
        "state.owner.*",
        "state.momentOf",
        "state.intent.*",
        "state.pendingFile",
        "state.switch.*",
        "state.probationUntil",
        "state.rollbacksTried",
        "state.paused.*",
        "state.drained.N",
        "state.keptDrained",
        "state.failing.pauseAfter",
        "state.failing.deploys.N",
        "state.nextSequence",
        "state.releases.N.*",
        "state.lastEvent.*",
        "state.beat.*",
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
        "ready.N",
        "drained.N",
    ];
    const CODES: &'static [step::Codes] = &[
        codes::OWN,
        application::protected::CODES,
        application::fail::CODES,
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
            Command::Healthy(healthy) => {
                word::healthy(&application, &args, healthy.probation, context)
            }
            Command::Show => look::show(&application, context),
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
