//! The command line of deploy-state.

use application::{LayoutArgs, ServiceArgs};
use clap::{Subcommand, ValueEnum};
use state::{Mark, Outcome, Phase, Rate, Verdict};
use std::time::Duration;

/// After how many failed deploys in a row an application is paused where nobody has said.
pub(crate) const PAUSE_AFTER: u64 = 3;

/// Everything that deploy-state takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub(crate) layout: LayoutArgs,
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Take the lease, run COMMAND as a deploy, and settle whatever it leaves
    Run(RunArgs),
    /// Check the lease, enter PHASE, run TOOL, and put its report into the history
    Step(StepArgs),
    /// Begin a deploy by hand
    Begin(BeginArgs),
    /// Enter a phase by hand
    Phase {
        /// pre-flight, build, drain, restart or validating
        #[arg(value_enum)]
        phase: PhaseName,
    },
    /// End a deploy
    End(EndArgs),
    /// The application's own word that it is well: ends a validating deploy as succeeded
    Healthy(Probation),
    /// The state as it is
    Show,
    /// The last deploys and how they ended
    History {
        /// How many
        #[arg(long, value_name = "NUMBER", default_value_t = 10)]
        last: usize,
        /// Also what single tools did outside any deploy
        #[arg(long)]
        all: bool,
    },
    /// Wait until a deploy has ended; its outcome is the exit code
    Wait {
        /// The deploy; the one that is going on, else the last one, where none is named
        #[arg(value_name = "ID")]
        deploy: Option<String>,
        /// How long to wait
        #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = step::parse::duration)]
        timeout: Duration,
    },
    /// Put the report on standard input into the history and exit as it says
    Record,
    /// Ask for no deploys; preflight refuses them
    Pause {
        /// The reason
        #[arg(long, value_name = "TEXT")]
        why: String,
        /// The end of the pause, as 2026-12-24T00:00:00Z
        #[arg(long, value_name = "TIME", value_parser = time)]
        until: Option<String>,
    },
    /// End a pause
    Resume,
    /// Give a release a verdict, or keep it from pruning
    Mark {
        /// The release
        release: String,
        /// The verdict
        #[arg(value_enum)]
        mark: MarkName,
    },
    /// Finish or undo what a dead deploy left
    Recover(PatienceArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// Who begins it
    #[arg(long, value_name = "WHO")]
    pub(crate) by: Option<String>,
    /// The time after which the deploy is reported as too long; it goes on all the same
    #[arg(long, value_name = "DURATION", default_value = "30m", value_parser = step::parse::duration)]
    pub(crate) limit: Duration,
    /// Report the deploy's id at once and go on in the background
    #[arg(long)]
    pub(crate) detach: bool,
    /// The id that the process in the background is to use
    #[arg(long, hide = true)]
    pub(crate) detached_as: Option<String>,
    #[command(flatten)]
    pub(crate) patience: PatienceArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    /// The runbook and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<std::ffi::OsString>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct StepArgs {
    /// pre-flight, build, drain, restart or validating
    #[arg(value_enum)]
    pub(crate) phase: PhaseName,
    /// The tool and its arguments
    #[arg(last = true, required = true, value_name = "TOOL")]
    pub(crate) command: Vec<std::ffi::OsString>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BeginArgs {
    /// Who begins it
    #[arg(long, value_name = "WHO")]
    pub(crate) by: Option<String>,
    /// The process that the deploy lives and dies with; without one nothing proves it dead
    #[arg(long, value_name = "PID")]
    pub(crate) owner_pid: Option<u32>,
    /// The release that is to go live
    #[arg(long, value_name = "RELEASE")]
    pub(crate) release: Option<String>,
    /// The commit that is to go live
    #[arg(long, value_name = "COMMIT")]
    pub(crate) commit: Option<String>,
    #[command(flatten)]
    pub(crate) patience: PatienceArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// What a deploy has to keep to that begins. Where `DEPLOY_PROTECTED` says yes, no more than the application's file allows.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct LimitArgs {
    /// At most so many deploys in that time; none: as many as anybody likes
    #[arg(long, value_name = "NUMBER/DURATION", default_value_t = Rate::DEFAULT)]
    pub(crate) max_deploys: Rate,
    /// Pause the application once so many deploys in a row have failed; 0: never
    #[arg(long, value_name = "NUMBER", default_value_t = PAUSE_AFTER)]
    pub(crate) pause_after: u64,
}

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct PatienceArgs {
    /// Silence after which a holder that nobody can prove dead may be replaced
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = step::parse::duration)]
    pub(crate) stale_after: Duration,
    /// Replace a holder that nobody can prove dead, once it has been silent for so long
    #[arg(long)]
    pub(crate) take_over: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct EndArgs {
    /// succeeded, failed, rolled-back or aborted
    #[arg(value_enum)]
    pub(crate) outcome: OutcomeName,
    /// Why, for the history
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: Option<String>,
    /// What was wanted serves already: deploy-state wait answers 0 to that
    #[arg(long)]
    pub(crate) nothing_new: bool,
    #[command(flatten)]
    pub(crate) probation: Probation,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Probation {
    /// How long a crash loop still leads back after a success
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = step::parse::duration)]
    pub(crate) probation: Duration,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum PhaseName {
    PreFlight,
    Build,
    Drain,
    Restart,
    Validating,
}

impl From<PhaseName> for Phase {
    fn from(name: PhaseName) -> Self {
        match name {
            PhaseName::PreFlight => Self::PreFlight,
            PhaseName::Build => Self::Build,
            PhaseName::Drain => Self::Drain,
            PhaseName::Restart => Self::Restart,
            PhaseName::Validating => Self::Validating,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum OutcomeName {
    Succeeded,
    Failed,
    RolledBack,
    Aborted,
}

impl From<OutcomeName> for Outcome {
    fn from(name: OutcomeName) -> Self {
        match name {
            OutcomeName::Succeeded => Self::Succeeded,
            OutcomeName::Failed => Self::Failed,
            OutcomeName::RolledBack => Self::RolledBack,
            OutcomeName::Aborted => Self::Aborted,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum MarkName {
    Good,
    Bad,
    Pinned,
    Unpinned,
}

impl From<MarkName> for Mark {
    fn from(name: MarkName) -> Self {
        match name {
            MarkName::Good => Self::Verdict(Verdict::Good),
            MarkName::Bad => Self::Verdict(Verdict::Bad),
            MarkName::Pinned => Self::Pinned(true),
            MarkName::Unpinned => Self::Pinned(false),
        }
    }
}

fn time(text: &str) -> Result<String, String> {
    clock::parse_rfc3339(text)
        .map(clock::rfc3339)
        .ok_or_else(|| "a time is written in UTC, as 2026-12-24T00:00:00Z".into())
}
