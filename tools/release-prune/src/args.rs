//! The options of `release-prune`.

use application::LayoutArgs;

/// How many releases stay, and where.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many of the newest releases stay, and, counted apart, how many of the newest failed ones
    #[arg(long, value_name = "NUMBER", default_value = "5")]
    pub keep: usize,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Where the application lies.
    #[command(flatten)]
    pub layout: LayoutArgs,
}
