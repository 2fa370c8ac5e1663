//! The command line of rollback.

use application::{HealthArgs, LayoutArgs, ServiceArgs};
use std::time::Duration;
use step::parse;

/// Everything that rollback takes.
// Each flag is a word of the command line; and what systemd calls OnFailure= is called so here.
#[allow(clippy::struct_excessive_bools, clippy::doc_markdown)]
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Go back to this release, or to the release of this commit, whatever its verdict
    #[arg(long, value_name = "RELEASE|COMMIT", conflicts_with_all = ["in_start", "if_crash_loop"])]
    pub(crate) to: Option<String>,
    /// Act only where the report on standard input (-) is not ok; exits 1 once the old release serves again
    #[arg(long, conflicts_with_all = ["in_start", "if_crash_loop"])]
    pub(crate) on_failure: bool,
    /// Inside the unit's own start (ExecStartPre=): switch back after too many restarts since the switch. Restarts
    /// nothing, waits for nobody, and never keeps the unit from starting
    #[arg(long, conflicts_with = "if_crash_loop")]
    pub(crate) in_start: bool,
    /// From OnFailure= or a timer: roll back where the service crashes again and again since the switch
    #[arg(long)]
    pub(crate) if_crash_loop: bool,
    /// Restarts since the switch that make a crash loop
    #[arg(long, value_name = "NUMBER", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_restarts: u64,
    /// Insist that the application is deployed so; else it is taken from the state
    #[arg(long, value_name = "KIND", value_parser = ["release", "in-place", "compose"])]
    pub(crate) kind: Option<String>,
    /// Why, for the history
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: Option<String>,
    /// How long the service may take to stop before it is killed
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse::duration)]
    pub(crate) stop_timeout: Duration,
    /// How long the old release may take to be well again
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = parse::duration)]
    pub(crate) timeout: Duration,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) layout: LayoutArgs,
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
    #[command(flatten)]
    pub(crate) health: HealthArgs,
}
