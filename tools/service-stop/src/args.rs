//! The options of `service-stop`.

use application::{LayoutArgs, ServiceArgs};
use std::time::Duration;
use step::parse::duration;

/// Which service is stopped, and how long it may take.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How long it may take to end by itself; then it is killed
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub timeout: Duration,
    /// Start it again after this time unless somebody has by then; it outlives the deploy
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub dead_man: Option<Duration>,
    /// Say what would be stopped, and stop nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Where the application lies.
    #[command(flatten)]
    pub layout: LayoutArgs,
    /// The service.
    #[command(flatten)]
    pub service: ServiceArgs,
}
