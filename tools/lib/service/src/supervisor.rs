//! What every supervisor can do; a new one is one more implementation of this.

use std::fmt::Debug;
use std::path::Path;
use std::time::Duration;

use deadline::Deadline;
use host::Tri;

use crate::dead_man::{StartAgain, Switch};
use crate::processes::Known;
use crate::{DeadMan, Disarmed, Error, Image, LogErrors, Mark, Status};

/// One service at one supervisor. Every call ends by its deadline.
pub(crate) trait Supervisor: Debug + Send + Sync {
    /// One look.
    fn status(&self, deadline: &Deadline) -> Result<Status, Error>;

    /// Whether a start out of that directory has all that it needs: the programs, and whoever says what is started.
    fn startable(&self, _directory: &Path) -> Result<(), Error> {
        Ok(())
    }

    /// Asks for a start and does not wait for it. Nothing where it runs already.
    fn start(&self, deadline: &Deadline) -> Result<(), Error>;

    /// What went wrong beside the last start without keeping it from being one, a sentence each; told once.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Asks for a stop and a start in one, so that nobody can come between, and does not wait for them. `false` where there is
    /// no such order.
    fn restart(&self, _: &Deadline) -> Result<bool, Error> {
        Ok(false)
    }

    /// Fetches or builds what the next start needs, while what runs goes on running.
    fn prepare(&self, _pull: bool, _build: bool, _: &Deadline) -> Result<(), Error> {
        Err(Error::NoImages)
    }

    /// What a start out of that release's directory would lack, of what it is made of.
    fn lacking(&self, _directory: &Path, _: &Deadline) -> Result<Vec<Image>, Error> {
        Ok(Vec::new())
    }

    /// Replaces those parts of the running service alone that are made of something else now. `false` where a supervisor
    /// does not tell parts apart.
    fn refresh(&self, _: &Deadline) -> Result<bool, Error> {
        Ok(false)
    }

    /// Every living process of the service, in whatever state the service is.
    fn members(&self, status: &Status, deadline: &Deadline) -> Result<Vec<u32>, Error>;

    /// Whether the supervisor tells the service's processes at all. Where not, and none is known, no process can be said to be a
    /// stranger's.
    fn tells_members(&self) -> bool {
        true
    }

    /// Whether the service may have processes that nobody tells of.
    fn hides_members(&self, status: &Status, members: &[u32]) -> bool {
        members.is_empty() && !status.active.is_over() && !self.tells_members()
    }

    /// Held for as long as a stop lasts, so that nobody starts it meanwhile, where there is something to hold.
    fn hold(&self, deadline: &Deadline) -> Result<Option<durable::Mutex>, Error>;

    /// Asks for a stop. `known` are its processes, `timeout` is what they have to end by themselves: a supervisor that can
    /// only stop and wait in one kills them then.
    fn ask_to_stop(
        &self,
        known: &[Known],
        timeout: Duration,
        deadline: &Deadline,
    ) -> Result<(), Error>;

    /// Whether the stop is over as far as the supervisor is concerned.
    fn at_rest(&self, stopping: &Stopping<'_>, deadline: &Deadline) -> Result<AtRest, Error>;

    /// Kills every process of the service.
    fn cut(&self, known: &[Known], deadline: &Deadline) -> Result<(), Error>;

    /// What is to be noted down once nothing of it is left.
    fn stopped(&self) -> Result<(), Error>;

    /// Makes it startable again where it was started too often.
    fn clear_start_limit(&self, deadline: &Deadline) -> Result<(), Error>;

    /// Processes outside the service that may hold its socket for it, each with the reason.
    fn socket_keepers(&self, status: &Status) -> Vec<(u32, String)>;

    /// Whether what runs belongs to the release in `directory`, where the supervisor knows that better than the processes'
    /// own files tell; an answer for each part of it.
    fn runs_out_of(&self, _directory: &Path, _: &Deadline) -> Result<Option<Vec<Tri>>, Error> {
        Ok(None)
    }

    /// Where the log ends now.
    fn mark(&self, deadline: &Deadline) -> Result<Mark, Error>;

    /// Where the log of the present run begins, where the supervisor's own record of it says.
    fn run_mark(&self) -> Result<Option<Mark>, Error> {
        Ok(None)
    }

    /// At most the last `most` lines, those after `mark` where one is given.
    fn log(
        &self,
        mark: Option<&Mark>,
        most: usize,
        deadline: &Deadline,
    ) -> Result<Vec<String>, Error>;

    /// The errors in the log after `mark`.
    fn log_errors(&self, mark: &Mark, deadline: &Deadline) -> Result<LogErrors, Error>;

    /// The dead-man's switch that is a process.
    fn switch(&self) -> &Switch;

    /// Sets the dead-man's switch anew; a supervisor that can act by itself does.
    fn arm(
        &self,
        after: Duration,
        again: &StartAgain,
        deadline: &Deadline,
    ) -> Result<DeadMan, Error> {
        self.switch().arm(after, &again.command, deadline)
    }

    /// Takes it away again.
    fn disarm(&self, _: &Deadline) -> Result<Disarmed, Error> {
        self.switch().disarm()
    }
}

/// A stop under way.
#[derive(Debug)]
pub(crate) struct Stopping<'a> {
    /// How it stood before it was asked to stop.
    pub(crate) before: &'a Status,
    /// Its processes then.
    pub(crate) known: &'a [Known],
}

/// How far a stop is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtRest {
    /// Something of it still runs.
    No,
    /// It has ended; whether the supervisor had to kill it.
    Yes { killed: bool },
    /// It has ended, and has been started anew by somebody since: by its socket unit, or by hand.
    StartedAgain,
}
