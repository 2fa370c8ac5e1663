//! The options of `release-swap`.

use application::{LayoutArgs, ServiceArgs};

/// Which release is to be live, and where.
// Each flag is a word of the command line.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The release that is to be live; with -, the one that the step before reported
    #[arg(value_name = "RELEASE", conflicts_with_all = ["newest", "previous"])]
    pub release: Option<String>,
    /// The newest release
    #[arg(long, conflicts_with = "previous")]
    pub newest: bool,
    /// The release that a rollback would go to
    #[arg(long)]
    pub previous: bool,
    /// Go past a bad verdict; refused where `DEPLOY_PROTECTED` says yes
    #[arg(long)]
    pub force: bool,
    /// Say what would be switched, and switch nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Where the application lies.
    #[command(flatten)]
    pub layout: LayoutArgs,
    /// The service whose counters are recorded at the switch.
    #[command(flatten)]
    pub service: ServiceArgs,
}
