//! What the options give the checks to work on.

use crate::args::Args;
use application::{Application, fail};
use camino::Utf8Path;
use deadline::Deadline;
use jiff::tz::TimeZone;
use probe::Question;
use service::{Service, Status};
use state::State;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::OnceLock;
use step::config::EnvFile;
use step::{Context, Failure};

/// The material of all checks. What several of them ask is asked once.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) args: Args,
    pub(crate) application: Option<Application>,
    pub(crate) service: Option<Service>,
    /// The deploy of which this is a step.
    pub(crate) deploy_id: Option<String>,
    /// What `--health-url` asks.
    pub(crate) health: Vec<Question>,
    /// The release that is to go live.
    pub(crate) release: Option<String>,
    /// The application's env file, as hints name it.
    pub(crate) file: String,
    /// The time zone of the freezes, where there are any.
    pub(crate) zone: Option<TimeZone>,
    /// Nothing may be forced.
    pub(crate) protected: bool,
    app: Option<String>,
    /// What the application's env file says.
    pub(crate) env_file: Option<EnvFile>,
    status: OnceLock<Result<Status, Problem>>,
    state: OnceLock<Result<State, Problem>>,
}

/// Why something could not be found out, and what mends that.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self {
            message: failure.message().to_owned(),
            hint: failure.hint_text().map(str::to_owned),
        }
    }
}

impl Given {
    pub(crate) fn of(mut args: Args, protected: bool, context: &Context) -> Result<Self, Failure> {
        let stage = |option| step::told("release-stage", option, context.app());
        // What is to be staged is what a deploy would stage, whoever asks; and the branch of a working tree is the one it follows.
        args.source = args.source.or_else(|| stage("source").map(Into::into));
        if args.git.is_none()
            && let Some(tree) = stage("in-place")
        {
            args.git = Some(tree.into());
            args.branch = args.branch.or_else(|| stage("branch"));
        }
        let application = args
            .layout
            .root
            .is_some()
            .then(|| Application::of(&args.layout))
            .transpose()?;
        let service = application::service_of(application.as_ref(), &args.service)?;
        let health = args.health.questions()?;
        let release = args.release.clone().or_else(|| {
            let release = context.upstream()?.find("/release")?;
            release.as_str().map(str::to_owned)
        });
        if release.is_some() && application.is_none() {
            return Err(Failure::usage(
                "--release needs --root DIR, where the releases lie, or --app NAME",
            )
            .hint(HELP));
        }
        needs(&args)?;
        Ok(Self {
            zone: zone_of(&args)?,
            args,
            application,
            service,
            deploy_id: context.deploy_id().map(str::to_owned),
            health,
            release,
            file: context.app().map_or_else(
                || "/etc/slipway/NAME.env".to_owned(),
                |file| file.path.display().to_string(),
            ),
            protected,
            app: context.app().map(|file| name_of(&file.path)),
            env_file: context.app().cloned(),
            status: OnceLock::new(),
            state: OnceLock::new(),
        })
    }

    /// What lets a deploy go past that failed check, for a message: nobody is made to paste it.
    pub(crate) fn past(&self, check: &str) -> String {
        if self.protected {
            let variable = step::variable("preflight", "warn");
            return format!("{variable}={check} in {}", self.file);
        }
        let app = self.app.as_deref().unwrap_or("APP");
        format!("{} --force {app}", self.runbook())
    }

    fn runbook(&self) -> String {
        let state = || self.state(self.application.as_ref()?).ok();
        application::runbook(self.env_file.as_ref(), || Some(state()?.kind.clone()))
    }

    /// What release-stage would be told by that option, which the command line of this tool does not have.
    pub(crate) fn of_stage(&self, option: &str) -> Option<String> {
        self.of_tool("release-stage", option)
    }

    /// The same of any tool.
    pub(crate) fn of_tool(&self, tool: &str, option: &str) -> Option<String> {
        step::told(tool, option, self.env_file.as_ref())
    }

