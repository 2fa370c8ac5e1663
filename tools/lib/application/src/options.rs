//! The options that several tools share, each group to be flattened into a tool's own.

use camino::Utf8PathBuf;
use clap::Args;

/// A service's name as it was told, where it is one.
fn service_name(text: &str) -> Result<String, String> {
    let name = text.parse::<service::Name>();
    name.map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}

/// An endpoint as it was told, where it names one.
fn target(text: &str) -> Result<String, String> {
    let target = probe::Target::parse(text);
    target
        .map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}

/// Where the application lies.
#[derive(Debug, Clone, Args)]
pub struct LayoutArgs {
    /// The application's directory: holds releases/, current, shared/ and deploy-state.json
    #[arg(long, value_name = "DIR", help_heading = "Application", global = true)]
    pub root: Option<Utf8PathBuf>,
    /// The directory of the releases, where it is not ROOT/releases
    #[arg(long, value_name = "DIR", help_heading = "Application", global = true)]
    pub releases: Option<Utf8PathBuf>,
    /// The link to the live release, where it is not ROOT/current
    #[arg(long, value_name = "LINK", help_heading = "Application", global = true)]
    pub current: Option<Utf8PathBuf>,
    /// The state file, where it is not ROOT/deploy-state.json
    #[arg(long, value_name = "FILE", help_heading = "Application", global = true)]
    pub state: Option<Utf8PathBuf>,
}

/// The service and whatever supervises it.
#[derive(Debug, Clone, Args)]
pub struct ServiceArgs {
    /// The service, as its kind and its name
    #[arg(
        long,
        value_name = "KIND:NAME",
        value_parser = service_name,
        help = format!("The service: {}", service::Name::KINDS),
        help_heading = "Application",
        global = true
    )]
    pub service: Option<String>,
    /// What starts it, in the live release's directory: of a process:NAME the shell command, of a pm2:NAME what `pm2 start`
    /// gets, where that is not the release's own ecosystem file
    #[arg(
        long,
        value_name = "COMMAND",
        help_heading = "Application",
        global = true
    )]
    pub start: Option<String>,
    /// The TCP port that the service listens on
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Application", global = true)]
    pub port: Option<u16>,
}

/// How the service's health is asked for, and what counts as proof.
#[derive(Debug, Clone, Args)]
pub struct HealthArgs {
    /// The endpoint that says whether the service is well; may be given several times
    #[arg(
        long,
        value_name = "TARGET",
        action = clap::ArgAction::Append,
        value_parser = target,
        help_heading = "Application",
        global = true
    )]
    pub health_url: Vec<String>,
    /// How that endpoint is asked.
    #[command(flatten)]
    pub endpoint: EndpointArgs,
    /// Go on where it cannot be proven that the new process answers; where it is disproven never
    #[arg(long, help_heading = "Application", global = true)]
    pub accept_unprovable: bool,
}

/// How the application's own endpoint is asked, by every tool alike.
#[derive(Debug, Clone, Default, Args)]
pub struct EndpointArgs {
    /// The authorities whose certificates are believed there, in PEM, instead of the system's
    #[arg(long, value_name = "FILE", help_heading = "Application", global = true)]
    pub health_ca: Option<Utf8PathBuf>,
    /// Headers that are sent there, a line NAME: VALUE each; no value is ever printed
    #[arg(long, value_name = "FILE", help_heading = "Application", global = true)]
    pub health_header_file: Option<Utf8PathBuf>,
    /// The host to ask for there, in the certificate and in the request, where it is not the URL's
    #[arg(long, value_name = "NAME", help_heading = "Application", global = true)]
    pub health_server_name: Option<String>,
}
