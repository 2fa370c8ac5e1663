//! The command line.

use crate::checks;
use crate::told::{self, Format, Freeze, Outside, Run, RunTimeout};
use application::{HealthArgs, LayoutArgs, ServiceArgs};
use camino::Utf8PathBuf;
use clap::ArgAction::Append;
use regex::bytes::Regex;
use state::Rate;
use std::time::Duration;
use step::parse;

/// The most of a file system that may be used where nobody says otherwise, in percent: row B1 of what was asked for.
pub(crate) const DISK_MAX: u8 = 80;
/// The same of its inodes.
pub(crate) const INODES_MAX: u8 = 90;
/// The least memory that must be available, in bytes.
pub(crate) const MEMORY_MIN: u64 = 500 << 20;
/// What service-stop gives a service where nobody says otherwise.
pub(crate) const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// The options of `preflight`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The most of a file system that may be used; 80% where --root is given
    #[arg(long, value_name = "SHARE", value_parser = parse::percent, help_heading = "What is checked")]
    pub disk_max: Option<u8>,
    /// The most of a file system's inodes that may be used; 90% where --root is given
    #[arg(long, value_name = "SHARE", value_parser = parse::percent, help_heading = "What is checked")]
    pub inodes_max: Option<u8>,
    /// The least memory that must be available; 500M where --root or --service is given
    #[arg(long, value_name = "SIZE", value_parser = parse::size, help_heading = "What is checked")]
    pub memory_min: Option<u64>,
    /// The time that service-stop will give the service; its supervisor must not give it less
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse::duration, help_heading = "What is checked")]
    pub stop_timeout: Duration,
    /// The release that is to go live: it must exist, not be live already and not be marked bad
    #[arg(long, value_name = "RELEASE", help_heading = "What is checked")]
    pub release: Option<String>,
    /// The directory that is to be staged
    #[arg(long, value_name = "DIR", help_heading = "What is checked")]
    pub source: Option<Utf8PathBuf>,
    /// The git working tree that must be clean
    #[arg(long, value_name = "DIR", help_heading = "What is checked")]
    pub git: Option<Utf8PathBuf>,
    /// The branch that must be checked out in --git
    #[arg(long, value_name = "NAME", help_heading = "What is checked")]
    pub branch: Option<String>,
    /// The service's env file, read as systemd reads one; of several, the later ones count more
    #[arg(long, value_name = "FILE", action = Append, help_heading = "What is checked")]
    pub env_file: Vec<Utf8PathBuf>,
    /// A variable that must stand in --env-file, and not be empty; several, parted by commas, as with the next one
    #[arg(long, value_name = "NAME", action = Append, value_delimiter = ',', help_heading = "What is checked")]
    pub env_required: Vec<String>,
    /// A variable that had better stand there
    #[arg(long, value_name = "NAME", action = Append, value_delimiter = ',', help_heading = "What is checked")]
    pub env_optional: Vec<String>,
    /// What the value of a variable in --env-file must match, or the number of fields that it must have at least, and what parts
    /// them ('KEYS=4|'). May be given several times
    #[arg(long, value_name = "NAME=/REGEX/|NAME=4|", action = Append, value_parser = Format::parse, help_heading = "What is checked")]
    pub env_format: Vec<Format>,
    /// A pattern that no line beneath --forbid-in may match. May be given several times, as the next one
    #[arg(long, value_name = "REGEX", action = Append, value_parser = told::pattern, help_heading = "What is checked")]
    pub forbid: Vec<Regex>,
    /// The source tree that --forbid is looked for in; what its .gitignore leaves out is left out
    #[arg(long, value_name = "DIR", action = Append, help_heading = "What is checked")]
    pub forbid_in: Vec<Utf8PathBuf>,
    /// The directory of SQL migrations that must only add
    #[arg(long, value_name = "DIR", help_heading = "What is checked")]
    pub migrations: Option<Utf8PathBuf>,
    /// The SQL of --migrations: postgres or sqlite
    #[arg(long, value_name = "NAME", value_parser = told::dialect, help_heading = "What is checked")]
    pub dialect: Option<migrations::Dialect>,
    /// The last of --migrations that is applied, or a commit: only later ones are judged; all: every one. Else those that are
    /// new since the live release
    #[arg(long, value_name = "NAME|COMMIT|all", help_heading = "What is checked")]
    pub migrations_since: Option<String>,
    /// When nothing is deployed: days (fri or sat,sun; 2026-12-24 or 2026-12-20..2027-01-03), hours (22:00-06:00), or both
    /// (fri 14:00-24:00). May be given several times
    #[arg(long, value_name = "WHEN", action = Append, value_parser = Freeze::parse, help_heading = "What is checked")]
    pub freeze: Vec<Freeze>,
    /// The time zone of --freeze, as in Europe/Berlin; else this machine's
    #[arg(long, value_name = "ZONE", value_parser = told::time_zone, help_heading = "What is checked")]
    pub time_zone: Option<String>,
    /// At most so many deploys in that time, where --root is given; none: as many as anybody likes
    #[arg(long, value_name = "NUMBER/DURATION", default_value_t = Rate::DEFAULT, help_heading = "What is checked")]
    pub max_deploys: Rate,
    /// A page elsewhere that must answer well and, behind a space, what must stand in it: the check outside:NAME. May be given
    /// several times, as the two below
    #[arg(long, value_name = "NAME=URL /POINTER=VALUE", action = Append, value_parser = told::outside, help_heading = "What is checked")]
    pub outside: Vec<Outside>,
    /// A command that must end with 0, run by sh in --source, else --git, else --root: the check run:NAME
    #[arg(long, value_name = "NAME=COMMAND", action = Append, value_parser = told::run, help_heading = "What is checked")]
    pub run: Vec<Run>,
    /// The longest that each --run, or that of this NAME, may take; else it is --check-timeout
    #[arg(long, value_name = "TIME|NAME=TIME", action = Append, value_parser = told::run_timeout, help_heading = "What is checked")]
    pub run_timeout: Vec<RunTimeout>,

    /// The longest that one check may take; one that hangs is a failed check
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse::duration, help_heading = "Which checks")]
    pub check_timeout: Duration,
    /// Leave this check out; may be given several times, as the three below. Where `DEPLOY_PROTECTED` says yes, no
    /// option asks for less than the application's file does
    #[arg(long, value_name = "NAME", action = Append, value_delimiter = ',', value_parser = checks::named, help_heading = "Which checks")]
    pub skip: Vec<String>,
    /// Let this check warn where it would fail
    #[arg(long, value_name = "NAME", action = Append, value_delimiter = ',', value_parser = checks::named, help_heading = "Which checks")]
    pub warn: Vec<String>,
    /// Only this check
    #[arg(long, value_name = "NAME", action = Append, value_delimiter = ',', value_parser = checks::named, help_heading = "Which checks")]
    pub only: Vec<String>,
    /// Insist on this check: without what it needs it fails
    #[arg(long, value_name = "NAME", action = Append, value_delimiter = ',', value_parser = checks::named, help_heading = "Which checks")]
    pub require: Vec<String>,
    /// Name the checks and what they need; check nothing
    #[arg(long, help_heading = "Which checks")]
    pub list: bool,
    /// Go past failed checks; refused where `DEPLOY_PROTECTED` says yes
    #[arg(long)]
    pub force: bool,

    /// Where the application lies.
    #[command(flatten)]
    pub layout: LayoutArgs,
    /// The service.
    #[command(flatten)]
    pub service: ServiceArgs,
    /// The service's health, and what counts as proof.
    #[command(flatten)]
    pub health: HealthArgs,
}
