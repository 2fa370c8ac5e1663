//! From the request to start until it serves, or until it is clear that it will not.

use crate::run::{Progress, Run};
use application::fail;
use deadline::{Deadline, Ended};
use host::Proc;
use probe::Question;
use service::{Service, Status};
use service_stop::port::Look;
use std::time::{Duration, Instant};
use step::Failure;

/// How often the port is looked at, at first: that costs a millisecond of the kernel's time, which walks its whole table.
const PORT_LOOK: Duration = Duration::from_millis(5);
/// How often it is looked at in a start that takes seconds.
const SLOWEST_PORT_LOOK: Duration = Duration::from_millis(50);
/// The pause between two looks at the port is this part of the time that the start has taken so far.
const PORT_SHARE: u32 = 50;
/// How often the supervisor is asked at first; that costs some milliseconds. Doubled up to [`SLOWEST_LOOK`].
const FIRST_LOOK: Duration = Duration::from_millis(10);
/// How often the supervisor is asked about a start that takes long.
const SLOWEST_LOOK: Duration = Duration::from_millis(200);
/// How long a service must stay up where nothing tells that it serves: most of those that crash at start do so by then.
const SETTLING: Duration = Duration::from_secs(1);
/// How long a service that shows no run at all, and for which no order waits, may leave the question open whether it
/// begins late or has ended already.
const NO_RUN: Duration = Duration::from_millis(500);
/// How long a stranger must be seen on the port: a process changes hands with its unit for some milliseconds.
const STRANGER: Duration = Duration::from_millis(300);
/// The longest that one question to an endpoint may take.
const ONE_QUESTION: Duration = Duration::from_secs(2);

/// A supervisor may forget a run that ended at once: then nothing is to be seen of it, and nothing will be.
fn is_over_unseen(status: &Status, elapsed: Duration) -> bool {
    status.invocation.is_none() && status.job_pending != Some(true) && elapsed >= NO_RUN
}

/// What tells that the service serves.
#[derive(Debug)]
pub(crate) struct Signs<'a> {
    pub(crate) port: Option<u16>,
    pub(crate) health: &'a [Question],
}

/// Waits until the service is up and serves: its port is held by one of its own processes or, where no port was told, an
/// endpoint answers or it has stayed up for a while.
pub(crate) fn until_up(
    service: &Service,
    mut run: Run,
    signs: &Signs<'_>,
    deadline: &Deadline,
) -> Result<Status, Failure> {
    let began = Instant::now();
    let mut strange = None;
    let mut up_since = None;
    let mut pause = FIRST_LOOK;
    let mut last = None;
    loop {
        let status = match look(service, deadline) {
            // Cut off by the end of the wait: what was seen before counts.
            Err(failure) if failure.code() == "timed-out" && deadline.check().is_err() => {
                return Err(last.map_or(failure, |status| not_ready(service, &status, signs, None)));
            }
            looked => looked?,
        };
        last = Some(status.clone());
        let progress = run.observe(&status);
        match &progress {
            Progress::Ended(how) => return Err(ended(service, &status, how, signs, deadline)),
            Progress::Pending if is_over_unseen(&status, began.elapsed()) => {
                let how = format!("nothing of it runs any more: it is {}", status.phrase());
                return Err(ended(service, &status, &how, signs, deadline));
            }
            _ => {}
        }
        let port = match signs.port {
            Some(port) => match Look::at_a_distance(port, service, &status, deadline) {
                Err(service::Error::TimedOut { .. }) if deadline.check().is_err() => {
                    return Err(not_ready(service, &status, signs, None));
                }
                looked => Some(looked.map_err(|error| fail::service(&error))?),
            },
            None => None,
        };
        if let Some(look) = port.as_ref().filter(|look| !look.foreign.is_empty()) {
            let since = *strange.get_or_insert_with(Instant::now);
            if since.elapsed() >= STRANGER {
                return Err(held(service, signs.port.unwrap_or_default(), look));
            }
        } else {
            strange = None;
        }
        if progress == Progress::Up {
            let since = *up_since.get_or_insert_with(Instant::now);
            if serves(port.as_ref(), signs, since, deadline) {
                return Ok(status);
            }
        } else {
            up_since = None;
        }
        let glance = (began.elapsed() / PORT_SHARE).clamp(PORT_LOOK, SLOWEST_PORT_LOOK);
        match rest(pause, glance, signs.port, port.as_ref(), deadline) {
            Ok(()) => pause = (pause * 2).min(SLOWEST_LOOK),
            Err(Ended::Passed) => return Err(not_ready(service, &status, signs, port.as_ref())),
            Err(ended) => return Err(ended.into()),
        }
    }
}

