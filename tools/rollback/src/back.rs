//! The rollback itself: announced, then stop, switch, start, and seen to be well.

use crate::announce::announce;
use crate::args::Args;
use crate::ending::{Ending, end};
use crate::survey::{Survey, survey};
use crate::verify;
use crate::wanted::Wanted;
use application::{Application, Lease, Serves, answers, still_drained};
use deadline::Deadline;
use serde::Serialize;
use serde_json::json;
use service::Service;
use service_stop::{DeadManRequest, StopReport, StopRequest};
use state::{Outcome, Verdict};
use std::time::{Duration, Instant};
use step::{Context, Failure};

/// The service is started again by then, should this tool be killed in the middle.
const DEAD_MAN: Duration = Duration::from_secs(90);
/// What may come on top of the stop and the start: the lock, the supervisor's answers, a port that is slow to be free.
const BEYOND: Duration = Duration::from_secs(60);

/// A rollback that is done.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Done {
    /// Whether another release is live now.
    pub(crate) rolled_back: bool,
    /// Whether this call changed anything.
    pub(crate) changed: bool,
    /// The release that was live.
    pub(crate) from: Option<String>,
    /// The release that is.
    pub(crate) to: String,
    /// Why.
    pub(crate) reason: String,
    /// How the service was stopped.
    pub(crate) stop: Option<StopReport>,
    /// How it was started, with the proof.
    pub(crate) start: Option<service_start::StartReport>,
    /// How it was seen to be well.
    pub(crate) health: Option<healthwait::HealthReport>,
    /// The servers behind HAProxy that drain still.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) drained: Vec<String>,
    /// How long all of it took, in milliseconds.
    pub(crate) took_ms: u64,
}

impl Done {
    /// From that release to that one, with nothing done yet.
    fn between(from: Option<String>, to: String, reason: String) -> Self {
        Self {
            rolled_back: false,
            changed: false,
            from,
            to,
            reason,
            stop: None,
            start: None,
            health: None,
            drained: Vec::new(),
            took_ms: 0,
        }
    }
}

/// The service, which some calls cannot do without.
pub(crate) fn needed(application: &Application, args: &Args) -> Result<Service, Failure> {
    application.service(&args.service)?.ok_or_else(|| {
        Failure::usage(
            "no service was named, by --service KIND:NAME or DEPLOY_SERVICE in the application's file",
        )
        .hint("rollback --help")
    })
}

/// Goes back and sees the old release well. Once it has begun it goes on through signals: half a rollback helps nobody.
pub(crate) fn roll_back(
    application: &Application,
    args: &Args,
    wanted: &Wanted,
    context: &Context,
) -> Result<Done, Failure> {
    let began = Instant::now();
    let service = application.service(&args.service)?;
    let limit = args.stop_timeout + args.timeout + BEYOND;
    let deadline = context.deadline(limit).uninterruptible();
    answers(service.as_ref(), &deadline)?;
    // What cannot be is refused before a lease is taken for it, and before anything is stopped.
    let seen = survey(
        application,
        service.as_ref(),
        args,
        wanted,
        context,
        &deadline,
    )?;
    let wanted = &wanted.knowing(&seen);
    if args.dry_run {
        return Ok(dry_run(seen, wanted, context));
    }
    let lease = application.enter(context, "rollback", Duration::ZERO, &deadline)?;
    let announced = announce(application, args, wanted, &seen.passed, &lease, &deadline);
    let (from, to) = match announced {
        Err(failure) if wanted.automatic && failure.code() == "no-target" => {
            let stranded = stranded(application, &lease, wanted, &failure, &deadline, context);
            let drained = tell_drained(application, context);
            return Err(stranded.with(&json!({"drained": drained})));
        }
        announced => announced?,
    };
    context.note(format!(
        "{} -> {to}: {}",
        from.as_deref().unwrap_or("nothing"),
        wanted.reason
    ));
    let mut done = Done {
        rolled_back: from.as_deref() != Some(&to),
        changed: true,
        ..Done::between(from, to, wanted.reason.clone())
    };
    let result = bring_back(
        application,
        args,
        service.as_ref(),
        &lease,
        &mut done,
        &deadline,
    );
    for note in service.iter().flat_map(Service::notes) {
        context.note(note);
    }
    done.took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let outcome = match (&result, done.rolled_back) {
        (Err(_), _) => Outcome::Failed,
        (Ok(()), true) => Outcome::RolledBack,
        // Nothing had been switched: the release that was live all the time runs again.
        (Ok(()), false) => Outcome::Aborted,
    };
    let why = match &result {
        Ok(()) => wanted.reason.clone(),
        Err(failure) => format!(
            "{}; then the rollback failed: {}",
            wanted.reason,
            failure.message()
        ),
    };
    // A person's choice that was seen well is as validated as a deploy's.
    let seen_well = !wanted.automatic && done.rolled_back && done.health.is_some();
    let ending = Ending {
        outcome,
        why: &why,
        blames: wanted.blames,
        validated: Some(&*done.to).filter(|_| result.is_ok() && seen_well),
    };
    let ended = end(application, &lease, &ending, &deadline, context);
    tell_verdict(application, &done, context);
    done.drained = tell_drained(application, context);
    match (result, ended) {
        (Ok(()), Ok(())) => Ok(done),
        (Ok(()), Err(failure)) => Err(failure.with(&done)),
        (Err(failure), ended) => {
            unrecorded(ended, context);
            Err(down(&done, &failure))
        }
    }
}

/// That nobody serves is the verdict, whether or not it could be recorded.
fn unrecorded(ended: Result<(), Failure>, context: &Context) {
    if let Err(failure) = ended {
        context.note(format!("that is not recorded: {}", failure.message()));
    }
}

