//! `pm2:NAME`: what PM2 runs under that name, in one instance or several, in fork mode or in cluster mode.
//!
//! Looks, stops and deletions go straight to PM2's daemon ([`wire`]), which answers within milliseconds and is never
//! started by a look. Only a start goes through the command `pm2`, which reads ecosystem files.

mod home;
mod list;
mod logs;
mod start;
mod wire;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use deadline::Deadline;
use durable::MutexError;
use host::{Proc, Tri};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::dead_man::Switch;
use crate::processes::{self, Known};
use crate::supervisor::{AtRest, Stopping, Supervisor};
use crate::{
    Active, DeadMan, Disarmed, Error, LogErrors, Mark, Setting, Status, environment, log_file,
};
use home::Home;
use list::Entry;
use wire::{NoAnswer, Wire};

/// How many lines of the daemon's own log a stop may have brought forth.
const DAEMON_LINES: usize = 10_000;
/// How long a stop that PM2 has taken up may be without effect before it is ordered again.
const ASK_AGAIN: Duration = Duration::from_millis(300);
/// How long the question may take whether PM2's daemon holds a socket for the service.
const KEEPER: Duration = Duration::from_secs(5);

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
        let wire = Wire::connect(&socket).map_err(|error| match error.kind() {
            std::io::ErrorKind::PermissionDenied => {
                self.denied("ask PM2 about", &error.to_string())
            }
            _ => Error::Unavailable {
                service: self.service(),
                said: format!("{}: {error}", socket.display()),
            },
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
                hint: Some(format!("pm2 describe {}", self.name)),
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
            said: format!("{said}: the PM2 in {home} is {whose}'s"),
            hint: format!(
                "run this as {whose}, as with sudo -u {whose}; or tell another PM2 by PM2_HOME"
            ),
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
            wire.say("stopWatch", &[json!("stopProcessId"), id.clone()])
                .and_then(|_| wire.say("stopProcessId", &[id]))
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

impl Supervisor for Pm2 {
    fn status(&self, deadline: &Deadline) -> Result<Status, Error> {
        Ok(self.status_of(&self.look(deadline)?))
    }

    fn startable(&self, directory: &Path) -> Result<(), Error> {
        start::program()?;
        self.line(directory, &[]).map(drop)
    }

    fn start(&self, deadline: &Deadline) -> Result<(), Error> {
        durable::create_directory(&self.run, 0o755)?;
        let _held = self.lock(deadline)?;
        let seen = self.look(deadline)?;
        if seen.own.iter().any(Entry::is_up) {
            return Ok(());
        }
        self.launch(seen, deadline)
    }

    fn members(&self, _: &Status, deadline: &Deadline) -> Result<Vec<u32>, Error> {
        self.processes(&self.look(deadline)?)
            .map_err(Error::io(format!(
                "list the processes of {}",
                self.service()
            )))
    }

    fn hold(&self, deadline: &Deadline) -> Result<Option<durable::Mutex>, Error> {
        // Nothing was ever started there by us.
        if !self.run.is_dir() {
            return Ok(None);
        }
        self.lock(deadline).map(Some)
    }

    fn ask_to_stop(&self, known: &[Known], _: Duration, deadline: &Deadline) -> Result<(), Error> {
        let mut seen = self.look(deadline)?;
        *self.asked() = Some(Asked {
            unique: unique(&seen.own),
            said: log_file::mark(&self.home.daemon_log()).ok(),
            last: Instant::now(),
        });
        if seen.own.iter().any(Entry::is_up) {
            self.order_to_stop(&mut seen, deadline)
        } else {
            // What is left of it is nobody's; this is how PM2 would have told it.
            self.signal(known, Signal::SIGINT, "stop")
        }
    }

    fn at_rest(&self, stopping: &Stopping<'_>, deadline: &Deadline) -> Result<AtRest, Error> {
        let mut seen = self.look(deadline)?;
        if seen.own.iter().any(Entry::is_up) {
            let mut asked = self.asked();
            if let Some(asked) = asked.as_mut() {
                if asked.unique != unique(&seen.own) {
                    return Ok(AtRest::StartedAgain);
                }
                // PM2 puts off the stop of a worker that is just being born; in a crash loop there is always one.
                if asked.last.elapsed() >= ASK_AGAIN {
                    asked.last = Instant::now();
                    self.order_to_stop(&mut seen, deadline)?;
                }
            }
            return Ok(AtRest::No);
        }
        let nobodys = stopping.before.active.is_over();
        if nobodys && stopping.known.iter().any(|one| one.lives(&self.proc)) {
            return Ok(AtRest::No);
        }
        Ok(AtRest::Yes {
            killed: self.was_killed(stopping.known),
        })
    }

    fn cut(&self, known: &[Known], _: &Deadline) -> Result<(), Error> {
        self.signal(known, Signal::SIGKILL, "kill")
    }

    fn stopped(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Its counters begin anew, as after `pm2 reset`.
    fn clear_start_limit(&self, deadline: &Deadline) -> Result<(), Error> {
        let seen = self.look(deadline)?;
        let counted = |status: &Status| status.start_limit_hit || status.restarts > Some(0);
        let Some(mut wire) = seen
            .wire
            .filter(|_| counted(&list::status(&seen.own, |_| true)))
        else {
            return Ok(());
        };
        for entry in &seen.own {
            let arguments = [json!(entry.id)];
            self.ask(
                &mut wire,
                "resetMetaProcessId",
                &arguments,
                "reset",
                deadline,
            )?;
        }
        Ok(())
    }

    /// In cluster mode the daemon listens, and hands each connection to a worker.
    fn socket_keepers(&self, _: &Status) -> Vec<(u32, String)> {
        let Ok(seen) = self.look(&Deadline::after(KEEPER)) else {
            return Vec::new();
        };
        let listens = seen.own.iter().any(|entry| entry.cluster && entry.is_up());
        // By the kernel's word it is who answers on PM2's socket, and by PM2's own its daemon.
        let daemon = seen
            .daemon()
            .filter(|pid| Some(*pid) == self.home.daemon_pid());
        daemon
            .filter(|_| listens)
            .map(|pid| (pid, "(PM2's daemon) for its workers".to_owned()))
            .into_iter()
            .collect()
    }

    /// Where the daemon listens, no socket tells which of its workers answers: then each of them is to be out of the release.
    fn runs_out_of(
        &self,
        directory: &Path,
        deadline: &Deadline,
    ) -> Result<Option<Vec<Tri>>, Error> {
        let seen = self.look(deadline)?;
        if !seen.own.iter().any(|entry| entry.cluster && entry.is_up()) {
            return Ok(None);
        }
        let part = |entry: &Entry| match entry.pid {
            Some(pid) if self.is_instance(pid, seen.daemon()) => {
                self.proc.runs_from(pid, directory)
            }
            _ => Tri::Unknown(format!("instance {} has no process", entry.id)),
        };
        Ok(Some(seen.own.iter().map(part).collect()))
    }

    fn mark(&self, deadline: &Deadline) -> Result<Mark, Error> {
        logs::mark(&self.files(deadline)?)
    }

    fn log(
        &self,
        mark: Option<&Mark>,
        most: usize,
        deadline: &Deadline,
    ) -> Result<Vec<String>, Error> {
        logs::lines(&self.files(deadline)?, mark, most)
    }

    fn log_errors(&self, mark: &Mark, deadline: &Deadline) -> Result<LogErrors, Error> {
        logs::errors(&self.files(deadline)?, mark)
    }

    fn arm(
        &self,
        after: Duration,
        command: &[OsString],
        deadline: &Deadline,
    ) -> Result<DeadMan, Error> {
        self.switch.arm(&self.proc, after, command, deadline)
    }

    fn disarm(&self, _: &Deadline) -> Result<Disarmed, Error> {
        self.switch.disarm(&self.proc)
    }
}
