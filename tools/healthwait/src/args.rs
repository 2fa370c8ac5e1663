//! The command line.

use crate::judge::Growth;
use application::{HealthArgs, LayoutArgs, ServiceArgs};
use std::time::Duration;
use step::parse;

/// The options of `healthwait`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is asked: `http://…`, `https://…` (#301 behind it: the expected status), `tcp://HOST:PORT`, `unix:/PATH` or
    /// `command:LINE`; without one, every --health-url
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,
    /// How long at most
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse::duration)]
    pub timeout: Duration,
    /// The time between two looks at what answers and is not well; shorter ones come first
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse::duration)]
    pub interval: Duration,
    /// Give up after so many looks that are at least an interval apart
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub attempts: Option<u64>,
    /// So many looks in a row, an interval apart, must find everything well
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u64).range(1..))]
    pub successes: u64,
    /// A value that every target's JSON body must hold, by its JSON pointer; may be given several times
    #[arg(long, value_name = "/POINTER=VALUE", value_parser = probe::JsonExpectation::parse)]
    pub expect_json: Vec<probe::JsonExpectation>,
    /// An answer that takes longer is not well
    #[arg(long, value_name = "TIME", value_parser = parse::duration)]
    pub max_latency: Option<Duration>,

    /// The main process must be another one than this
    #[arg(long, value_name = "PID", help_heading = "With --service")]
    pub not_pid: Option<u32>,
    /// The release that the service must run out of; inside a deploy: the one that current selects
    #[arg(long, value_name = "RELEASE", help_heading = "With --service")]
    pub release: Option<String>,
    /// So many automatic restarts since the switch are borne; without a switch, since the first look
    #[arg(
        long,
        value_name = "N",
        default_value = "0",
        help_heading = "With --service"
    )]
    pub max_restarts: u64,
    /// More memory than this is not well
    #[arg(long, value_name = "SIZE", value_parser = parse::size, help_heading = "With --service")]
    pub max_memory: Option<u64>,
    /// Memory that has grown by more than this (50M, or 20%) since the first look is not well
    #[arg(long, value_name = "SIZE", value_parser = Growth::parse, help_heading = "With --service")]
    pub max_memory_growth: Option<Growth>,
    /// More processor time between two looks than this share of one core (150%: one and a half) is not well
    #[arg(long, value_name = "SHARE", value_parser = crate::judge::share, help_heading = "With --service")]
    pub max_cpu: Option<u64>,
    /// More errors than this in the service's log since its start are not well
    #[arg(long, value_name = "N", help_heading = "With --service")]
    pub max_log_errors: Option<u64>,

    /// Where the application lies.
    #[command(flatten)]
    pub layout: LayoutArgs,
    /// The service.
    #[command(flatten)]
    pub service: ServiceArgs,
    /// The usual targets, and what counts as proof.
    #[command(flatten)]
    pub health: HealthArgs,
}
