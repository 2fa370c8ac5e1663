//! One application as a tool sees it: where it lies, what its state is, whether it may be changed now.

mod balancer;
pub mod fail;
pub mod health;
mod in_place;
mod lease;
mod options;
pub mod protected;
mod recover;
mod rootless;
mod runbook;
pub mod runs;
pub mod who;

pub use balancer::{Serves, Undrained, still_drained};
pub use in_place::{Place, Placed};
pub use lease::{Begun, Lease, Request, STALE_AFTER, busy, record};
pub use options::{EndpointArgs, HealthArgs, LayoutArgs, ServiceArgs};
pub use recover::{PROBATION, Recovered, Swept, lower};
pub use rootless::service_of;
pub use runbook::runbook;

use camino::Utf8PathBuf;
use deadline::Deadline;
use releases::{Current, Layout, Manifest};
use service::{Service, Setting};
use state::{Link, Seen, State, Store, Told};
use std::fs;
use step::Failure;

/// One application on disk.
#[derive(Debug)]
pub struct Application {
    /// Where its parts lie.
    pub layout: Layout,
    /// Its state.
    pub store: Store,
}

impl Application {
    /// The application that the options describe.
    pub fn of(args: &LayoutArgs) -> Result<Self, Failure> {
        let Some(root) = &args.root else {
            return Err(Failure::usage(
                "no application was named, by --app NAME for /etc/slipway/NAME.env or by --root DIR",
            )
            .hint("ls /etc/slipway"));
        };
        let root = absolute(root)?;
        if !root.is_dir() {
            let message =
                format!("{root} is not there, or no directory; if the name is right, make it");
            return Err(Failure::impossible("no-such-root", message)
                .hint(format!("mkdir -p {root}/releases")));
        }
        let mut layout = Layout::new(root);
        let set = |place: &mut Utf8PathBuf, told: &Option<Utf8PathBuf>| -> Result<(), Failure> {
            if let Some(told) = told {
                *place = absolute(told)?;
            }
            Ok(())
        };
        set(&mut layout.releases, &args.releases)?;
        set(&mut layout.current, &args.current)?;
        set(&mut layout.state, &args.state)?;
        let store = Store::at(&layout);
        Ok(Self { layout, store })
    }

    /// The state, without waiting for anyone.
    pub fn load(&self) -> Result<State, Failure> {
        self.store.load().map_err(fail::store)
    }

    /// Where the log of the deploy `id` lies: all that its steps said.
    pub fn log_of(&self, id: &str) -> Utf8PathBuf {
        self.layout.root.join("log").join(format!("{id}.log"))
    }

    /// What is told of the deploy `id`; nothing where there was none of that name.
    pub fn told(&self, id: &str) -> Result<Option<Told>, Failure> {
        let told = self.store.told().map_err(fail::store)?;
        Ok(told.into_iter().rfind(|told| told.deploy_id == id))
    }

    /// What `current` is, whatever it is.
    pub fn current(&self) -> Result<Current, Failure> {
        releases::current(&self.layout).map_err(|error| Failure::impossible("io", error))
    }

    /// What `current` selects: a release or nothing. Anything else is a failure, since nobody may act on it.
    pub fn link(&self) -> Result<Link, Failure> {
        let link = &self.layout.current;
        match self.current()? {
            Current::Release(name) => Ok(Link::At(name)),
            Current::Outside(path) => Err(Failure::no(
                "current-outside",
                format!("{link} leads to {path}, which is no release"),
            )
            .hint(format!("ls -l {link}"))),
            // A release that somebody removed by hand: a switch puts that right.
            Current::Absent | Current::Dangling(_) => Ok(Link::Absent),
            Current::NotALink => Err(Failure::no(
                "current-not-a-link",
                format!(
                    "{link} is not a symbolic link, and never replaced; it may become a release"
                ),
            )
            .hint(format!("mv {link} {}/NAME", self.layout.releases))),
        }
    }

    /// Brings the state's releases in line with the disk.
    pub fn learn(&self, state: &mut State) -> Result<bool, Failure> {
        let names =
            releases::list(&self.layout).map_err(|error| Failure::impossible("io", error))?;
        if names.is_empty() && !state.releases.is_empty() {
            // A volume that is not mounted must not cost every verdict and every pin.
            let releases = &self.layout.releases;
            let known = state.releases.len();
            let message = format!(
                "{releases} is empty or missing, but {known} releases are known; it may not be mounted"
            );
            return Err(Failure::impossible("releases-missing", message)
                .hint(format!("findmnt -T {releases}")));
        }
        let seen = names
            .into_iter()
            .map(|name| {
                let path = self.layout.releases.join(&name);
                Seen {
                    // Only what is new to the state is looked into.
                    commit: state
                        .release(&name)
                        .is_none()
                        .then(|| Manifest::read(&path).ok()?.commit)
                        .flatten(),
                    modified: fs::metadata(&path).and_then(|data| data.modified()).ok(),
                    name,
                }
            })
            .collect();
        Ok(state.learn(seen))
    }

    /// Makes the link select `release`, which must be one. The caller holds the lock and has announced it.
    pub fn switch_link(&self, release: &str) -> Result<(), Failure> {
        releases::resolve(&self.layout, release).map_err(|error| fail::resolve(&error))?;
        let target = self
            .layout
            .link_target(release)
            .map_err(|error| Failure::impossible("io", error))?;
        durable::switch(&self.layout.current, &target).map_err(|error| fail::durable(&error))
    }

    /// The directory that this release runs in: its own, or the working tree that a release in place is mirrored into. The
    /// one answer to that question: whoever starts a service or proves where it runs asks here.
    pub fn runs_in(&self, release: &str) -> Result<Utf8PathBuf, Failure> {
        let directory =
            releases::resolve(&self.layout, release).map_err(|error| fail::resolve(&error))?;
        releases::runs_in(&directory).map_err(|error| fail::manifest(&error))
    }

    /// The same of the release that is live; nothing where none is.
    pub fn runs(&self) -> Result<Option<Utf8PathBuf>, Failure> {
        let link = self.link()?;
        link.release().map(|name| self.runs_in(name)).transpose()
    }

    /// The service that the options describe, where they describe one.
    pub fn service(&self, args: &ServiceArgs) -> Result<Option<Service>, Failure> {
        let Some(name) = &args.service else {
            return Ok(None);
        };
        let setting = Setting {
            root: self.layout.root.clone().into(),
            current: self.layout.current.clone().into(),
            start: args.start.clone(),
        };
        Service::parse(name, &setting)
            .map(Some)
            .map_err(|error| fail::service(&error))
    }
}

fn absolute(path: &camino::Utf8Path) -> Result<Utf8PathBuf, Failure> {
    camino::absolute_utf8(path)
        .map_err(|error| Failure::impossible("io", format!("{path}: {error}")))
}

/// Asks whether the supervisor answers at all: before a lease is taken, so that nothing is touched where it does not.
pub fn answers(service: Option<&Service>, deadline: &Deadline) -> Result<(), Failure> {
    match service.map(|service| service.status(deadline)) {
        Some(Err(error)) => Err(fail::service(&error)),
        Some(Ok(_)) | None => Ok(()),
    }
}
