//! One run of the service, between what its supervisor says and what the state keeps.

use deadline::Deadline;
use host::Proc;
use serde_json::Value;
use service::{Before, Mark, Service, Status};
use state::{Baseline, Switch};

/// The service as it is now, for the state: what restarts are counted from, and what the next run must differ from.
pub fn seen(status: &Status) -> Switch {
    let start_time = |pid| Some(Proc::system().stat(pid).ok()?.start_time);
    Switch {
        restarts: status.restarts,
        last_seen: status.restarts,
        counted: 0,
        pid: status.main_pid,
        start_time: status.main_pid.and_then(start_time),
        invocation: status.invocation.clone(),
        images: status.images.iter().map(ToString::to_string).collect(),
        baseline: None,
        log: None,
    }
}

/// What the service takes now, for the state: what the next run is compared with. It is an extra: where nothing of it can be
/// seen there is none.
pub fn baseline(service: &Service, status: &Status, deadline: &Deadline) -> Option<Baseline> {
    status.main_pid?;
    let usage = service.usage(status, deadline).ok()?;
    Some(Baseline {
        memory_bytes: Some(usage.memory_bytes).filter(|bytes| *bytes > 0),
        cpu_percent: usage.cpu_percent(),
    })
}

/// A place in the service's log, as the state keeps it.
pub fn keep_mark(mark: &Mark) -> Option<Value> {
    serde_json::to_value(mark).ok()
}

/// The place in the service's log that the state keeps.
pub fn kept_mark(switch: &Switch) -> Option<Mark> {
    serde_json::from_value(switch.log.clone()?).ok()
}

/// The run that the state keeps, for a proof; nothing where none was seen.
pub fn before(switch: &Switch) -> Option<Before> {
    (switch.pid.is_some() || switch.invocation.is_some()).then(|| Before {
        pid: switch.pid,
        start_time: switch.start_time,
        invocation: switch.invocation.clone(),
    })
}
