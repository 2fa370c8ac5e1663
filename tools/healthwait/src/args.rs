//! The command line.

use crate::judge::Growth;
use crate::rate::Share;
use application::{HealthArgs, LayoutArgs, ServiceArgs};
use camino::Utf8PathBuf;
use std::time::Duration;
use step::parse;

/// The options of `healthwait`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is asked: `http://…`, `https://…` (#301 behind it: the expected status), `tcp://HOST:PORT`, `unix:/PATH` or
    /// `command:LINE`; without one and without --targets, every --health-url
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
    /// A file of targets with expectations of their own, one JSON object a line; its keys stand in the manual
    #[arg(long = "targets", value_name = "FILE", id = "targets_file")]
    pub targets_file: Option<Utf8PathBuf>,
    /// A value that every TARGET's JSON body must hold, by its JSON pointer; may be given several times
    #[arg(long, value_name = "/POINTER=VALUE", value_parser = probe::JsonExpectation::parse)]
    pub expect_json: Vec<probe::JsonExpectation>,
    /// A text that every TARGET's body must hold; may be given several times
    #[arg(long, value_name = "TEXT")]
    pub expect_body: Vec<String>,
    /// An answer that takes longer is not well
    #[arg(long, value_name = "TIME", value_parser = parse::duration)]
    pub max_latency: Option<Duration>,
    /// Targets whose latest answers took longer than this on average are not well
    #[arg(long, value_name = "TIME", value_parser = parse::duration)]
    pub max_average_latency: Option<Duration>,

    /// A header to send, NAME: VALUE, never printed; may be given several times
    #[arg(long, value_name = "HEADER", help_heading = "Over HTTP")]
    pub header: Vec<String>,
    /// Headers to send, from a file with a line NAME: VALUE each
    #[arg(long, value_name = "FILE", help_heading = "Over HTTP")]
    pub header_file: Option<Utf8PathBuf>,
    /// The request's method; without one GET, or POST where there is a body
    #[arg(long, value_name = "METHOD", value_parser = probe::Method::parse, help_heading = "Over HTTP")]
    pub method: Option<probe::Method>,
    /// The request's body
    #[arg(
        long,
        value_name = "TEXT",
        conflicts_with = "body_file",
        help_heading = "Over HTTP"
    )]
    pub body: Option<String>,
    /// The file that holds the request's body
    #[arg(long, value_name = "FILE", help_heading = "Over HTTP")]
    pub body_file: Option<Utf8PathBuf>,
    /// The authorities whose certificates are believed, in PEM, instead of the system's
    #[arg(long, value_name = "FILE", help_heading = "Over HTTP")]
    pub ca_file: Option<Utf8PathBuf>,
    /// The host to ask for, in the certificate and in the request, where it is not the URL's
    #[arg(long, value_name = "NAME", help_heading = "Over HTTP")]
    pub server_name: Option<String>,
    /// Follow redirects: host (while they stay on the host that was asked) or anywhere
    #[arg(long, value_name = "WHERE", value_parser = probe::Follow::parse, help_heading = "Over HTTP")]
    pub follow: Option<probe::Follow>,
    /// The answer must have a body, and its end must come, however long it is
    #[arg(long, help_heading = "Over HTTP")]
    pub stream: bool,
    /// An answer whose body begins later is not well
    #[arg(long, value_name = "TIME", value_parser = parse::duration, help_heading = "Over HTTP")]
    pub max_first_byte: Option<Duration>,
    /// How much of a body is looked at
    #[arg(long, value_name = "SIZE", default_value = "1M", value_parser = parse::size, help_heading = "Over HTTP")]
    pub body_limit: u64,

    /// Once everything is well: go on asking every --interval for that long; 0 for no watch
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = parse::duration, help_heading = "Watch")]
    pub watch: Duration,
    /// A higher share of failed answers fails the watch, over the whole and over the last of them
    #[arg(long, value_name = "SHARE", default_value = "1%", value_parser = Share::parse, help_heading = "Watch")]
    pub max_error_rate: Share,
    /// A higher share of the last answers fails the watch at once, also with --watch-on
    #[arg(long, value_name = "SHARE", default_value = "25%", value_parser = Share::parse, help_heading = "Watch")]
    pub critical_error_rate: Share,
    /// After more than --max-error-rate watch on for that long, and decide by the answers from then on
    #[arg(long, value_name = "TIME", value_parser = parse::duration, help_heading = "Watch")]
    pub watch_on: Option<Duration>,
    /// How far back the last answers reach
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = parse::duration, help_heading = "Watch")]
    pub error_window: Duration,
    /// So many answers make a rate; while there are fewer, those that are missing count as good ones
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u64).range(1..=100_000), help_heading = "Watch")]
    pub min_answers: u64,

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
    /// Memory that has grown by more than this (50M, or 20%) since the first look, or against the baseline, is not well
    #[arg(long, value_name = "SIZE", value_parser = Growth::parse, help_heading = "With --service")]
    pub max_memory_growth: Option<Growth>,
    /// More processor time than this share of one core (150%: one and a half) over the watch, else between two looks, is
    /// not well
    #[arg(long, value_name = "SHARE", value_parser = crate::judge::share, help_heading = "With --service")]
    pub max_cpu: Option<u64>,
    /// More errors than this in the service's log since its start are not well
    #[arg(long, value_name = "N", help_heading = "With --service")]
    pub max_log_errors: Option<u64>,
    /// What the service took before, from a report or any JSON file with memoryBytes and cpuPercent; inside a deploy: what
    /// the run before the switch took
    #[arg(long, value_name = "FILE", help_heading = "With --service")]
    pub baseline: Option<String>,

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
