//! What a supervisor is asked for, of a Compose project.

use std::path::Path;
use std::time::Duration;

use deadline::Deadline;
use host::Tri;

use super::inspect::Container;
use super::{Compose, images, log, parts, proxy};
use crate::dead_man::Switch;
use crate::processes::Known;
use crate::supervisor::{AtRest, Stopping, Supervisor};
use crate::{Active, Error, Image, LogErrors, Mark, Status};

/// For a look at the containers where nobody says how long it may take.
const GLANCE: Duration = Duration::from_secs(10);
/// The exit status of a container that was killed.
const KILLED: i32 = 128 + 9;

impl Supervisor for Compose {
    fn status(&self, deadline: &Deadline) -> Result<Status, Error> {
        Ok(self.status_of(&self.containers(deadline)?))
    }

    fn start(&self, deadline: &Deadline) -> Result<(), Error> {
        durable::create_directory(&self.run, 0o755)?;
        let _held = self.lock(deadline)?;
        let containers = self.containers(deadline)?;
        let status = self.status_of(&containers);
        if matches!(status.active, Active::Running | Active::Starting) {
            return Ok(());
        }
        let project = self.project();
        let text = if project.is_linked {
            self.startable_text(&project, deadline)?
        } else {
            None
        };
        if let Some(ended) = parts::ended(&containers, project.directory.as_deref()) {
            // The others are of this very release and run: they are left alone.
            return self.up(&["--force-recreate", "--no-deps"], &ended, deadline);
        }
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
        self.up(&options, &self.services, deadline)?;
        if project.is_linked {
            self.look_after_images(&project, text.as_deref(), deadline);
        }
        Ok(())
    }

    fn notes(&self) -> Vec<String> {
        std::mem::take(&mut *self.noted())
    }

    fn prepare(&self, pull: bool, build: bool, deadline: &Deadline) -> Result<(), Error> {
        images::prepare(self, pull, build, deadline)
    }

    fn lacking(&self, directory: &Path, deadline: &Deadline) -> Result<Vec<Image>, Error> {
        self.lacking_of(directory, deadline)
    }

    fn refresh(&self, deadline: &Deadline) -> Result<bool, Error> {
        let project = self.project();
        if project.is_staged() {
            // It is made of what it was staged with, whatever has been asked for.
            self.start(deadline)?;
            return Ok(true);
        }
        if project.is_linked {
            return Ok(false);
        }
        durable::create_directory(&self.run, 0o755)?;
        let _held = self.lock(deadline)?;
        self.up(&[], &self.services, deadline)?;
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

    fn hold(&self, deadline: &Deadline) -> Result<Option<durable::Mutex>, Error> {
        // Nothing was ever started there by us.
        if !self.run.is_dir() {
            return Ok(None);
        }
        self.lock(deadline).map(Some)
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

    fn switch(&self) -> &Switch {
        &self.switch
    }
}
