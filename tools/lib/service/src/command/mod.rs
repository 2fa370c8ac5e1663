//! `command:FILE`: an executable that answers `status`, `start` and `stop` for a supervisor that Slipway does not know itself.
//!
//! The protocol is in slipway(7): exit codes as init scripts have them, and JSON from `status` where it knows more. What it does
//! not tell is not guessed: without process numbers nothing is proven, and nothing is killed.

mod answer;
mod call;
mod seen;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deadline::Deadline;
use host::Proc;
use nix::sys::signal::Signal;

use crate::dead_man::Switch;
use crate::logs::is_error;
use crate::processes::{self, Known};
use crate::supervisor::{AtRest, Stopping, Supervisor};
use crate::{Active, Error, LogErrors, Mark, Setting, Status, log_file};
use answer::{Answer, Verb};
use call::Call;
use seen::Seen;

/// The least that `stop` gets, however little time the service has: a supervisor that has not heard of the stop starts anew
/// whatever is killed.
const HEARD: Duration = Duration::from_secs(2);

/// One service behind a command.
#[derive(Debug)]
pub(crate) struct Command {
    call: Call,
    switch: Switch,
    proc: Proc,
    /// The last answer, as the status that was made of it.
    last: Mutex<Option<(Status, Answer)>>,
    seen: Seen,
}

/// Where its words are.
enum Words {
    /// In a file of its own.
    File(PathBuf),
    /// `FILE logs` prints them.
    Asked,
    /// Nowhere that is told; a daemon that keeps its starter's outputs writes into ours.
    Ours(Option<PathBuf>),
}

impl Command {
    pub(crate) fn new(file: &str, setting: &Setting) -> Self {
        let call = Call::new(file, setting);
        let run = call.run_directory().unwrap_or_else(|| PathBuf::from("run"));
        Self {
            switch: Switch::new(&run, &call.name()),
            call,
            proc: Proc::system(),
            last: Mutex::new(None),
            seen: Seen::default(),
        }
    }

    /// The answer that this status was made of: asking again may cost half a second.
    fn behind(&self, status: &Status, deadline: &Deadline) -> Result<Answer, Error> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((made, answer)) if made == status => Ok(answer.clone()),
            _ => self.look(deadline),
        }
    }

    /// The last answer, whatever the service has done since: where its log is does not change with that.
    fn known(&self, deadline: &Deadline) -> Result<Answer, Error> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((_, answer)) => Ok(answer.clone()),
            None => self.look(deadline),
        }
    }

    fn look(&self, deadline: &Deadline) -> Result<Answer, Error> {
        let finished = self.call.ask(&["status"], deadline)?;
        let mut answer = answer::read(finished.status.code(), &finished.stdout_text())
            .map_err(|wrong| self.call.misunderstood(wrong, &finished.tail(1)))?;
        if answer.active.is_over() {
            answer.keep(|pid| self.seen.lives(&self.proc, pid));
        } else {
            let named = answer.main_pid.into_iter().chain(answer.pids.clone());
            let named: Vec<u32> = named.collect();
            self.seen.see(&self.proc, &named);
        }
        Ok(answer)
    }

    fn words(&self, deadline: &Deadline) -> Result<Words, Error> {
        let answer = self.known(deadline)?;
        Ok(match &answer.log {
            Some(log) => Words::File(log.clone()),
            None if answer.offers(Verb::Logs) => Words::Asked,
            None => Words::Ours(self.call.log()),
        })
    }

    /// What it wrote since the mark, by its own verb; each line is seen, however many there are.
    fn ask_for_words<T: Default + Send + 'static>(
        &self,
        mark: Option<&Mark>,
        see: impl FnMut(&mut T, &str) + Clone + Send + 'static,
        deadline: &Deadline,
    ) -> Result<T, Error> {
        let since = match mark {
            Some(Mark::Moment { microseconds }) => *microseconds,
            _ => 0,
        };
        let since = format!("{}.{:06}", since / 1_000_000, since % 1_000_000);
        let (finished, seen) = self
            .call
            .fold(&[Verb::Logs.name(), &since], see, deadline)?;
        if finished.status.success() {
            return Ok(seen);
        }
        Err(Error::Unreadable {
            what: format!("the log of {}", self.call.service()),
            said: format!("{}: {}", finished.status, finished.tail(1)),
            hint: format!(
                "{} logs 0",
                self.call.service().trim_start_matches("command:")
            ),
        })
    }

    /// The processes that it names; where the service does not run, those that were seen when it did.
    fn named(&self, answer: &Answer, deadline: &Deadline) -> Result<Vec<u32>, Error> {
        let mut named = answer.pids.clone();
        named.extend(answer.main_pid);
        if answer.offers(Verb::Pids) {
            let finished = self.call.ask(&[Verb::Pids.name()], deadline)?;
            let more = if finished.status.success() {
                answer::pids(&finished.stdout_text())
            } else {
                Err(answer::Wrong::Protocol(format!(
                    "its pids ended with {}",
                    finished.status
                )))
            };
            let more = more.map_err(|wrong| self.call.misunderstood(wrong, ""))?;
            if answer.active.is_over() {
                let seen = |pid: &u32| self.seen.lives(&self.proc, *pid);
                named.extend(more.into_iter().filter(seen));
            } else {
                self.seen.see(&self.proc, &more);
                named.extend(more);
            }
        }
        Ok(named)
    }
}

impl Supervisor for Command {
    fn status(&self, deadline: &Deadline) -> Result<Status, Error> {
        let answer = self.look(deadline)?;
        let mut status = answer.status();
        status.active_for = status
            .main_pid
            .and_then(|pid| processes::age(&self.proc, pid));
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((status.clone(), answer));
        Ok(status)
    }

