//! From the options, the state and the report of the step before to what is to be well.

use crate::args::Args;
use crate::baseline::Before as Baseline;
use crate::judge::Limits;
use crate::pace::Pace;
use crate::questions;
use crate::rate::Rates;
use crate::report::HealthReport;
use crate::wait::WaitRequest;
use crate::watch::Watch;
use application::{Application, runs};
use deadline::Deadline;
use host::Proc;
use service::{Before, Expectation, Verdict};
use state::{State, Status, Switch};
use std::time::Duration;
use step::{Context, Failure};

/// How long a last doubt may take to be looked into.
const DOUBT: Duration = Duration::from_secs(5);

/// What is to be proven after the switch that the state knows of: another run than before, out of the release that
/// `current` selects, and the one that listens on `port`.
pub fn expect(
    application: &Application,
    switch: Option<&Switch>,
    port: Option<u16>,
) -> Result<Expectation, Failure> {
    Ok(Expectation {
        before: switch.and_then(runs::before),
        release_dir: application.runs()?.map(Into::into),
        port,
        endpoints: None,
    })
}

/// The whole request.
pub(crate) fn of(args: &Args, context: &Context) -> Result<WaitRequest, Failure> {
    let questions = questions::of(args)?;
    let watch = watch(args, context)?;
    if questions.is_empty() && watch.is_none() {
        return Err(Failure::usage(
            "there is nothing to wait for: no TARGET, --targets, --health-url or --service",
        )
        .hint("healthwait --help"));
    }
    Ok(WaitRequest {
        questions,
        max_average_latency: args.max_average_latency,
        watch,
        pace: Pace {
            interval: args.interval,
            attempts: args.attempts,
            successes: args.successes,
        },
    })
}

/// The watch that is to follow, where one is.
pub(crate) fn rates(args: &Args) -> Option<Rates> {
    (!args.watch.is_zero()).then(|| Rates {
        max: args.max_error_rate,
        critical: args.critical_error_rate.max(args.max_error_rate),
        window: args.error_window,
        min_answers: args.min_answers,
        watch: args.watch,
        watch_on: args.watch_on.filter(|time| !time.is_zero()),
    })
}

fn watch(args: &Args, context: &Context) -> Result<Option<Watch>, Failure> {
    if args.service.service.is_none() {
        return without_service(args);
    }
    let application = args
        .layout
        .root
        .is_some()
        .then(|| Application::of(&args.layout))
        .transpose()?;
    let Some(service) = application::service_of(application.as_ref(), &args.service)? else {
        return Ok(None);
    };
    let mut watch = Watch::over(service);
    watch.limits = Limits {
        restarts: args.max_restarts,
        memory: args.max_memory,
        memory_growth: args.max_memory_growth,
        cpu: args.max_cpu,
        log_errors: args.max_log_errors,
    };
    watch.accept_unprovable = args.health.accept_unprovable;
    watch.expectation.port = args.service.port;
    if let Some(application) = &application {
        if let Some(state) = after_switch(application, context)? {
            watch.expectation = expect(application, state.switch.as_ref(), args.service.port)?;
            watch.switch = state.switch;
        }
        // It is an extra: where there is no state it is what the log ends with.
        let last = application.load().ok().and_then(|state| state.switch);
        watch.log_since = last.as_ref().and_then(runs::kept_mark);
    }
    watch.baseline = match &args.baseline {
        Some(file) => Some(Baseline::of_file(file)?),
        None => context
            .upstream()
            .and_then(Baseline::of_upstream)
            .or_else(|| watch.switch.as_ref().and_then(Baseline::of_switch)),
    };
    if let Some(release) = &args.release {
        let Some(application) = &application else {
            return Err(
                Failure::usage("--release needs --root DIR, where the releases lie")
                    .hint("healthwait --help"),
            );
        };
        watch.expectation.release_dir = Some(application.runs_in(release)?.into());
    }
    if let Some(pid) = args.not_pid {
        watch.expectation.before = Some(Before {
            pid: Some(pid),
            start_time: Proc::system().stat(pid).ok().map(|stat| stat.start_time),
            invocation: None,
        });
    }
    Ok(Some(watch))
}

/// The state, where it tells of the very switch that is being waited for: inside a deploy from its `restart` on, or where the
/// step before says that it was just made. Outside, an old switch says nothing about now.
fn after_switch(application: &Application, context: &Context) -> Result<Option<State>, Failure> {
    if context.deploy_id().is_none() && context.upstream().is_none() {
        return Ok(None);
    }
    let state = application.load()?;
    let switching = match &state.status {
        Status::Validating(_) | Status::RollingBack(_) => true,
        Status::Deploying(_) | Status::Idle => context.upstream().is_some(),
    };
    Ok(Some(state).filter(|_| switching))
}

/// What speaks against the service that was found well, where nothing was to be proven: it runs out of another release than
/// the live one. Well it is all the same; but who asks at night should know.
pub(crate) fn doubt(args: &Args, request: &WaitRequest, report: &HealthReport) -> Option<String> {
    let watch = request.watch.as_ref().filter(|_| report.proof.is_none())?;
    args.layout.root.as_ref()?;
    let application = Application::of(&args.layout).ok()?;
    let expectation = expect(&application, None, None).ok()?;
    let deadline = Deadline::after(DOUBT);
    let proof = watch.service.proof(&expectation, &deadline).ok()?;
    (proof.verdict == Verdict::Disproven).then(|| proof.reasons.join("; "))
}

/// Options that ask about a service need one.
fn without_service(args: &Args) -> Result<Option<Watch>, Failure> {
    let asked = [
        ("--not-pid", args.not_pid.is_some()),
        ("--release", args.release.is_some()),
        ("--max-memory", args.max_memory.is_some()),
        ("--max-memory-growth", args.max_memory_growth.is_some()),
        ("--max-cpu", args.max_cpu.is_some()),
        ("--max-log-errors", args.max_log_errors.is_some()),
        ("--baseline", args.baseline.is_some()),
    ];
    match asked.iter().find(|(_, asked)| *asked) {
        Some((option, _)) => Err(Failure::usage(format!(
            "{option} needs --service KIND:NAME, or --app NAME"
        ))
        .hint("healthwait --help")),
        None => Ok(None),
    }
}
