//! What the options give the checks to work on.

use crate::args::Args;
use application::{Application, fail};
use deadline::Deadline;
use service::{Service, Status};
use state::State;
use std::sync::OnceLock;
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
    pub(crate) fn of(args: Args, context: &Context) -> Result<Self, Failure> {
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
            status: OnceLock::new(),
            state: OnceLock::new(),
        })
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
