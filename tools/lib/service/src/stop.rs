//! Stopped, and nothing of it left: the same steps for every supervisor.

use std::time::{Duration, Instant};

use deadline::Deadline;
use host::Proc;
use nix::errno::Errno;
use nix::sys::signal::Signal;
use serde::Serialize;

use crate::processes::{Known, without_ourselves};
use crate::status::milliseconds;
use crate::supervisor::{AtRest, Stopping, Supervisor};
use crate::{Error, Status};

/// How often a stop is looked at, at first; doubled up to [`SLOWEST_LOOK`]. A supervisor's answer costs a few milliseconds
/// of processor time.
const FIRST_LOOK: Duration = Duration::from_millis(5);
/// How often a long stop is looked at.
const SLOWEST_LOOK: Duration = Duration::from_millis(50);
/// How long the kernel may take to end what was killed: a process that waits for a disk dies only when that answers.
const DEATH: Duration = Duration::from_secs(10);

/// One process that was killed although it had not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// The process.
    pub pid: u32,
    /// Its command line, shortened, secrets masked.
    pub command: String,
}

/// What a stop came to: nothing of the service is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stopped {
    /// The main process that there was.
    pub pid: Option<u32>,
    /// It had to be killed, by us or by its supervisor: it did not end by itself in time.
    pub killed: bool,
    /// What we killed: the processes that had not ended in time, and what the service left behind.
    pub cut: Vec<Cut>,
    /// How long it took.
    #[serde(rename = "stopMs", serialize_with = "milliseconds")]
    pub took: Duration,
    /// It was stopped, but somebody has started it anew since: a socket unit for a connection that came in, or a person.
    pub started_again: bool,
    /// It did not run at all, and nothing of it was left.
    pub already: bool,
}

pub(crate) fn stop(
    supervisor: &dyn Supervisor,
    proc: &Proc,
    timeout: Duration,
    deadline: &Deadline,
) -> Result<Stopped, Error> {
    let began = Instant::now();
    let _held = supervisor.hold(deadline)?;
    let before = supervisor.status(deadline)?;
    let members = |deadline: &Deadline| -> Result<Vec<Known>, Error> {
        let pids = supervisor.members(&before, deadline)?;
        Ok(Known::of(
            proc,
            &without_ourselves(proc, pids, before.main_pid),
        ))
    };
    let known = members(deadline)?;
    let mut stopped = Stopped {
        pid: before.main_pid,
        killed: false,
        cut: Vec::new(),
        took: Duration::ZERO,
        started_again: false,
        already: before.active.is_over() && known.is_empty(),
    };
    if !stopped.already {
        let stopping = Stopping {
            before: &before,
            known: &known,
        };
        supervisor.ask_to_stop(&known, timeout, deadline)?;
        let mut rest = wait(supervisor, &stopping, &deadline.or_after(timeout), deadline)?;
        if rest == AtRest::No {
            stopped.killed = true;
            let late = together(&known, members(deadline)?);
            let late: Vec<Known> = late.into_iter().filter(|one| one.lives(proc)).collect();
            stopped.cut.extend(late.iter().map(Cut::of));
            supervisor.cut(&late, deadline)?;
            rest = wait(supervisor, &stopping, &deadline.or_after(DEATH), deadline)?;
        }
        match rest {
            AtRest::No => {
                let left = together(&known, members(deadline)?);
                return Err(still_there(proc, &left, &supervisor.status(deadline)?));
            }
            AtRest::Yes { killed } => {
                stopped.killed |= killed;
                let left = together(&known, members(deadline)?);
                stopped
                    .cut
                    .extend(sweep(supervisor, proc, &left, deadline)?);
            }
            AtRest::StartedAgain => {
                // What is there now is the new run's, but for those that were there before.
                stopped.started_again = true;
                stopped
                    .cut
                    .extend(sweep(supervisor, proc, &known, deadline)?);
            }
        }
    }
    supervisor.stopped()?;
    stopped.took = began.elapsed();
    Ok(stopped)
}

/// Kills what the service left behind: children that the supervisor was told to leave alone, or that it lost sight of.
fn sweep(
    supervisor: &dyn Supervisor,
    proc: &Proc,
    left: &[Known],
    deadline: &Deadline,
) -> Result<Vec<Cut>, Error> {
    let mut cut = Vec::new();
    let mut refused = false;
    for one in left.iter().filter(|one| one.lives(proc)) {
        cut.push(Cut::of(one));
        refused |= one.signal(proc, Signal::SIGKILL) == Err(Errno::EPERM);
    }
    if refused {
        supervisor.cut(left, deadline)?;
    }
    let limit = deadline.or_after(DEATH);
    while left.iter().any(|one| one.lives(proc)) {
        if limit.sleep(Duration::from_millis(2)).is_err() {
            deadline
                .check()
                .map_err(|ended| Error::of_wait(ended, "kill what was left"))?;
            return Err(still_running(proc, left));
        }
    }
    Ok(cut)
}

fn still_running(proc: &Proc, processes: &[Known]) -> Error {
    let living = processes.iter().filter(|one| one.lives(proc));
    Error::StillRunning {
        processes: living.map(Known::to_string).collect(),
    }
}

/// Processes that do not die, or a supervisor that does not take note that they are dead.
fn still_there(proc: &Proc, processes: &[Known], status: &Status) -> Error {
    if processes.iter().any(|one| one.lives(proc)) {
        return still_running(proc, processes);
    }
    Error::TimedOut {
        action: format!("stop the service, which is still {}", status.phrase()),
    }
}

/// Waits until it is at rest or `limit` has passed; a signal, or the end of the whole `deadline`, is an error.
fn wait(
    supervisor: &dyn Supervisor,
    stopping: &Stopping<'_>,
    limit: &Deadline,
    deadline: &Deadline,
) -> Result<AtRest, Error> {
    let mut pause = FIRST_LOOK;
    loop {
        let rest = supervisor.at_rest(stopping, deadline)?;
        if rest != AtRest::No {
            return Ok(rest);
        }
        if limit.sleep(pause).is_err() {
            deadline
                .check()
                .map_err(|ended| Error::of_wait(ended, "stop the service"))?;
            return Ok(AtRest::No);
        }
        pause = (pause * 2).min(SLOWEST_LOOK);
    }
}

fn together(first: &[Known], more: Vec<Known>) -> Vec<Known> {
    let mut all = first.to_vec();
    for one in more {
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

impl Cut {
    fn of(known: &Known) -> Self {
        Self {
            pid: known.pid,
            command: known.command().to_owned(),
        }
    }
}
