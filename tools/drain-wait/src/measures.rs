//! What keeps new work away while the old work ends: the flag, and the server behind HAProxy. Both under one lease.

use crate::args::Args;
use crate::balancer::{self, Drained};
use crate::flag::{self, Flag};
use application::{Application, Lease, lower};
use camino::Utf8PathBuf;
use deadline::Deadline;
use haproxy::Server;
use std::time::Duration;
use step::{Context, Failure};

/// What is to be done; at least one of the two.
#[derive(Debug)]
pub(crate) struct Measures {
    pub(crate) application: Application,
    flag: Option<Utf8PathBuf>,
    server: Option<Server>,
}

/// What was done.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// The flag's path and what stands in it.
    pub(crate) flag: Option<(String, Flag)>,
    /// The server, and how it was.
    pub(crate) server: Option<Drained>,
}

impl Measures {
    /// Those that the options name; nothing where they name none.
    pub(crate) fn of(args: &Args) -> Result<Option<Self>, Failure> {
        if args.pending_file.is_none() && args.haproxy.is_none() {
            return Ok(None);
        }
        let application = Application::of(&args.layout)?;
        let flag = match &args.pending_file {
            Some(path) => Some(flag::absolute(&application, path)?),
            None => None,
        };
        Ok(Some(Self {
            application,
            flag,
            server: args.haproxy.clone(),
        }))
    }

    /// Takes them, the flag first. Where one fails, none is left behind outside a deploy.
    pub(crate) fn take(
        &self,
        lease: &Lease<'_>,
        lasts: Duration,
        deadline: &Deadline,
        context: &Context,
    ) -> Result<Taken, Failure> {
        let mut taken = Taken::default();
        if let Some(path) = &self.flag {
            let flag = flag::raise(lease, path, lasts, deadline)?;
            context.note(format!("{path} is raised, until {}", flag.expires_at));
            taken.flag = Some((path.to_string(), flag));
        }
        if let Some(server) = &self.server {
            let drained = balancer::drain(lease, server, deadline).inspect_err(|_| {
                self.take_back(&taken, lease, context);
            })?;
            let how = if drained.changed {
                "takes nothing new".to_owned()
            } else {
                format!("was {} already, and is left so", drained.was)
            };
            context.note(format!("{} {how}", drained.server));
            taken.server = Some(drained);
        }
        Ok(taken)
    }

    /// A wait that was broken off outside any deploy leaves nothing behind; in a deploy its end sees to that. What cannot be taken
    /// back does not hide why the wait was broken off.
    pub(crate) fn take_back(&self, taken: &Taken, lease: &Lease<'_>, context: &Context) {
        if !lease.is_moment() {
            return;
        }
        lower(taken.flag.as_ref().map(|(path, _)| path.as_str())).ok();
        if let (Some(server), Some(Drained { changed: true, .. })) = (&self.server, &taken.server) {
            let deadline = Deadline::after(haproxy::PATIENCE).uninterruptible();
            if let Err(error) = server.ready(&deadline) {
                context.note(format!(
                    "{} is left drained: {error}; drain-wait --haproxy {server} --clear",
                    server.name()
                ));
            }
        }
    }

    /// Undoes them by hand; whether anything was to be undone.
    pub(crate) fn clear(
        &self,
        lease: &Lease<'_>,
        deadline: &Deadline,
        context: &Context,
    ) -> Result<bool, Failure> {
        let mut changed = false;
        if let Some(path) = &self.flag {
            let lowered = flag::clear(lease, path, deadline)?;
            let verb = if lowered {
                "is lowered"
            } else {
                "was not raised"
            };
            context.note(format!("{path} {verb}"));
            changed |= lowered;
        }
        if let Some(server) = &self.server {
            let ready = balancer::make_ready(lease, server, deadline)?;
            let verb = if ready {
                "is ready again"
            } else {
                "was not draining"
            };
            context.note(format!("{} {verb}", server.name()));
            changed |= ready;
        }
        Ok(changed)
    }

    /// Whether there is anything to undo.
    pub(crate) fn are_taken(&self, deadline: &Deadline) -> Result<bool, Failure> {
        let raised = self
            .flag
            .as_ref()
            .is_some_and(|path| path.as_std_path().symlink_metadata().is_ok());
        let drained = match &self.server {
            Some(server) => {
                let admin = server.admin(deadline);
                admin.map_err(|error| balancer::failure(&error))? == haproxy::Admin::Draining
            }
            None => false,
        };
        Ok(raised || drained)
    }

    /// The flag's path, for a report.
    pub(crate) fn flag(&self) -> Option<&str> {
        self.flag.as_ref().map(|path| path.as_str())
    }
}