/// Says what is held against the release that was left, and how to take it back.
fn tell_verdict(application: &Application, done: &Done, context: &Context) {
    let Ok(state) = application.load() else {
        return;
    };
    let left = done.from.as_deref().filter(|_| done.rolled_back);
    if let Some(left) = left.filter(|left| state.verdict(left) == Verdict::Bad) {
        context.note(format!(
            "{left} is marked bad, and not chosen again by itself; deploy-state mark {left} good takes that back"
        ));
    }
}

/// Says which servers behind HAProxy drain still, why, and how to make them ready.
fn tell_drained(application: &Application, context: &Context) -> Vec<String> {
    match application.load() {
        Ok(state) => {
            if let Some(drained) = still_drained(&state) {
                context.note(drained);
            }
            state.drained
        }
        Err(failure) => {
            context.note(failure.message());
            Vec::new()
        }
    }
}

/// The new release does not serve, and there is none before it: nothing is changed, and nobody serves.
fn stranded(
    application: &Application,
    lease: &Lease<'_>,
    wanted: &Wanted,
    failure: &Failure,
    deadline: &Deadline,
    context: &Context,
) -> Failure {
    let why = format!("{}; {}", wanted.reason, failure.message());
    if !lease.is_moment() {
        let ending = Ending {
            outcome: Outcome::Failed,
            why: &why,
            blames: wanted.blames,
            validated: None,
        };
        let ended = end(application, lease, &ending, deadline, context);
        unrecorded(ended, context);
    }
    let hint = failure.hint_text().unwrap_or_default();
    Failure::down("no-target", why).hint(hint)
}

/// Nobody serves. Whatever the steps said of it, this is what counts.
fn down(done: &Done, failure: &Failure) -> Failure {
    let hint = failure
        .hint_text()
        .map_or_else(|| "rollback --to RELEASE".to_owned(), str::to_owned);
    Failure::down(
        "down",
        format!("{} does not serve either: {}", done.to, failure.message()),
    )
    .hint(hint)
    .with(done)
}

/// Stop, switch, start, verify. A stop that fails does not keep the link from going back.
fn bring_back(
    application: &Application,
    args: &Args,
    service: Option<&Service>,
    lease: &Lease<'_>,
    done: &mut Done,
    deadline: &Deadline,
) -> Result<(), Failure> {
    // While something may still serve; what fails here fails again where it counts.
    application.prepare(&done.to, deadline).ok();
    let mut stop_failed = None;
    if let (Some(service), true) = (service, done.rolled_back) {
        match stop(application, args, service, lease, deadline) {
            Ok(stopped) => done.stop = Some(stopped),
            Err(failure) => stop_failed = Some(failure),
        }
    }
    release_swap::switch(application, lease, &done.to, service, deadline)?;
    if let Some(service) = service {
        // The start says more plainly what a failed stop has led to, where it led to anything.
        let started = verify::start(application, args, service, lease, deadline);
        done.start = Some(started.map_err(|failure| stop_failed.take().unwrap_or(failure))?);
    }
    done.health = verify::health(application, args, service, done.rolled_back, deadline)?;
    Ok(())
}

fn stop(
    application: &Application,
    args: &Args,
    service: &Service,
    lease: &Lease<'_>,
    deadline: &Deadline,
) -> Result<StopReport, Failure> {
    let start = args.service.start.as_deref();
    let request = StopRequest {
        port: args.service.port,
        timeout: args.stop_timeout,
        dead_man: Some(DeadManRequest {
            after: DEAD_MAN,
            again: service_stop::start_again_command(application, service, start),
        }),
    };
    service_stop::stop(lease, service, &request, deadline)
}

fn dry_run(seen: Survey, wanted: &Wanted, context: &Context) -> Done {
    let to = seen.to.unwrap_or_default();
    context.note(format!(
        "would go from {} to {to}: {}",
        seen.live.as_deref().unwrap_or("nothing"),
        wanted.reason
    ));
    Done::between(seen.live, to, wanted.reason.clone())
}

/// The lease is gone. Where that is because the service's own start has led this very deploy back already, all that is
/// left to do is to see that the old release is well. Nothing where the deploy has ended well meanwhile.
pub(crate) fn after_another(
    application: &Application,
    args: &Args,
    context: &Context,
) -> Result<Option<Done>, Failure> {
    let began = Instant::now();
    let id = context.deploy_id().unwrap_or_default();
    let told = application.told(id)?;
    if told.as_ref().and_then(|told| told.outcome.as_deref()) == Some(Outcome::Succeeded.name()) {
        // The application has said itself that it is well; what failed was only that a step found its lease gone.
        return Ok(None);
    }
    let back = told.filter(|told| told.outcome.as_deref() == Some(Outcome::RolledBack.name()));
    let Some(back) = back else {
        return Err(Failure::busy(
            "lease-lost",
            format!("deploy {id} no longer holds the lease"),
        )
        .hint("deploy-state history"));
    };
    let (to, why) = (back.live.unwrap_or_default(), back.why.unwrap_or_default());
    let mut done = Done {
        rolled_back: true,
        ..Done::between(back.release, to, why)
    };
    context.note(format!("{} has been brought back already", done.to));
    let deadline = context.deadline(args.timeout + BEYOND).uninterruptible();
    let service = application.service(&args.service)?;
    let well = verify::health(application, args, service.as_ref(), true, &deadline);
    // The start could not wait for that.
    let serves = if well.is_ok() {
        Serves::Yes
    } else {
        Serves::No
    };
    if let Err(failure) = application.make_ready(serves, &deadline) {
        context.note(failure.message());
    }
    done.drained = tell_drained(application, context);
    done.took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    match well {
        Ok(health) => {
            done.health = health;
            Ok(Some(done))
        }
        Err(failure) => Err(down(&done, &failure)),
    }
}
