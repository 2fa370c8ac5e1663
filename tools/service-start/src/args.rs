//! The options of `service-start`.

use application::{HealthArgs, LayoutArgs, ServiceArgs};
use std::time::Duration;
use step::parse::duration;

/// Which service is started, and what it is to show.
// Each flag is a word of the command line.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How long it may take to be ready
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    pub timeout: Duration,
    /// Fetch the images of a Compose project's services first, while the old ones run
    #[arg(long)]
    pub pull: bool,
    /// Build them first, where they are built here
    #[arg(long)]
    pub build: bool,
    /// How long fetching and building may take together
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration)]
    pub images_timeout: Duration,
    /// Say what would be started, and start nothing
    #[arg(long)]
    pub dry_run: bool,
    /// What the dead-man's switch calls: start it if it does not run, without a lease, and record nothing
    #[arg(long, hide = true)]
    pub dead_man_acts: bool,
    /// Where the application lies.
    #[command(flatten)]
    pub layout: LayoutArgs,
    /// The service.
    #[command(flatten)]
    pub service: ServiceArgs,
    /// What tells that it serves where no port does, and what counts as proof.
    #[command(flatten)]
    pub health: HealthArgs,
}