    /// The working tree that the application runs in, where it is the one that is looked at.
    pub(crate) fn in_place(&self) -> Option<&Utf8Path> {
        let tree = self.args.git.as_deref()?;
        let told = self.of_stage("in-place")?;
        let same = told == tree.as_str()
            || matches!((tree.canonicalize(), Utf8Path::new(&told).canonicalize()), (Ok(one), Ok(other)) if one == other);
        same.then_some(tree)
    }

    /// One look at the service, the same one for every check.
    pub(crate) fn status(
        &self,
        service: &Service,
        deadline: &Deadline,
    ) -> Result<&Status, &Problem> {
        self.status
            .get_or_init(|| {
                let status = service.status(deadline);
                status.map_err(|error| fail::service(&error).into())
            })
            .as_ref()
    }

    /// One reading of the state, the same one for every check.
    pub(crate) fn state(&self, application: &Application) -> Result<&State, &Problem> {
        self.state
            .get_or_init(|| application.load().map_err(Problem::from))
            .as_ref()
    }
}

/// Opens that file; what is to stand in it is the message's to say.
pub(crate) fn edit(file: &str) -> String {
    format!("\"${{EDITOR:-vi}}\" {}", step::quoted(file))
}

/// What tells of all options.
const HELP: &str = "preflight --help";

/// Options that say something about another one's value. Either may come from a variable, which clap takes for a default.
fn needs(args: &Args) -> Result<(), Failure> {
    if args.branch.is_some() && args.git.is_none() {
        return Err(
            Failure::usage("--branch needs --git DIR, the working tree on that branch").hint(HELP),
        );
    }
    if args.forbid.is_empty() != args.forbid_in.is_empty() {
        return Err(Failure::usage(
            "--forbid REGEX and --forbid-in DIR need each other: what must not be there, and where",
        )
        .hint(HELP));
    }
    if args.migrations.is_some() && args.dialect.is_none() {
        return Err(Failure::usage(
            "--migrations needs --dialect postgres, or --dialect sqlite (D1, Turso and libSQL too)",
        )
        .hint(HELP));
    }
    if args.migrations.is_none() && (args.dialect.is_some() || args.migrations_since.is_some()) {
        return Err(Failure::usage(
            "--dialect and --migrations-since need --migrations DIR, where the migrations lie",
        )
        .hint(HELP));
    }
    let of_variables = !args.env_required.is_empty()
        || !args.env_optional.is_empty()
        || !args.env_format.is_empty();
    if of_variables && args.env_file.is_empty() {
        return Err(Failure::usage(
            "--env-required, --env-optional and --env-format need --env-file FILE, the one that the service's unit names",
        )
        .hint(HELP));
    }
    Ok(())
}

/// The zone that was told, else this machine's; looked up only where it is needed.
fn zone_of(args: &Args) -> Result<Option<TimeZone>, Failure> {
    let hint = "timedatectl list-timezones";
    if let Some(name) = &args.time_zone {
        let found = TimeZone::get(name).map(Some);
        return found.map_err(|error| {
            Failure::usage(format!(
                "--time-zone: {error} (they come with the package tzdata)"
            ))
            .hint(hint)
        });
    }
    if args.freeze.is_empty() {
        return Ok(None);
    }
    let found = TimeZone::try_system().map(Some);
    found.map_err(|error| {
        Failure::usage(format!(
            "this machine's time zone is not known, and --time-zone not told: {error}"
        ))
        .hint(hint)
    })
}

/// What `--app` calls the application of that env file.
fn name_of(file: &Path) -> String {
    let name = file.file_stem().and_then(OsStr::to_str);
    match name.filter(|name| step::config::path_of(name) == file) {
        Some(name) => name.to_owned(),
        None => file.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_is_called_by_its_name_where_it_has_one() {
        assert_eq!(name_of(Path::new("/etc/slipway/shop.env")), "shop");
        assert_eq!(name_of(Path::new("/home/a/shop.env")), "/home/a/shop.env");
    }
}
