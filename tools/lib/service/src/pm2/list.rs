//! PM2's list, as far as one name is concerned, and what it says of the service. Pure.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::{Active, StartLimit, Status};

/// PM2's own, where nothing else was said: how long it waits at a stop before it kills, in milliseconds.
const KILL_TIMEOUT: u64 = 1600;
/// The same: how many unstable restarts in a row make it give up.
const MAX_RESTARTS: u64 = 16;
/// The same: a run that is over sooner was unstable, in milliseconds.
const MIN_UPTIME: u64 = 1000;

/// One instance, as the list has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) id: u64,
    pub(super) name: String,
    /// Not 0 and not necessarily alive: one that has just died is restarted in the next moment.
    pub(super) pid: Option<u32>,
    state: State,
    pub(super) restarts: u64,
    /// PM2 has given up for the unstable restarts.
    given_up: bool,
    /// When it was last started, in milliseconds after 1970.
    started: u64,
    /// What `pm2 start` gave it; a restart keeps it.
    pub(super) unique: String,
    exit: Option<i32>,
    kill_timeout: u64,
    max_restarts: u64,
    min_uptime: u64,
    pub(super) cluster: bool,
    cwd: Option<PathBuf>,
    user: Option<String>,
    pub(super) out: Option<PathBuf>,
    pub(super) error: Option<PathBuf>,
    /// All that PM2 knows of it, for its dump.
    pub(super) whole: Value,
}

/// PM2's own states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Online,
    Launching,
    Stopping,
    Stopped,
    Waiting,
    Errored,
}

impl Entry {
    /// All that the list holds; what is none of its entries is passed over.
    pub(super) fn all(list: &Value) -> Vec<Self> {
        let entries = list.as_array().map_or(&[][..], Vec::as_slice);
        let mut entries: Vec<Self> = entries.iter().filter_map(Self::of).collect();
        entries.sort_by_key(|entry| entry.id);
        entries
    }

    fn of(value: &Value) -> Option<Self> {
        let env = value.get("pm2_env")?;
        let text = |key: &str| env.get(key).and_then(Value::as_str).map(str::to_owned);
        let path = |key: &str| text(key).map(PathBuf::from);
        let number = |key: &str| number(env.get(key));
        let state = match env.get("status")?.as_str()? {
            "online" => State::Online,
            "launching" => State::Launching,
            "stopping" => State::Stopping,
            "waiting restart" => State::Waiting,
            "errored" => State::Errored,
            _ => State::Stopped,
        };
        Some(Self {
            id: value.get("pm_id")?.as_u64()?,
            name: value.get("name")?.as_str()?.to_owned(),
            pid: value
                .get("pid")
                .and_then(Value::as_u64)
                .and_then(|pid| u32::try_from(pid).ok())
                .filter(|pid| *pid > 1),
            state,
            restarts: number("restart_time").unwrap_or(0),
            // It forgets since when it counts, and that alone tells it from a stop that failed.
            given_up: state == State::Errored && env.get("created_at").is_none_or(Value::is_null),
            started: number("pm_uptime").unwrap_or(0),
            unique: text("unique_id").unwrap_or_default(),
            exit: env
                .get("exit_code")
                .and_then(Value::as_i64)
                .and_then(|code| i32::try_from(code).ok()),
            kill_timeout: number("kill_timeout").unwrap_or(KILL_TIMEOUT),
            max_restarts: number("max_restarts").unwrap_or(MAX_RESTARTS),
            min_uptime: number("min_uptime").unwrap_or(MIN_UPTIME),
            cluster: text("exec_mode").as_deref() == Some("cluster_mode"),
            cwd: path("pm_cwd"),
            user: text("username"),
            out: path("pm_out_log_path"),
            error: path("pm_err_log_path"),
            whole: env.clone(),
        })
    }

    /// Whether PM2 runs it, starts it, or is about to.
    pub(super) fn is_up(&self) -> bool {
        !matches!(self.state, State::Stopped | State::Errored) || self.is_between()
    }

