//! `compose:DIR[#SERVICE,…]`: services of a Compose project, through `docker` and Compose.
//!
//! What runs is asked of the engine alone, by the labels that Compose gives its containers: so a project whose file is gone or
//! broken can still be looked at and stopped. Only a start, and what comes before it, reads the file.

mod client;
mod images;
mod inspect;
mod judge;
mod lacking;
mod log;
mod parts;
mod pin;
mod project;
mod proxy;
mod source;
mod supervise;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deadline::Deadline;
use durable::MutexError;
use host::Proc;

use crate::dead_man::Switch;
use crate::supervisor::Supervisor;
use crate::{Active, Error, Setting, Status};
pub use source::{ComposeSource, Pinned, is_twin};

use client::{Client, Compose as Kind};
use inspect::Container;
use project::Project;

/// The kind of a release that was staged from a project, in its manifest.
pub const KIND: &str = "compose";

/// Compose as a person types it for the project at `path`, its verb still to come. `current` is the application's link to its
/// live release.
pub fn by_hand(path: &Path, current: &Path) -> String {
    let name = Project::at(path, current).name;
    let compose = client::typed();
    format!("{} && {compose} -p {name}", client::enter(path))
}

/// One project, or some of its services.
#[derive(Debug)]
pub(crate) struct Compose {
    /// As it was told: a link may lead elsewhere by the next look.
    path: PathBuf,
    current: PathBuf,
    run: PathBuf,
    services: Vec<String>,
    /// What its files in `run` are called.
    place: String,
    client: Client,
    switch: Switch,
    proc: Proc,
    /// What did not keep a start from being one, and is still to be said.
    notes: Mutex<Vec<String>>,
}

impl Compose {
    pub(crate) fn new(directory: &str, services: &[String], setting: &Setting) -> Self {
        let name = crate::Name::Compose {
            directory: directory.to_owned(),
            services: services.to_owned(),
        };
        let path = PathBuf::from(directory);
        let run = setting.root.join("run");
        // Not after the project: what that is called may change with the release that the link leads to.
        let place = project::place(&path, &setting.current);
        Self {
            switch: Switch::new(&run, &place),
            place,
            notes: Mutex::default(),
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

    /// Held while it is started or stopped: two at once would take each other's containers away.
    fn lock(&self, deadline: &Deadline) -> Result<durable::Mutex, Error> {
        let file = self.run.join(format!("{}.compose.lock", self.place));
        durable::Mutex::acquire(file, 0o600, deadline).map_err(|error| match error {
            MutexError::Ended(ended) => Error::of_wait(
                ended,
                &format!(
                    "start or stop {}, which somebody else does",
                    self.client.service()
                ),
            ),
            MutexError::File(error) => error.into(),
        })
    }

    fn noted(&self) -> MutexGuard<'_, Vec<String>> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Has Compose bring the containers of these services up, of all where none is named. Where some were made and could not be started it is they that tell of it.
    fn up(&self, options: &[&str], services: &[String], deadline: &Deadline) -> Result<(), Error> {
        let project = self.project();
        let file = self.pinned_file(&project).filter(|file| file.is_file());
        let mut arguments = vec!["up", "--detach", "--no-build"];
        if self.client.kind(deadline)? == Kind::Plugin {
            arguments.extend(["--pull", "never"]);
        }
        arguments.extend(options);
        arguments.extend(services.iter().map(String::as_str));
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

#[cfg(test)]
mod tests;
