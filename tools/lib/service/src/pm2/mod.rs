//! `pm2:NAME`: what PM2 runs under that name, in one instance or several, in fork mode or in cluster mode.
//!
//! Looks, stops and deletions go straight to PM2's daemon ([`wire`]), which answers within milliseconds and is never
//! started by a look. Only a start goes through the command `pm2`, which reads ecosystem files.

mod home;
mod list;
mod logs;
mod said;
mod start;
mod supervise;
mod wire;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use deadline::{Deadline, LocalError};
use durable::MutexError;
use host::Proc;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::dead_man::Switch;
use crate::processes::{self, Known};
use crate::{Active, Error, Mark, Setting, Status, environment, log_file};
use home::Home;
use list::Entry;
use wire::{NoAnswer, Wire};

/// `pm2` as a person types it, its verb still to come, for the PM2 that the environment names.
pub fn by_hand() -> String {
    Home::find().typed()
}

/// How many lines of the daemon's own log a stop may have brought forth.
const DAEMON_LINES: usize = 10_000;

/// One name at one PM2.
#[derive(Debug)]
pub(crate) struct Pm2 {
    name: String,
    home: Home,
    run: PathBuf,
    setting: Setting,
    /// What every process of the service carries in its environment, where we have started it.
    mark: String,
    switch: Switch,
    proc: Proc,
    asked: Mutex<Option<Asked>>,
}

/// What was so when PM2 was asked to stop the service.
#[derive(Debug)]
struct Asked {
    /// What PM2 called the instances: a start by somebody else gives them another name, a restart does not.
    unique: Vec<String>,
    /// Where the daemon's own log ended.
    said: Option<Mark>,
    /// When it was asked last.
    last: Instant,
}

/// One look at PM2's list.
struct Seen {
    /// The daemon, and the way to it; nothing where none runs.
    wire: Option<Wire>,
    /// The instances of this name.
    own: Vec<Entry>,
    /// All others.
    others: Vec<Entry>,
}

impl Seen {
    fn daemon(&self) -> Option<u32> {
        self.wire.as_ref()?.daemon
    }
}

impl Pm2 {
    pub(crate) fn new(name: &str, setting: &Setting) -> Self {
        let home = Home::find();
        let run = setting.root.join("run");
        Self {
            name: name.to_owned(),
            mark: format!("{}#{name}", home.path().display()),
            home,
            setting: setting.clone(),
            switch: Switch::new(&run, name),
            run,
            proc: Proc::system(),
            asked: Mutex::new(None),
        }
    }

    fn service(&self) -> String {
        format!("pm2:{}", self.name)
    }

    fn look(&self, deadline: &Deadline) -> Result<Seen, Error> {
        let socket = self.home.socket();
        let wire = Wire::connect(&socket, deadline).map_err(|error| match error {
            LocalError::Io(error) if error.kind() == ErrorKind::PermissionDenied => {
                self.denied("ask PM2 about", &error.to_string())
            }
            LocalError::Io(error) => Error::Unavailable {
                service: self.service(),
                said: format!("{}: {error}", socket.display()),
            },
            ended @ LocalError::Ended(_) => {
                self.unanswered(NoAnswer::of(ended, deadline), "ask PM2 about")
            }
        })?;
        let Some(mut wire) = wire else {
            return Ok(Seen {
                wire: None,
                own: Vec::new(),
                others: Vec::new(),
            });
        };
        let list = self.ask(
            &mut wire,
            "getMonitorData",
            &[json!({})],
            "ask PM2 about",
            deadline,
        )?;
        let (own, others) = Entry::all(&list)
            .into_iter()
            .partition(|entry| entry.name == self.name);
        Ok(Seen {
            wire: Some(wire),
            own,
            others,
        })
    }

    fn ask(
        &self,
        wire: &mut Wire,
        method: &str,
        arguments: &[Value],
        action: &str,
        deadline: &Deadline,
    ) -> Result<Value, Error> {
        wire.ask(method, arguments, deadline)
            .map_err(|none| self.unanswered(none, action))
    }

    fn unanswered(&self, none: NoAnswer, action: &str) -> Error {
        match none {
            NoAnswer::Ended(ended) => {
                Error::of_wait(ended, &format!("{action} {}", self.service()))
            }
            NoAnswer::Broken(said) => Error::Unavailable {
                service: self.service(),
                said,
            },
            NoAnswer::Refused(said) => Error::Refused {
                action: format!("{action} {}", self.service()),
                said,
                hint: Some(format!("{} describe {}", self.home.typed(), self.name)),
            },
        }
    }

    /// It is another user's PM2.
    fn denied(&self, action: &str, said: &str) -> Error {
        let home = self.home.path().display();
        let whose = self
            .home
            .of_another()
            .unwrap_or_else(|| "its user".to_owned());
        Error::Denied {
            action: format!("{action} {}", self.service()),
            said: format!(
                "{said}: the PM2 in {home} is {whose}'s, who may; PM2_HOME tells another one"
            ),
            hint: format!("ls -ld {home}"),
        }
    }