    fn start(&self, deadline: &Deadline) -> Result<(), Error> {
        match self.call.order("start", &self.call.live()?, deadline) {
            // It was started and did not stay: whoever follows it sees so, and why.
            Err(refused @ Error::Refused { .. }) => match self.look(deadline)?.active {
                Active::Failed | Active::Restarting => Ok(()),
                _ => Err(refused),
            },
            other => other,
        }
    }

    fn restart(&self, deadline: &Deadline) -> Result<bool, Error> {
        if !self.known(deadline)?.offers(Verb::Restart) {
            return Ok(false);
        }
        let live = self.call.live()?;
        self.call.order(Verb::Restart.name(), &live, deadline)?;
        Ok(true)
    }

    fn tells_members(&self) -> bool {
        false
    }

    fn members(&self, status: &Status, deadline: &Deadline) -> Result<Vec<u32>, Error> {
        let answer = self.behind(status, deadline)?;
        let unlisted = || Error::io(format!("list the processes of {}", self.call.service()));
        let mut members = self.named(&answer, deadline)?;
        for pid in members.clone() {
            members.extend(self.proc.descendants(pid).map_err(unlisted())?);
        }
        // One that its parent has left behind is still in the group that the main process leads.
        let leads = |pid: &u32| self.proc.stat(*pid).is_ok_and(|stat| stat.group == *pid);
        if let Some(main) = answer.main_pid.filter(leads) {
            let all = self.proc.processes().map_err(unlisted())?;
            members.extend(
                all.iter()
                    .filter(|one| one.group == main)
                    .map(|one| one.pid),
            );
        }
        members.sort_unstable();
        members.dedup();
        members.retain(|pid| self.proc.stat(*pid).is_ok_and(|stat| !stat.is_over()));
        Ok(members)
    }

    fn hold(&self, _: &Deadline) -> Result<Option<durable::Mutex>, Error> {
        Ok(None)
    }

    fn ask_to_stop(
        &self,
        _: &[Known],
        timeout: Duration,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        let limit = deadline.or_after(timeout.max(HEARD));
        match self.call.order("stop", Path::new("/"), &limit) {
            // It may stop and wait in one. What is left by now is killed by its number, where that is known.
            Err(Error::TimedOut { .. }) if deadline.check().is_ok() => Ok(()),
            // Some refuse to stop what does not run any more.
            Err(refused @ Error::Refused { .. }) => {
                let over = self.look(deadline)?.active.is_over();
                if over { Ok(()) } else { Err(refused) }
            }
            other => other,
        }
    }

    fn at_rest(&self, stopping: &Stopping<'_>, deadline: &Deadline) -> Result<AtRest, Error> {
        let over = self.look(deadline)?.active.is_over();
        let lives = stopping.known.iter().any(|one| one.lives(&self.proc));
        Ok(if over && !lives {
            AtRest::Yes { killed: false }
        } else {
            AtRest::No
        })
    }

    fn cut(&self, known: &[Known], _: &Deadline) -> Result<(), Error> {
        let service = self.call.service();
        processes::signal(&self.proc, known, &[Signal::SIGKILL], "kill", &service)
    }

    fn stopped(&self) -> Result<(), Error> {
        Ok(())
    }

    fn clear_start_limit(&self, _: &Deadline) -> Result<(), Error> {
        Ok(())
    }

    fn socket_keepers(&self, _: &Status) -> Vec<(u32, String)> {
        Vec::new()
    }

    fn mark(&self, deadline: &Deadline) -> Result<Mark, Error> {
        match self.words(deadline)? {
            Words::File(log) | Words::Ours(Some(log)) => log_file::mark(&log),
            Words::Asked | Words::Ours(None) => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH);
                let microseconds = since.unwrap_or_default().as_micros();
                Ok(Mark::Moment {
                    microseconds: u64::try_from(microseconds).unwrap_or(u64::MAX),
                })
            }
        }
    }

    fn log(
        &self,
        mark: Option<&Mark>,
        most: usize,
        deadline: &Deadline,
    ) -> Result<Vec<String>, Error> {
        match self.words(deadline)? {
            Words::File(log) | Words::Ours(Some(log)) => log_file::lines(&log, mark, most),
            Words::Ours(None) => Ok(Vec::new()),
            Words::Asked => {
                let keep = move |last: &mut VecDeque<String>, line: &str| {
                    last.push_back(line.trim_end().to_owned());
                    if last.len() > most {
                        last.pop_front();
                    }
                };
                Ok(self.ask_for_words(mark, keep, deadline)?.into())
            }
        }
    }

    fn log_errors(&self, mark: &Mark, deadline: &Deadline) -> Result<LogErrors, Error> {
        match self.words(deadline)? {
            Words::File(log) => log_file::errors(&log, mark),
            Words::Asked => {
                let count = |errors: &mut LogErrors, line: &str| {
                    if is_error(line) {
                        errors.add(line);
                    }
                };
                self.ask_for_words(Some(mark), count, deadline)
            }
            // None seen in there is not none.
            Words::Ours(_) => Err(Error::Unreadable {
                what: format!("the log of {}", self.call.service()),
                said: "its command does not tell where it is, by log or the verb logs in the JSON of its status".to_owned(),
                hint: "man 7 slipway".to_owned(),
            }),
        }
    }

    fn switch(&self) -> &Switch {
        &self.switch
    }
}

#[cfg(test)]
mod tests;
