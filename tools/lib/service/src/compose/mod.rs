//! `compose:DIR[#SERVICE,…]`: services of a Compose project, through `docker` and Compose.
//!
//! What runs is asked of the engine alone, by the labels that Compose gives its containers: so a project whose file is gone or
//! broken can still be looked at and stopped. Only a start, and what comes before it, reads the file.

mod client;
mod images;
mod inspect;
mod judge;
mod log;
mod parts;
mod pin;
mod project;
mod proxy;
mod source;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use deadline::Deadline;
use host::{Proc, Tri};

use crate::dead_man::Switch;
use crate::processes::Known;
use crate::supervisor::{AtRest, Stopping, Supervisor};
use crate::{Active, DeadMan, Disarmed, Error, LogErrors, Mark, Setting, Status};
pub use source::{ComposeSource, Pinned};

use client::{Client, Compose as Kind};
use inspect::Container;
use project::Project;

/// The kind of a release that was staged from a project, in its manifest.
pub const KIND: &str = "compose";
/// For a look at the containers where nobody says how long it may take.
const GLANCE: Duration = Duration::from_secs(10);
/// The exit status of a container that was killed.
const KILLED: i32 = 128 + 9;

/// One project, or some of its services.
#[derive(Debug)]
pub(crate) struct Compose {
    /// As it was told: a link may lead elsewhere by the next look.
    path: PathBuf,
    current: PathBuf,
    run: PathBuf,
    services: Vec<String>,
    client: Client,
    switch: Switch,
    proc: Proc,
}

impl Compose {
    pub(crate) fn new(directory: &str, services: &[String], setting: &Setting) -> Self {
        let name = crate::Name::Compose {
            directory: directory.to_owned(),
            services: services.to_owned(),
        };
        let path = PathBuf::from(directory);
        let run = setting.root.join("run");
        let project = Project::at(&path, &setting.current);
        Self {
            switch: Switch::new(&run, &project.name),
            path,
            current: setting.current.clone(),
            run,
            services: services.to_owned(),
            client: Client::new(name.to_string()),
            proc: Proc::system(),
        }
    }

    fn project(&self) -> Project {
        Project::at(&self.path, &self.current)
    }

