//! Releases that run in a git working tree, into which they are mirrored.

use crate::{Application, fail};
use deadline::Deadline;
use host::Proc;
use releases::{Manifest, ManifestError};
use service::Status;
use std::path::Path;
use step::Failure;
use worktree::{Care, Mirrored, Release, Tree};

/// How a state calls an application whose releases are directories of their own.
const RELEASE: &str = "release";
/// How it calls one whose releases are mirrored into a working tree.
const IN_PLACE: &str = "in-place";

impl Application {
    /// What this release says of itself; nothing where it was not staged by this program.
    pub fn manifest(&self, release: &str) -> Result<Option<Manifest>, Failure> {
        let directory =
            releases::resolve(&self.layout, release).map_err(|error| fail::resolve(&error))?;
        match Manifest::read(&directory) {
            Ok(manifest) => Ok(Some(manifest)),
            Err(ManifestError::Absent(_)) => Ok(None),
            Err(error) => Err(fail::manifest(&error)),
        }
    }

    /// How this release is deployed, in the words of the state's `kind`.
    pub fn kind_of(&self, release: &str) -> Result<&'static str, Failure> {
        let Some(manifest) = self.manifest(release)? else {
            return Ok(RELEASE);
        };
        Ok(match manifest.working_tree {
            Some(_) => IN_PLACE,
            None if manifest.kind == service::COMPOSE => service::COMPOSE,
            None => RELEASE,
        })
    }

    /// Whether this release is where it runs: always, but for one in place that has not been mirrored whole.
    pub fn is_placed(&self, release: &str, deadline: &Deadline) -> Result<bool, Failure> {
        match self.in_place(release, deadline)? {
            Some(place) => place.is_placed(),
            None => Ok(true),
        }
    }

    /// Whether what runs began before its working tree held the live release, and so is not of it: where all releases run in
    /// the same directory, that is what tells them apart. Never of a release that is not in place.
    pub fn is_of_before(&self, status: &Status, deadline: &Deadline) -> Result<bool, Failure> {
        let link = self.link()?;
        let place = match link.release() {
            Some(live) => self.in_place(live, deadline)?,
            None => None,
        };
        let (Some(place), Some(pid)) = (place, status.main_pid) else {
            return Ok(false);
        };
        let since = place.tree.held_since();
        let since = since.map_err(|error| fail::worktree(&error))?;
        let began = Proc::system().stat(pid).ok();
        let (Some(since), Some(began)) = (since, began) else {
            return Ok(false);
        };
        // The kernel tells a start in whole ticks, rounded down.
        let ticks = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let ticks = ticks.saturating_mul(host::ticks_per_second()) / 1000;
        Ok(began.start_time < ticks)
    }

    /// Mirrors this release into its working tree, where it is one in place; nothing is done for any other. Finishes or undoes what an
    /// earlier mirror was killed in. May take as long as copying what the release's build made: the state's lock is not
    /// held meanwhile by whoever holds a lease.
    pub fn place(
        &self,
        release: &str,
        care: Care,
        deadline: &Deadline,
    ) -> Result<Mirrored, Failure> {
        match self.in_place(release, deadline)? {
            Some(place) => {
                let mirrored = place.tree.mirror(&place.release(), care, deadline);
                mirrored.map_err(|error| fail::worktree(&error))
            }
            None => Ok(Mirrored::default()),
        }
    }

    /// Whether this release could be placed now, by looking alone.
    pub fn admits(&self, release: &str, deadline: &Deadline) -> Result<(), Failure> {
        match self.in_place(release, deadline)? {
            Some(place) => {
                let admitted = place.tree.admits(&place.release(), deadline);
                admitted.map_err(|error| fail::worktree(&error))
            }
            None => Ok(()),
        }
    }

    /// Makes ready what [`Application::place`] will need, while the service still runs.
    pub fn prepare(&self, release: &str, deadline: &Deadline) -> Result<(), Failure> {
        match self.in_place(release, deadline)? {
            Some(place) => {
                let prepared = place.tree.prepare(&place.release(), deadline);
                prepared.map_err(|error| fail::worktree(&error))
            }
            None => Ok(()),
        }
    }

    /// A release in place and its working tree; nothing where it is another kind of release.
    pub fn in_place(&self, release: &str, deadline: &Deadline) -> Result<Option<Place>, Failure> {
        let Some(manifest) = self.manifest(release)? else {
            return Ok(None);
        };
        let (Some(tree), Some(commit)) = (manifest.working_tree, manifest.commit) else {
            return Ok(None);
        };
        let directory =
            releases::resolve(&self.layout, release).map_err(|error| fail::resolve(&error))?;
        let tree =
            Tree::open(Path::new(&tree), deadline).map_err(|error| fail::worktree(&error))?;
        Ok(Some(Place {
            tree,
            name: release.to_owned(),
            directory: directory.into(),
            commit,
            outputs: manifest.outputs,
        }))
    }
}

/// A release in place, and where.
#[derive(Debug)]
pub struct Place {
    /// The working tree.
    pub tree: Tree,
    name: String,
    directory: std::path::PathBuf,
    commit: String,
    outputs: Vec<String>,
}

impl Place {
    /// The release as the tree takes it.
    pub fn release(&self) -> Release<'_> {
        Release {
            name: &self.name,
            directory: &self.directory,
            commit: &self.commit,
            outputs: &self.outputs,
        }
    }

    fn is_placed(&self) -> Result<bool, Failure> {
        let holds = self.tree.holds(&self.name, &self.commit);
        holds.map_err(|error| fail::worktree(&error))
    }
}
