//! The options of `drain-wait`.

use application::{EndpointArgs, LayoutArgs, ServiceArgs};
use camino::Utf8PathBuf;
use std::time::Duration;
use step::parse::duration;

/// Where the work in flight is counted, and for how long it is waited for.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// An HTTP endpoint that answers how much is in flight: a number, or JSON with --json
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// A file that says how much is in flight
    #[arg(long, value_name = "FILE")]
    pub file: Option<Utf8PathBuf>,
    /// A shell command that prints how much is in flight
    #[arg(long, value_name = "COMMAND")]
    pub in_flight_command: Option<String>,
    /// Where in the JSON of URL, FILE or COMMAND the number stands, as in /jobs/running
    #[arg(long, value_name = "POINTER")]
    pub json: Option<String>,
    /// Count the connections that are established to this local TCP port
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub connections: Option<u16>,
    /// Drain this server behind HAProxy first, by the runtime API on that socket, and count its sessions
    #[arg(long, value_name = "SOCKET,BACKEND/SERVER")]
    pub haproxy: Option<haproxy::Server>,
    /// How often it is looked at
    #[arg(long, value_name = "DURATION", default_value = "500ms", value_parser = duration)]
    pub interval: Duration,
    /// How long it is waited for; what is left then is reported, and the exit code is 124
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = duration)]
    pub timeout: Duration,
    /// Raise this flag first: a file that asks the service to take no new work
    #[arg(long, value_name = "FILE")]
    pub pending_file: Option<Utf8PathBuf>,
    /// How long the flag counts, whatever becomes of the deploy
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration)]
    pub pending_for: Duration,
    /// Lower the flag, make the server ready again, and wait for nothing
    #[arg(long)]
    pub clear: bool,
    /// Look once, raise no flag and drain no server
    #[arg(long)]
    pub dry_run: bool,
    /// Where the application lies.
    #[command(flatten)]
    pub layout: LayoutArgs,
    /// The service: where it does not run, nothing is in flight.
    #[command(flatten)]
    pub service: ServiceArgs,
    /// The endpoint that says whether the service is well: a --url at another scheme, host or port is not told its headers
    #[arg(long, value_name = "TARGET", action = clap::ArgAction::Append, help_heading = "Application")]
    pub health_url: Vec<String>,
    /// How --url is asked.
    #[command(flatten)]
    pub endpoint: EndpointArgs,
}