    fn lock(&self, deadline: &Deadline) -> Result<durable::Mutex, Error> {
        let file = self.run.join(format!("{}.pm2.lock", self.name));
        durable::Mutex::acquire(file, 0o600, deadline).map_err(|error| match error {
            MutexError::Ended(ended) => Error::of_wait(
                ended,
                &format!("start or stop {}, which somebody else does", self.service()),
            ),
            MutexError::File(error) => error.into(),
        })
    }

    fn status_of(&self, seen: &Seen) -> Status {
        let mut status = list::status(&seen.own, |pid| self.is_instance(pid, seen.daemon()));
        if seen.own.is_empty() {
            status.substate = match seen.wire {
                Some(_) => format!("not in PM2's list, which has {}", names(&seen.others)),
                None => format!("no PM2 runs in {}", self.home.path().display()),
            };
        }
        if !seen.own.is_empty() {
            // Once there is one, a start keeps it as it is to be.
            let state = if self.home.dump().is_file() {
                "saved"
            } else {
                "unsaved"
            };
            status.file_state = Some(state.to_owned());
        }
        if status.active == Active::Running {
            let age = |pid| processes::age(&self.proc, pid);
            let pids = seen.own.iter().filter_map(|entry| entry.pid);
            status.active_for = pids.filter_map(age).min();
        }
        status
    }

    /// That process lives and is the daemon's own child: a number in the list may be that of one long gone.
    fn is_instance(&self, pid: u32, daemon: Option<u32>) -> bool {
        self.proc
            .stat(pid)
            .is_ok_and(|stat| !stat.is_over() && Some(stat.parent) == daemon)
    }

    /// The instances with all that descends from them.
    fn trees(&self, entries: &[Entry], daemon: Option<u32>) -> std::io::Result<Vec<u32>> {
        let mut pids = Vec::new();
        for pid in entries.iter().filter_map(|entry| entry.pid) {
            if self.is_instance(pid, daemon) {
                pids.push(pid);
                pids.extend(self.proc.descendants(pid)?);
            }
        }
        Ok(pids)
    }

    /// The service's processes, those too that have moved away from their instance or have outlived it: they carry what
    /// it was started with. The daemon is none of them, nor what it runs under other names, whatever they carry.
    fn processes(&self, seen: &Seen) -> std::io::Result<Vec<u32>> {
        let daemon = seen.daemon();
        let mut pids = self.trees(&seen.own, daemon)?;
        let mut strangers = self.trees(&seen.others, daemon)?;
        strangers.extend(daemon);
        let carries = |pid: u32, name: &str, value: &str| {
            !value.is_empty() && self.proc.environ_has(pid, name, value).unwrap_or(false)
        };
        for pid in self.proc.pids()? {
            let is_its = carries(pid, environment::MARK, &self.mark)
                || seen
                    .own
                    .iter()
                    .any(|entry| carries(pid, "unique_id", &entry.unique));
            if is_its && !strangers.contains(&pid) {
                pids.push(pid);
            }
        }
        pids.sort_unstable();
        pids.dedup();
        pids.retain(|pid| self.proc.stat(*pid).is_ok_and(|stat| !stat.is_over()));
        Ok(pids)
    }

    fn asked(&self) -> MutexGuard<'_, Option<Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has PM2 stop every instance that runs, or is about to, and is not being stopped already.
    fn order_to_stop(&self, seen: &mut Seen, deadline: &Deadline) -> Result<(), Error> {
        let Some(wire) = seen.wire.as_mut() else {
            return Ok(());
        };
        for entry in seen.own.iter().filter(|entry| entry.is_to_be_stopped()) {
            let id = json!(entry.id);
            // Else a file that changes would start it again.
            wire.say("stopWatch", &[json!("stopProcessId"), id.clone()], deadline)
                .and_then(|_| wire.say("stopProcessId", &[id], deadline))
                .map_err(|none| self.unanswered(none, "stop"))?;
        }
        // Answered once all of them were taken up.
        self.ask(wire, "ping", &[json!({})], "stop", deadline)
            .map(drop)
    }

    fn signal(&self, known: &[Known], signal: Signal, action: &str) -> Result<(), Error> {
        processes::signal(&self.proc, known, &[signal], action, &self.service())
    }

    /// Whether PM2 had to kill one of these at the stop under way: its daemon says so in its log, and nowhere else.
    fn was_killed(&self, known: &[Known]) -> bool {
        let asked = self.asked();
        let Some(mark) = asked.as_ref().and_then(|asked| asked.said.as_ref()) else {
            return false;
        };
        let lines = log_file::lines(&self.home.daemon_log(), Some(mark), DAEMON_LINES);
        lines.unwrap_or_default().iter().any(|line| {
            line.contains("still alive after")
                && line.contains("SIGKILL")
                && known
                    .iter()
                    .any(|one| line.contains(&format!(" {} ", one.pid)))
        })
    }
}

/// What PM2 calls these.
fn unique(entries: &[Entry]) -> Vec<String> {
    let mut names: Vec<String> = entries.iter().map(|entry| entry.unique.clone()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Those names, each once.
fn names(entries: &[Entry]) -> String {
    let mut names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        "nothing".to_owned()
    } else {
        names.join(", ")
    }
}
