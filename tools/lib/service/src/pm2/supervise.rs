//! What a supervisor is asked for, of PM2.

use std::path::Path;
use std::time::{Duration, Instant};

use deadline::Deadline;
use host::Tri;
use nix::sys::signal::Signal;
use serde_json::json;

use super::list::Entry;
use super::{Asked, Pm2, list, logs, start, unique};
use crate::dead_man::Switch;
use crate::processes::Known;
use crate::supervisor::{AtRest, Stopping, Supervisor};
use crate::{Error, LogErrors, Mark, Status, log_file};

/// How long a stop that PM2 has taken up may be without effect before it is ordered again.
const ASK_AGAIN: Duration = Duration::from_millis(300);
/// How long the question may take whether PM2's daemon holds a socket for the service.
const KEEPER: Duration = Duration::from_secs(5);

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
        let files = if mark.is_some() {
            self.files(deadline)?
        } else {
            self.files_now(deadline)?
        };
        logs::lines(&files, mark, most)
    }

    fn log_errors(&self, mark: &Mark, deadline: &Deadline) -> Result<LogErrors, Error> {
        logs::errors(&self.files(deadline)?, mark)
    }

    fn switch(&self) -> &Switch {
        &self.switch
    }
}