    /// The same, and a stop of it has not begun.
    pub(super) fn is_to_be_stopped(&self) -> bool {
        self.is_up() && self.state != State::Stopping
    }

    /// It has died, and PM2 starts it anew in the next moment: one that was stopped, or given up, has no process any more.
    fn is_between(&self) -> bool {
        self.state == State::Stopped && self.pid.is_some()
    }
}

/// A number, which PM2 lets people write as text.
fn number(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    value
        .as_u64()
        .or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()))
}

/// What the instances say of the service together. `alive` tells whether a process still lives.
pub(super) fn status(entries: &[Entry], alive: impl Fn(u32) -> bool) -> Status {
    let is = |state: State| {
        entries
            .iter()
            .filter(move |entry| entry.state == state)
            .count()
    };
    let lives = |entry: &&Entry| entry.state == State::Online && entry.pid.is_some_and(&alive);
    let online = entries.iter().filter(lives).count();
    let dying = entries.iter().any(Entry::is_between) || online < is(State::Online);
    let active = if is(State::Stopping) > 0 {
        Active::Stopping
    } else if is(State::Waiting) > 0 || dying {
        Active::Restarting
    } else if is(State::Launching) > 0 {
        Active::Starting
    } else if online > 0 {
        Active::Running
    } else if is(State::Errored) > 0 {
        Active::Failed
    } else {
        Active::Stopped
    };
    let given_up = entries.iter().any(|entry| entry.given_up);
    let mut status = Status::bare(active, substate(entries, online));
    status.main_pid = entries.iter().find(lives).and_then(|entry| entry.pid);
    status.invocation = invocation(entries);
    status.restarts =
        (!entries.is_empty()).then(|| entries.iter().map(|entry| entry.restarts).sum());
    // `pm2 restart` and `reload` raise the same counter, and the one mark that they leave (`created_at`) says no more than that
    // there was one.
    status.restarts_by_order = true;
    status.start_limit_hit = given_up;
    if given_up {
        status.result = Some("too many unstable restarts".to_owned());
    }
    if active != Active::Running {
        let exits = || entries.iter().filter_map(|entry| entry.exit);
        status.exit_status = exits().find(|code| *code != 0).or_else(|| exits().next());
    }
    status.stop_timeout = entries
        .iter()
        .map(|entry| Duration::from_millis(entry.kill_timeout))
        .min();
    status.start_limit = entries.first().map(|entry| StartLimit {
        burst: entry.max_restarts,
        interval: Duration::from_millis(entry.min_uptime.saturating_mul(entry.max_restarts)),
    });
    let first = entries.first();
    status.user = first.and_then(|entry| entry.user.clone());
    status.working_directory = first.and_then(|entry| entry.cwd.clone());
    status
}

/// Names one run of all instances together: who was started, and when the last of them was. Another one as soon as any of
/// them was started anew, by whomever.
fn invocation(entries: &[Entry]) -> Option<String> {
    let last = entries
        .iter()
        .max_by_key(|entry| (entry.started, entry.id))?;
    let unique: String = last.unique.chars().take(8).collect();
    Some(format!("{unique}-{:x}", last.started))
}

/// In PM2's words: `online`, or `1 of 2 online, 1 errored`.
fn substate(entries: &[Entry], online: usize) -> String {
    let mut words: Vec<(&str, usize)> = Vec::new();
    for entry in entries {
        let word = match entry.state {
            State::Online if online == 0 => "died",
            State::Online => "online",
            State::Launching => "launching",
            State::Stopping => "stopping",
            State::Stopped if entry.is_between() => "died",
            State::Stopped => "stopped",
            State::Waiting => "waiting restart",
            State::Errored => "errored",
        };
        match words.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => words.push((word, 1)),
        }
    }
    match words.as_slice() {
        [(word, _)] => (*word).to_owned(),
        _ => words
            .iter()
            .map(|(word, count)| format!("{count} of {} {word}", entries.len()))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

#[cfg(test)]
mod tests;
