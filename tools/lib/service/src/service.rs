//! The service as the tools see it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8Path;
use deadline::Deadline;
use host::Proc;

use crate::command::Command;
use crate::compose::Compose;
use crate::pm2::Pm2;
use crate::process::Process;
use crate::supervisor::Supervisor;
use crate::systemd::Systemd;
use crate::{
    Before, DeadMan, Disarmed, Error, Expectation, Image, LogErrors, Mark, Name, Proof, StartAgain,
    Status, Stopped, Usage,
};

/// Where the application is on disk, and how a plain process of it is started.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The application's directory, which holds `run/`.
    pub root: PathBuf,
    /// The link to the release that is selected; see [`Setting::directory`].
    pub current: PathBuf,
    /// What starts it where its supervisor does not know that by itself, and only for a start: for `process:` a command
    /// for `sh -c`, for `pm2:` what `pm2 start` gets.
    pub start: Option<String>,
}

impl Setting {
    /// The directory that the selected release runs in, physical: its own, or the working tree that it is mirrored into.
    /// Looked up anew each time, for the link is switched.
    pub fn directory(&self) -> Result<PathBuf, Error> {
        let enter = || Error::io(format!("enter {}", self.current.display()));
        let release = std::fs::canonicalize(&self.current).map_err(enter())?;
        let Some(release) = Utf8Path::from_path(&release) else {
            return Ok(release);
        };
        match releases::runs_in(release) {
            Ok(directory) => Ok(directory.into()),
            Err(error) => Err(enter()(io::Error::other(error.to_string()))),
        }
    }
}

/// One service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Service {
    name: Name,
    supervisor: Arc<dyn Supervisor>,
    setting: Setting,
    proc: Proc,
}

impl Service {
    /// The service of that name; nothing is asked or started yet.
    pub fn new(name: &Name, setting: &Setting) -> Self {
        let supervisor: Arc<dyn Supervisor> = match name {
            Name::Systemd(unit) => Arc::new(Systemd::system(unit, setting)),
            Name::SystemdUser(unit) => Arc::new(Systemd::user(unit, setting)),
            Name::Pm2(name) => Arc::new(Pm2::new(name, setting)),
            Name::Process(name) => Arc::new(Process::new(name, setting)),
            Name::Compose {
                directory,
                services,
            } => Arc::new(Compose::new(directory, services, setting)),
            Name::Command(file) => Arc::new(Command::new(file, setting)),
        };
        Self {
            name: name.clone(),
            supervisor,
            setting: setting.clone(),
            proc: Proc::system(),
        }
    }

    /// The same from the text of `--service`.
    pub fn parse(text: &str, setting: &Setting) -> Result<Self, Error> {
        Ok(Self::new(&text.parse()?, setting))
    }

    /// What it is called.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The directories that hold nothing but this application's code: that of its releases and, in place, its working tree. What
    /// runs out of them is this application's, whoever started it.
    pub fn code(&self) -> Vec<PathBuf> {
        let release = std::fs::canonicalize(&self.setting.current).ok();
        let releases = release.as_deref().and_then(Path::parent);
        let tree = self.setting.directory().ok();
        let mut code: Vec<PathBuf> = releases
            .map(Path::to_owned)
            .into_iter()
            .chain(tree)
            .collect();
        code.retain(|directory| directory.parent().is_some());
        code
    }

    /// One look at it.
    pub fn status(&self, deadline: &Deadline) -> Result<Status, Error> {
        self.supervisor.status(deadline)
    }

    /// Whether it could be started out of that release's directory, as far as that can be told before: a start that lacks
    /// something comes after a stop.
    pub fn startable(&self, directory: &Path) -> Result<(), Error> {
        self.supervisor.startable(directory)
    }

    /// Asks for a start and does not wait until it has come up: look at [`Service::status`] for that. Without effect where it
    /// runs already. A start of a unit whose limit is used up is taken and ends in `start_limit_hit`:
    /// [`Service::clear_start_limit`] comes first.
    pub fn start(&self, deadline: &Deadline) -> Result<(), Error> {
        self.supervisor.start(deadline)
    }

    /// What went wrong beside the last start without keeping it from being one (images that could not be tagged), a sentence
    /// each. Told once.
    pub fn notes(&self) -> Vec<String> {
        self.supervisor.notes()
    }

    /// Fetches (`pull`) and builds (`build`) the images that the next start uses, while what runs goes on running.
    /// [`Error::NoImages`] for what is not made of images.
    pub fn prepare(&self, pull: bool, build: bool, deadline: &Deadline) -> Result<(), Error> {
        self.supervisor.prepare(pull, build, deadline)
    }

    /// The images that a start out of that release's directory needs and this host does not have: to be asked before
    /// anything is stopped for it. Never any where a service is not made of images.
    pub fn lacking(&self, directory: &Path, deadline: &Deadline) -> Result<Vec<Image>, Error> {
        self.supervisor.lacking(directory, deadline)
    }

    /// Replaces those parts of the running service that are made of something else now, and leaves the others alone.
    /// `false`, and nothing done, where only the whole can be replaced.
    pub fn refresh(&self, deadline: &Deadline) -> Result<bool, Error> {
        self.supervisor.refresh(deadline)
    }

    /// Processes that are not the service's and may hold its port for it (systemd for a socket unit, PM2's daemon for its workers,
    /// the engine's proxy), each with the reason, for a sentence. They are no one's to kill.
    pub fn socket_keepers(&self, status: &Status) -> Vec<(u32, String)> {
        self.supervisor.socket_keepers(status)
    }

