//! `process:NAME`: a plain process that Slipway itself starts, in a session of its own, and finds again.
//!
//! Beneath `ROOT/run/` stand `NAME.json` (which process it is; there from the start until a stop), `NAME.log` (what it
//! writes) and `NAME.lock` (so that two starts cannot race). Nobody restarts it.

mod command;
mod members;
mod record;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use deadline::Deadline;
use durable::{Mutex, MutexError};
use host::{Alive, Proc};
use nix::sys::signal::Signal;

use crate::dead_man::Switch;
use crate::detached::Detached;
use crate::environment;
use crate::log_file as log;
use crate::processes::{self, Known};
use crate::supervisor::{AtRest, Stopping, Supervisor};
use crate::{Active, Error, LogErrors, Mark, Setting, Status};
use record::Record;

/// One plain process.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    setting: Setting,
    run: PathBuf,
    /// What every process of the service carries in its environment.
    mark: String,
    switch: Switch,
    proc: Proc,
}

impl Process {
    pub(crate) fn new(name: &str, setting: &Setting) -> Self {
        // The same root under another name is the same service.
        let root = std::fs::canonicalize(&setting.root).unwrap_or_else(|_| setting.root.clone());
        let run = root.join("run");
        Self {
            name: name.to_owned(),
            setting: setting.clone(),
            mark: format!("{}#{name}", root.display()),
            switch: Switch::new(&run, name),
            run,
            proc: Proc::system(),
        }
    }

    fn service(&self) -> String {
        format!("process:{}", self.name)
    }

    fn file(&self, ending: &str) -> PathBuf {
        self.run.join(format!("{}.{ending}", self.name))
    }

    fn lock(&self, deadline: &Deadline) -> Result<Mutex, Error> {
        Mutex::acquire(self.file("lock"), 0o600, deadline).map_err(|error| match error {
            MutexError::Ended(ended) => Error::of_wait(
                ended,
                &format!("start or stop {}, which somebody else does", self.service()),
            ),
            MutexError::File(error) => error.into(),
        })
    }

    fn record(&self) -> Result<Option<Record>, Error> {
        Record::read(&self.file("json"))
    }

    /// The command, given what the environment of a service is.
    fn environment(&self, invocation: &str) -> BTreeMap<OsString, OsString> {
        let mut environment = environment::reduced();
        environment.insert(environment::MARK.into(), self.mark.clone().into());
        environment.insert("SLIPWAY_INVOCATION".into(), invocation.into());
        environment
    }

    fn launch(&self, command: &str, deadline: &Deadline) -> Result<(), Error> {
        let directory = self.setting.directory()?;
        let invocation = record::invocation()?;
        let environment = self.environment(&invocation);
        let mark = log::mark(&self.file("log"))?;
        let (output, errors) = log::open(&self.file("log"), &invocation, &directory)?;
        let process = Detached::start(
            &self.proc,
            &["/bin/sh", "-c", &command::line(command)],
            |prepared| {
                prepared
                    .current_dir(&directory)
                    .env_clear()
                    .envs(environment)
                    .stdout(Stdio::from(output))
                    .stderr(Stdio::from(errors))
            },
            deadline,
        )?;
        Record::new(process.identity.clone(), invocation, &directory, mark)
            .write(&self.file("json"))?;
        process.go()
    }
}

impl Supervisor for Process {
    fn status(&self, _: &Deadline) -> Result<Status, Error> {
        let Some(record) = self.record()? else {
            return Ok(Status::bare(Active::Stopped, "stopped"));
        };
        let (active, substate) = match self.proc.alive(&record.identity) {
            Alive::Yes => (Active::Running, "running".to_owned()),
            Alive::Stopped => (Active::Running, "stopped by a signal".to_owned()),
            Alive::Doubtful(why) => (Active::Running, why),
            Alive::No(why) => (Active::Failed, why),
        };
        let mut status = Status::bare(active, substate);
        if active == Active::Running {
            status.main_pid = Some(record.identity.pid);
            status.active_for = processes::age(&self.proc, record.identity.pid);
        }
        status.invocation = Some(record.invocation);
        status.working_directory = Some(record.directory);
        Ok(status)
    }

    fn start(&self, deadline: &Deadline) -> Result<(), Error> {
        // A root that is misspelt must not come into being.
        if let Some(root) = self.run.parent() {
            std::fs::metadata(root).map_err(Error::io(format!("enter {}", root.display())))?;
        }
        durable::create_directory(&self.run, 0o755)?;
        let _held = self.lock(deadline)?;
        if self.status(deadline)?.active == Active::Running {
            return Ok(());
        }
        match &self.setting.start {
            Some(command) => self.launch(command, deadline),
            None => Err(Error::NoStartCommand {
                service: self.service(),
                also: None,
            }),
        }
    }

    fn members(&self, _: &Status, _: &Deadline) -> Result<Vec<u32>, Error> {
        let record = self.record()?;
        let main = record.map(|record| record.identity);
        members::of(&self.proc, main.as_ref(), &self.mark).map_err(Error::io(format!(
            "list the processes of {}",
            self.service()
        )))
    }

    fn hold(&self, deadline: &Deadline) -> Result<Option<Mutex>, Error> {
        // Nothing was ever started there.
        if !self.run.is_dir() {
            return Ok(None);
        }
        self.lock(deadline).map(Some)
    }

    fn ask_to_stop(&self, known: &[Known], _: Duration, _: &Deadline) -> Result<(), Error> {
        // One that was stopped by a signal hears of it only when it goes on.
        processes::signal(
            &self.proc,
            known,
            &[Signal::SIGTERM, Signal::SIGCONT],
            "stop",
            &self.service(),
        )
    }

    fn at_rest(&self, stopping: &Stopping<'_>, _: &Deadline) -> Result<AtRest, Error> {
        // The mutex is held: nobody starts it meanwhile.
        let any = stopping.known.iter().any(|one| one.lives(&self.proc));
        Ok(if any {
            AtRest::No
        } else {
            AtRest::Yes { killed: false }
        })
    }

    fn cut(&self, known: &[Known], _: &Deadline) -> Result<(), Error> {
        processes::signal(
            &self.proc,
            known,
            &[Signal::SIGKILL],
            "kill",
            &self.service(),
        )
    }

    fn stopped(&self) -> Result<(), Error> {
        match durable::remove(self.file("json")) {
            Ok(_) => Ok(()),
            // Not even the directory is there.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn clear_start_limit(&self, _: &Deadline) -> Result<(), Error> {
        Ok(())
    }

    fn socket_keepers(&self, _: &Status) -> Vec<(u32, String)> {
        Vec::new()
    }

    fn mark(&self, _: &Deadline) -> Result<Mark, Error> {
        log::mark(&self.file("log"))
    }

    fn run_mark(&self) -> Result<Option<Mark>, Error> {
        Ok(self.record()?.and_then(|record| record.log))
    }

    fn log(&self, mark: Option<&Mark>, most: usize, _: &Deadline) -> Result<Vec<String>, Error> {
        log::lines(&self.file("log"), mark, most)
    }

    fn log_errors(&self, mark: &Mark, _: &Deadline) -> Result<LogErrors, Error> {
        log::errors(&self.file("log"), mark)
    }

    fn switch(&self) -> &Switch {
        &self.switch
    }
}

#[cfg(test)]
mod tests;
