//! One run of the service, between what its supervisor says and what the state keeps.

use host::Proc;
use service::Before;
use state::Switch;

/// The service as it is now, for the state: what restarts are counted from, and what the next run must differ from.
pub fn seen(status: &service::Status) -> Switch {
    let start_time = |pid| Some(Proc::system().stat(pid).ok()?.start_time);
    Switch {
        restarts: status.restarts,
        last_seen: status.restarts,
        counted: 0,
        pid: status.main_pid,
        start_time: status.main_pid.and_then(start_time),
        invocation: status.invocation.clone(),
        images: status.images.iter().map(ToString::to_string).collect(),
    }
}

/// The run that the state keeps, for a proof; nothing where none was seen.
pub fn before(switch: &Switch) -> Option<Before> {
    (switch.pid.is_some() || switch.invocation.is_some()).then(|| Before {
        pid: switch.pid,
        start_time: switch.start_time,
        invocation: switch.invocation.clone(),
    })
}