    /// Stops it and starts it again, and does not wait until it has come up. For a service that its socket unit starts at every
    /// connection: between a stop and a start of ours the old release may have come up again
    /// ([`Stopped::started_again`]). `timeout` is as for [`Service::stop`] where the supervisor has no order for
    /// this; systemd has, and takes the unit's own time limit.
    pub fn restart(&self, timeout: Duration, deadline: &Deadline) -> Result<(), Error> {
        if !self.supervisor.restart(deadline)? {
            self.stop(timeout, deadline)?;
            self.start(deadline)?;
        }
        Ok(())
    }

    /// Asks it to stop, waits for `timeout`, kills what is left by then, and then what the service left behind: whatever
    /// belonged to it is gone afterwards, and its port free.
    ///
    /// `deadline` is for the whole and so is longer than `timeout` by some seconds: where it passes first, or a signal comes,
    /// the stop is left half done. A service that did not run is no error. The deploy itself is spared where the service started it.
    pub fn stop(&self, timeout: Duration, deadline: &Deadline) -> Result<Stopped, Error> {
        crate::stop::stop(self.supervisor.as_ref(), &self.proc, timeout, deadline)
    }

    /// Stops it without waiting for it to end by itself.
    pub fn kill(&self, deadline: &Deadline) -> Result<Stopped, Error> {
        self.stop(Duration::ZERO, deadline)
    }

    /// Makes it startable again after too many starts. Without effect where it is, or where nothing counts starts.
    pub fn clear_start_limit(&self, deadline: &Deadline) -> Result<(), Error> {
        self.supervisor.clear_start_limit(deadline)
    }

    /// All its living processes, what it left behind in an earlier run too, in ascending order.
    pub fn pids(&self, deadline: &Deadline) -> Result<Vec<u32>, Error> {
        let status = self.status(deadline)?;
        self.supervisor.members(&status, deadline)
    }

    /// Whether its processes are unknown, for its supervisor does not tell them: then one that is not among `members` may be the
    /// service's own all the same.
    pub fn hides_members(&self, status: &Status, members: &[u32]) -> bool {
        self.supervisor.hides_members(status, members)
    }

    /// What its processes take, given a look at it that was just made: the supervisor is not asked again. [`Error::Unreadable`] where
    /// its supervisor does not tell which they are.
    pub fn usage(&self, status: &Status, deadline: &Deadline) -> Result<Usage, Error> {
        let pids = self.supervisor.members(status, deadline)?;
        if self.hides_members(status, &pids) {
            return Err(Error::Unreadable {
                what: format!("what processes {} has", self.name),
                said: "its command names none, by mainPid or pids in the JSON of its status"
                    .to_owned(),
                hint: "man 7 slipway".to_owned(),
            });
        }
        Ok(Usage::of(&self.proc, &pids, status.active_for))
    }

    /// Where the log of the run that is there now begins, where the service's own record says; it knows of more than what
    /// came since somebody first looked.
    pub fn run_mark(&self) -> Result<Option<Mark>, Error> {
        self.supervisor.run_mark()
    }

    /// Where its log ends now: to be taken before a start.
    pub fn mark(&self, deadline: &Deadline) -> Result<Mark, Error> {
        self.supervisor.mark(deadline)
    }

    /// What it wrote after `mark`: at most the last `most` lines. [`Error::Unreadable`] where this user may not see it.
    pub fn log_since(
        &self,
        mark: &Mark,
        most: usize,
        deadline: &Deadline,
    ) -> Result<Vec<String>, Error> {
        self.supervisor.log(Some(mark), most, deadline)
    }

    /// The last `most` lines that it wrote.
    pub fn log_tail(&self, most: usize, deadline: &Deadline) -> Result<Vec<String>, Error> {
        self.supervisor.log(None, most, deadline)
    }

    /// The errors that it wrote after `mark`. [`Error::Unreadable`] where this user may not see them: then nothing is known,
    /// and none seen is not none.
    ///
    /// In the journal an entry counts that is of priority `err` or worse. There and in a plain file a line counts that begins with
    /// a word for an error; the whole rule is in the manual page of `healthwait`.
    pub fn log_errors(&self, mark: &Mark, deadline: &Deadline) -> Result<LogErrors, Error> {
        self.supervisor.log_errors(mark, deadline)
    }

    /// Names the run that is there now, to compare with after the switch. To be taken before the stop.
    pub fn before(&self, deadline: &Deadline) -> Result<Before, Error> {
        Ok(Before::of(&self.status(deadline)?, &self.proc))
    }

    /// Whether it is the expected process that runs and listens.
    pub fn proof(&self, expectation: &Expectation, deadline: &Deadline) -> Result<Proof, Error> {
        crate::proof::prove(self.supervisor.as_ref(), &self.proc, expectation, deadline)
    }

    /// Sets the dead-man's switch: after that time the service is started, whatever has become of the deploy by then, unless
    /// [`Service::disarm_dead_man`] was called. Armed twice, the later one counts.
    ///
    /// systemd starts the service itself, by a transient timer, or runs the command as this user where that does more. Where it is
    /// not systemd, or that may not be done, a process in a session of its own runs it, with this process's environment.
    pub fn arm_dead_man(
        &self,
        after: Duration,
        again: &StartAgain,
        deadline: &Deadline,
    ) -> Result<DeadMan, Error> {
        self.supervisor.arm(after, again, deadline)
    }

    /// Takes the dead-man's switch away.
    pub fn disarm_dead_man(&self, deadline: &Deadline) -> Result<Disarmed, Error> {
        self.supervisor.disarm(deadline)
    }
}
