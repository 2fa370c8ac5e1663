//! Where a rollback can lead: looked at before anything is stopped, and without the state's lock, for engines take their time.

use crate::announce::choose;
use crate::args::Args;
use crate::wanted::Wanted;
use application::{Application, fail};
use deadline::Deadline;
use service::{Image, Service};
use service_stop::port::Look;
use state::State;
use std::fmt;
use std::time::Duration;
use step::{Context, Failure};

/// For how long somebody else must be seen on the port: a process that is on its way out is nobody's any more.
const STRANGER: Duration = Duration::from_millis(300);
/// How often the port is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// What was seen before a rollback.
#[derive(Debug, Clone, Default)]
pub(crate) struct Survey {
    /// The live release.
    pub(crate) live: Option<String>,
    /// Where it would lead; nothing where there is nowhere to go, which is for the lock's holder to say.
    pub(crate) to: Option<String>,
    /// The releases that it does not lead to, though they come before that one.
    pub(crate) passed: Vec<Passed>,
    /// Whether it leads to another release of the live one's commit.
    same_commit: bool,
}

/// A release that is not gone back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Passed {
    /// Its name.
    pub(crate) name: String,
    /// Why not, as a sentence's end.
    why: String,
}

impl fmt::Display for Passed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.name, self.why)
    }
}

impl Survey {
    /// What is to be said of where it leads, and of those that are passed over, as one phrase; nothing where there is nothing to say.
    pub(crate) fn phrase(&self) -> Option<String> {
        let passed = phrase(&self.passed);
        let (Some(to), Some(live), true) = (&self.to, &self.live, self.same_commit) else {
            return passed;
        };
        let same = format!("{to} is of the same commit as {live}");
        Some(passed.map_or_else(|| same.clone(), |passed| format!("{same}; {passed}")))
    }
}

/// Those that are passed over, as one phrase; nothing where there is none.
pub(crate) fn phrase(passed: &[Passed]) -> Option<String> {
    let told: Vec<String> = passed.iter().map(Passed::to_string).collect();
    (!told.is_empty()).then(|| format!("passed over: {}", told.join("; ")))
}

/// Looks where to go. What nobody decided goes on to the next release where the images of one are gone; a person is told
/// instead. By hand a release that is known to hold the same as the live one is no way back; one that was built of the same commit may be,
/// with other dependencies in it.
pub(crate) fn survey(
    application: &Application,
    service: Option<&Service>,
    args: &Args,
    wanted: &Wanted,
    context: &Context,
    deadline: &Deadline,
) -> Result<Survey, Failure> {
    let mut state = application.load()?;
    application.learn(&mut state)?;
    let mut survey = Survey {
        live: application.link()?.release().map(str::to_owned),
        ..Survey::default()
    };
    let mut refused = None;
    loop {
        let live = survey.live.as_deref();
        let to = match choose(application, &state, args, wanted, live, &survey.passed) {
            Ok(to) => to,
            Err(_) if refused.is_some() || (wanted.automatic && !args.dry_run) => break,
            Err(failure) => return Err(failure),
        };
        let named = args.to.is_some() && refused.is_none();
        if let Some(live) = live
            && !(wanted.automatic || named)
            && is_twin(application, &to, live)
        {
            let why = format!("is the same as {live}");
            survey.passed.push(Passed { name: to, why });
            continue;
        }
        let lacking = lacking(application, service, &to, deadline);
        // What cannot be asked keeps nobody from bringing a service back.
        let lacking = if wanted.automatic {
            lacking.unwrap_or_default()
        } else {
            lacking?
        };
        if lacking.is_empty() {
            survey.same_commit = !wanted.automatic && is_of_the_same_commit(&state, &to, live);
            survey.to = Some(to);
            break;
        }
        let why = format!(
            "has images that are not on this host any more ({})",
            listed(&lacking)
        );
        if !wanted.automatic && refused.is_none() {
            refused = Some(format!("{to} {why}"));
        }
        survey.passed.push(Passed { name: to, why });
    }
    if let Some(why) = refused {
        return Err(without_images(state.kind, &survey, &why, context));
    }
    if !wanted.automatic
        && let Some(service) = service
    {
        is_its_own(service, args.service.port, deadline)?;
    }
    Ok(survey)
}

/// Whether one release is the other again: the same configuration with the same images.
fn is_twin(application: &Application, one: &str, other: &str) -> bool {
    let directory = |name: &str| application.layout.releases.join(name);
    one != other && service::is_twin(directory(one).as_std_path(), directory(other).as_std_path())
}

/// Whether one release was made of the commit that the live one was made of.
fn is_of_the_same_commit(state: &State, one: &str, live: Option<&str>) -> bool {
    let commit = |name: &str| state.release(name)?.commit.as_deref();
    live.is_some_and(|live| live != one && commit(one).is_some() && commit(one) == commit(live))
}

/// The images that a start of this release would lack.
fn lacking(
    application: &Application,
    service: Option<&Service>,
    release: &str,
    deadline: &Deadline,
) -> Result<Vec<Image>, Failure> {
    let directory = releases::resolve(&application.layout, release);
    let directory = directory.map_err(|error| fail::resolve(&error))?;
    let Some(service) = service else {
        return Ok(Vec::new());
    };
    service
        .lacking(directory.as_std_path(), deadline)
        .map_err(|error| fail::service(&error))
}

fn listed(images: &[Image]) -> String {
    let images: Vec<String> = images.iter().map(ToString::to_string).collect();
    images.join(", ")
}

/// A person wanted to go to a release that cannot be started.
fn without_images(kind: String, survey: &Survey, why: &str, context: &Context) -> Failure {
    let failure = Failure::no("images-missing", format!("{why}; nothing was changed"));
    if let Some(other) = &survey.to {
        return failure.hint(format!("rollback --to {other}"));
    }
    let runbook = application::runbook(context.app(), || Some(kind));
    let app = context.app_name();
    failure.hint(format!("{runbook} {}", app.as_deref().unwrap_or("APP")))
}

/// Whether the port is the service's or nobody's: behind a stranger the release before could not serve either.
fn is_its_own(service: &Service, port: Option<u16>, deadline: &Deadline) -> Result<(), Failure> {
    let Some(port) = port else {
        return Ok(());
    };
    let failed = |error: service::Error| fail::service(&error);
    let patience = deadline.or_after(STRANGER);
    loop {
        let status = service.status(deadline).map_err(failed)?;
        let look = Look::at_a_distance(port, service, &status, deadline).map_err(failed)?;
        if look.foreign.is_empty() {
            return Ok(());
        }
        if patience.sleep(LOOK).is_err() {
            let message = format!(
                "port {port} of {} is {}; nothing was changed",
                service.name(),
                look.phrase()
            );
            return Err(Failure::no("port-held", message).hint(look.hint(port)));
        }
    }
}
