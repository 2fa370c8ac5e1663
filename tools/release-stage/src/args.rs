//! The options of `release-stage`.

use application::LayoutArgs;
use camino::Utf8PathBuf;
use std::path::PathBuf;
use std::time::Duration;
use step::parse::duration;

/// What the release is made from, and how.
// Each flag is a word of the command line.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Make it from this directory
    #[arg(long, value_name = "DIR", conflicts_with = "git")]
    pub source: Option<PathBuf>,
    /// Make it from this git repository: an address or a path
    #[arg(long, value_name = "URL")]
    pub git: Option<String>,
    /// The branch; without one of the three, of --git what the repository's HEAD names
    #[arg(long, value_name = "NAME", conflicts_with_all = ["tag", "commit"])]
    pub branch: Option<String>,
    /// The tag
    #[arg(long, value_name = "NAME", conflicts_with = "commit")]
    pub tag: Option<String>,
    /// The commit; in full it is fetched alone, shortened with the whole history
    #[arg(long, value_name = "ID")]
    pub commit: Option<String>,
    /// Make it for the git working tree at DIR, in which the application runs; without one of the three, of the last
    /// commit of the checked-out branch's upstream
    #[arg(long, value_name = "DIR", conflicts_with_all = ["source", "git", "exclude"])]
    pub in_place: Option<PathBuf>,
    /// In place: make no release of what is checked out now, where none is live yet
    #[arg(long)]
    pub no_adopt: bool,
    /// Make it from the Compose project in DIR: its configuration as it is now, every image told by its id, after
    /// what --pull and --build do
    #[arg(long, value_name = "DIR", conflicts_with_all = ["source", "git", "in_place", "install", "share", "exclude"])]
    pub compose: Option<PathBuf>,
    /// Compose: fetch the images that a registry has, and what others are built from, within --copy-timeout
    #[arg(long)]
    pub pull: bool,
    /// Compose: these of its services, separated by commas, are pulled, built and must have an image; else all
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub services: Vec<String>,
    /// Also of what was marked bad, or is live and validated: a commit, or a Compose project's configuration and images; refused
    /// where `DEPLOY_PROTECTED` says yes
    #[arg(long)]
    pub force: bool,
    /// What the release is called; else the time, as in 20261120-093000
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Install dependencies by this shell command; auto, or nothing: by the kind of source; none: not at all
    #[arg(long, value_name = "COMMAND", num_args = 0..=1, default_missing_value = "auto")]
    pub install: Option<String>,
    /// Build by this shell command; auto, or nothing: by the kind of source; none: not at all
    #[arg(long, value_name = "COMMAND", num_args = 0..=1, default_missing_value = "auto")]
    pub build: Option<String>,
    /// When the installation is killed
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10m")]
    pub install_timeout: Duration,
    /// When the build is killed
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10m")]
    pub build_timeout: Duration,
    /// When copying or fetching the source is given up
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "5m")]
    pub copy_timeout: Duration,
    /// Leave out what has this name, or this path where there is a slash in it; * and ? stand for others
    #[arg(long, value_name = "PATTERN", action = clap::ArgAction::Append)]
    pub exclude: Vec<String>,
    /// Share unchanged files with this release (or previous), and make all files read-only
    #[arg(long, value_name = "RELEASE", default_value = "none")]
    pub link_dest: String,
    /// Link this path to the same one in shared/
    #[arg(long, value_name = "PATH", action = clap::ArgAction::Append)]
    pub share: Vec<Utf8PathBuf>,
    /// The command that starts the release, to be kept with it; else what its kind says
    #[arg(long, value_name = "COMMAND")]
    pub start: Option<String>,
    /// Say what the release would be, and make none
    #[arg(long)]
    pub dry_run: bool,
    /// Where the application lies.
    #[command(flatten)]
    pub layout: LayoutArgs,
}