    /// The containers of the chosen services that there are now, whatever state they are in.
    fn containers(&self, deadline: &Deadline) -> Result<Vec<Container>, Error> {
        let action = format!("look at {}", self.client.service());
        let label = format!("label={}={}", inspect::PROJECT, self.project().name);
        let list = [
            "ps",
            "--all",
            "--quiet",
            "--no-trunc",
            "--filter",
            label.as_str(),
        ];
        let mut again = true;
        loop {
            let listed = self.client.docker(&list, &action, deadline)?.stdout_text();
            let ids: Vec<&str> = listed.split_whitespace().collect();
            if ids.is_empty() {
                return Ok(Vec::new());
            }
            let mut arguments = vec!["inspect", "--type", "container"];
            arguments.extend(ids);
            let inspected = match self.client.docker(&arguments, &action, deadline) {
                Ok(finished) => finished.stdout_text(),
                // One was removed between the two questions.
                Err(Error::Refused { said, .. }) if said.contains("No such") && again => {
                    again = false;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let mut containers = inspect::containers(&inspected)
                .map_err(|error| Error::io(action.clone())(error.into()))?;
            if !self.services.is_empty() {
                containers.retain(|one| self.services.iter().any(|name| name == one.service()));
            }
            return Ok(containers);
        }
    }

    fn status_of(&self, containers: &[Container]) -> Status {
        let mut status = judge::status(containers, &self.services);
        if status.active == Active::Running {
            status.active_for = status
                .main_pid
                .and_then(|pid| crate::processes::age(&self.proc, pid));
        }
        status
    }

    /// An order to the engine about those of the containers that `which` says; nothing where there are none. The engine may
    /// take `wait` for it.
    fn order(
        &self,
        verb: &[&str],
        wait: Duration,
        which: impl Fn(&Container) -> bool,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        let containers = self.containers(deadline)?;
        let ids = containers.iter().filter(|one| which(one));
        let mut arguments = verb.to_vec();
        let before = arguments.len();
        arguments.extend(ids.map(|one| one.id.as_str()));
        if arguments.len() == before {
            return Ok(());
        }
        let action = format!("{} {}", verb.first().unwrap_or(&""), self.client.service());
        match self.client.docker_in(wait, &arguments, &action, deadline) {
            // It ended by itself, or was removed, in the same moment.
            Err(Error::Refused { said, .. })
                if said.contains("is not running") || said.contains("No such container") =>
            {
                Ok(())
            }
            other => other.map(drop),
        }
    }

    /// Has Compose bring the containers up. Where some were made and could not be started it is they that tell of it.
    fn up(&self, options: &[&str], deadline: &Deadline) -> Result<(), Error> {
        let project = self.project();
        let file = self.pinned_file(&project).filter(|file| file.is_file());
        let mut arguments = vec!["up", "--detach", "--no-build"];
        if self.client.kind(deadline)? == Kind::Plugin {
            arguments.extend(["--pull", "never"]);
        }
        arguments.extend(options);
        arguments.extend(self.services.iter().map(String::as_str));
        let file = file.as_deref();
        match self
            .client
            .compose(&project, &self.path, file, &arguments, deadline)
        {
            Err(error @ Error::Refused { .. }) => match self.status(deadline)?.active {
                Active::Failed | Active::Restarting => Ok(()),
                _ => Err(error),
            },
            other => other.map(drop),
        }
    }
}

impl Supervisor for Compose {
    fn status(&self, deadline: &Deadline) -> Result<Status, Error> {
        Ok(self.status_of(&self.containers(deadline)?))
    }

    fn start(&self, deadline: &Deadline) -> Result<(), Error> {
        let containers = self.containers(deadline)?;
        let status = self.status_of(&containers);
        if matches!(status.active, Active::Running | Active::Starting) {
            return Ok(());
        }
        let project = self.project();
        let text = if project.is_linked {
            self.unpinned(&project, deadline)?
        } else {
            None
        };
        // A new release's containers are new ones, and say out of which release they are. Whoever names services means these
        // alone; what they lean on is brought up with them only where none of them was there before.
        let mut options = Vec::new();
        match (self.services.is_empty(), containers.is_empty()) {
            (true, _) if project.is_linked => {
                options.extend(["--force-recreate", "--remove-orphans"]);
            }
            (true, _) => options.push("--force-recreate"),
            (false, false) => options.extend(["--force-recreate", "--no-deps"]),
            (false, true) => {}
        }
        self.up(&options, deadline)?;
        if let Some(text) = text {
            self.pin(&project, &text, deadline)?;
        }
        if project.is_linked {
            self.forget(&project, deadline)?;
        }
        Ok(())
    }

    fn prepare(&self, pull: bool, build: bool, deadline: &Deadline) -> Result<(), Error> {
        images::prepare(self, pull, build, deadline)
    }

    fn refresh(&self, deadline: &Deadline) -> Result<bool, Error> {
        if self.project().is_linked {
            return Ok(false);
        }
        self.up(&[], deadline)?;
        Ok(true)
    }

    fn members(&self, _: &Status, deadline: &Deadline) -> Result<Vec<u32>, Error> {
        let mut members = Vec::new();
        for container in self.containers(deadline)?.iter().filter(|one| one.lives()) {
            members.extend(self.processes(container)?);
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
        let seconds = timeout.as_secs_f64().ceil().to_string();
        let stop = ["stop", "--time", &seconds];
        let up = |one: &Container| one.lives() || one.state.status == "restarting";
        // One container needs no order, and Compose takes its time.
        if self
            .containers(deadline)?
            .iter()
            .filter(|one| up(one))
            .count()
            == 1
        {
            return self.order(&stop, timeout, up, deadline);
        }
        let project = self.project();
        let file = self.pinned_file(&project).filter(|file| file.is_file());
        let mut arguments = vec!["stop", "--timeout", &seconds];
        arguments.extend(self.services.iter().map(String::as_str));
        // Compose knows in which order; without it, or for what is no longer in its file, the engine stops them as they come.
        let ordered =
            self.client
                .compose(&project, &self.path, file.as_deref(), &arguments, deadline);
        if let Err(error @ (Error::TimedOut { .. } | Error::Interrupted { .. })) = ordered {
            return Err(error);
        }
        self.order(&stop, timeout, up, deadline)
    }

    fn at_rest(&self, stopping: &Stopping<'_>, deadline: &Deadline) -> Result<AtRest, Error> {
        let containers = self.containers(deadline)?;
        let any = containers
            .iter()
            .any(|one| one.lives() || one.state.status == "restarting");
        if !any {
            let killed = |one: &Container| {
                one.state.exit_code == KILLED
                    && !one.state.oom_killed
                    && stopping
                        .before
                        .invocation
                        .as_ref()
                        .is_some_and(|runs| runs.contains(one.short()))
            };
            return Ok(AtRest::Yes {
                killed: !stopping.before.active.is_over() && containers.iter().any(killed),
            });
        }
        let now = self.status_of(&containers);
        let another = now.invocation.is_some() && now.invocation != stopping.before.invocation;
        Ok(if another && now.active == Active::Running {
            AtRest::StartedAgain
        } else {
            AtRest::No
        })
    }

    fn cut(&self, _: &[Known], deadline: &Deadline) -> Result<(), Error> {
        self.order(&["kill"], Duration::ZERO, Container::lives, deadline)
    }

    fn stopped(&self) -> Result<(), Error> {
        Ok(())
    }

    fn clear_start_limit(&self, _: &Deadline) -> Result<(), Error> {
        // A container that is made anew counts anew.
        Ok(())
    }

    fn socket_keepers(&self, _: &Status) -> Vec<(u32, String)> {
        let containers = self.containers(&Deadline::after(GLANCE));
        proxy::of(&self.proc, &containers.unwrap_or_default())
    }

    fn runs_out_of(
        &self,
        directory: &Path,
        deadline: &Deadline,
    ) -> Result<Option<Vec<Tri>>, Error> {
        let containers = self.containers(deadline)?;
        let living = containers.iter().filter(|one| one.lives());
        Ok(Some(
            living
                .map(|one| parts::made_out_of(one, directory))
                .collect(),
        ))
    }

    fn mark(&self, _: &Deadline) -> Result<Mark, Error> {
        Ok(log::mark())
    }

    fn log(
        &self,
        mark: Option<&Mark>,
        most: usize,
        deadline: &Deadline,
    ) -> Result<Vec<String>, Error> {
        let containers = self.containers(deadline)?;
        log::lines(&self.client, &containers, mark, most, deadline)
    }

    fn log_errors(&self, mark: &Mark, deadline: &Deadline) -> Result<LogErrors, Error> {
        let containers = self.containers(deadline)?;
        log::errors(&self.client, &containers, mark, deadline)
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
