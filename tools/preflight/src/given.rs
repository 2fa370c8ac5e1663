//! What the options give the checks to work on.

use crate::args::Args;
use application::{Application, fail};
use deadline::Deadline;
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
    /// The release that is to go live.
    pub(crate) release: Option<String>,
    /// The application's env file, as hints name it.
    pub(crate) file: String,
    /// Nothing may be forced.
    protected: bool,
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
    pub(crate) fn of(args: Args, protected: bool, context: &Context) -> Result<Self, Failure> {
        let application = args
            .layout
            .root
            .is_some()
            .then(|| Application::of(&args.layout))
            .transpose()?;
        let service = application::service_of(application.as_ref(), &args.service)?;
        for target in &args.health.health_url {
            probe::Target::parse(target).map_err(Failure::usage)?;
        }
        let release = args.release.clone().or_else(|| {
            let release = context.upstream()?.find("/release")?;
            release.as_str().map(str::to_owned)
        });
        if release.is_some() && application.is_none() {
            return Err(Failure::usage("--release needs --root")
                .hint("--app NAME, or --root DIR, where the releases lie"));
        }
        Ok(Self {
            args,
            application,
            service,
            deploy_id: context.deploy_id().map(str::to_owned),
            release,
            file: context.app().map_or_else(
                || "the application's file (--app)".to_owned(),
                |file| file.path.display().to_string(),
            ),
            protected,
            app: context.app().map(|file| name_of(&file.path)),
            env_file: context.app().cloned(),
            status: OnceLock::new(),
            state: OnceLock::new(),
        })
    }

    /// What lets a deploy go past that failed check.
    pub(crate) fn past(&self, check: &str) -> String {
        if self.protected {
            let variable = step::variable("preflight", "warn");
            return format!("{variable}={check} in {}", self.file);
        }
        format!("deploy --force {}", self.app.as_deref().unwrap_or("APP"))
    }

    /// What release-stage would be told by that option, which the command line of this tool does not have.
    pub(crate) fn of_stage(&self, option: &str) -> Option<String> {
        let variable = step::variable("release-stage", option);
        let around = std::env::var(&variable).ok();
        let in_file = || Some(self.env_file.as_ref()?.get(&variable)?.value.clone());
        let told = around.filter(|value| !value.is_empty()).or_else(in_file);
        told.filter(|value| !value.is_empty())
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