fn look(service: &Service, deadline: &Deadline) -> Result<Status, Failure> {
    service
        .status(deadline)
        .map_err(|error| fail::service(&error))
}

/// Whether one that runs serves as well.
fn serves(port: Option<&Look>, signs: &Signs<'_>, since: Instant, deadline: &Deadline) -> bool {
    match port {
        // What cannot be seen is for the proof to judge.
        Some(look)
            if !look.own.is_empty() || !look.daemon.is_empty() || !look.unseen.is_empty() =>
        {
            true
        }
        // A socket that the supervisor keeps tells nothing of the process.
        Some(look) if look.kept => since.elapsed() >= SETTLING,
        Some(_) => false,
        None if signs.health.is_empty() => since.elapsed() >= SETTLING,
        None => signs
            .health
            .iter()
            .all(|question| answers(question, deadline)),
    }
}

/// Whether there is an answer at all; whether it is a good one is for `healthwait` to say.
fn answers(question: &Question, deadline: &Deadline) -> bool {
    let mut question = question.clone();
    question.timeout = ONE_QUESTION;
    let answer = probe::ask(&question, deadline);
    answer.ok || answer.status.is_some()
}

/// Rests until the next look, which is due at once when somebody begins to listen on the port.
fn rest(
    pause: Duration,
    glance: Duration,
    port: Option<u16>,
    looked: Option<&Look>,
    deadline: &Deadline,
) -> Result<(), Ended> {
    let silent = looked.is_some_and(|look| *look == Look::default());
    let Some(port) = port.filter(|_| silent) else {
        return deadline.sleep(pause);
    };
    let due = Instant::now() + pause;
    while Instant::now() < due {
        deadline.sleep(glance.min(pause))?;
        if Proc::system()
            .listeners(port)
            .is_ok_and(|listeners| !listeners.is_empty())
        {
            break;
        }
    }
    Ok(())
}

/// The failure of a service that is over. Where somebody else has its port, that is why.
fn ended(
    service: &Service,
    status: &Status,
    how: &str,
    signs: &Signs<'_>,
    deadline: &Deadline,
) -> Failure {
    if let Some(port) = signs.port
        && let Ok(look) = Look::at_a_distance(port, service, status, deadline)
        && !(look.foreign.is_empty() && look.left.is_empty() && look.unseen.is_empty())
    {
        return held(service, port, &look);
    }
    let name = service.name();
    Failure::no("start-failed", format!("{name} did not come up: {how}")).hint("rollback")
}

/// The failure of a service whose port is not its own, or is that of what it left behind.
pub(crate) fn held(service: &Service, port: u16, look: &Look) -> Failure {
    let message = format!("port {port} of {} is {}", service.name(), look.phrase());
    let failure = Failure::no("port-held", message);
    if look.foreign.is_empty() && look.unseen.is_empty() {
        failure.hint("service-stop")
    } else {
        failure.hint(look.hint(port))
    }
}

/// The failure of a service that took too long; `look` is the last one at its port, where it came to one.
fn not_ready(
    service: &Service,
    status: &Status,
    signs: &Signs<'_>,
    look: Option<&Look>,
) -> Failure {
    let name = service.name();
    let lacking = match signs.port {
        Some(port) if look == Some(&Look::default()) => {
            format!(", and nobody listens on port {port}")
        }
        None if !signs.health.is_empty() => ", and its endpoint does not answer".to_owned(),
        // It serves, and is not what its supervisor calls up; or it is not known.
        _ => String::new(),
    };
    let message = format!(
        "{name} was not ready in time, which a longer --timeout may be enough for: it is {}{lacking}",
        status.phrase()
    );
    Failure::timed_out("not-ready", message).hint("service-start --timeout 5m")
}
