//! Releases that run in a git working tree, into which they are mirrored.

use crate::{Application, fail};
use deadline::Deadline;
use host::Proc;
use releases::{Manifest, ManifestError};
use service::Status;
use state::Held;
use std::path::PathBuf;
use step::Failure;
use worktree::{Alone, Care, Mirrored, Release, Tree};

/// How a state calls an application whose releases are directories of their own.
pub(crate) const RELEASE: &str = "release";
/// How it calls one whose releases are mirrored into a working tree.
pub(crate) const IN_PLACE: &str = "in-place";

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
    pub fn is_placed(&self, release: &str) -> Result<bool, Failure> {
        match self.in_place(release)? {
            Some(place) => place.is_placed(&place.seen()?),
            None => Ok(true),
        }
    }

    /// Whether what runs began before its working tree held the live release, and so is not of it: where all releases run in
    /// the same directory, that is what tells them apart. Never of a release that is not in place.
    pub fn is_of_before(&self, status: &Status) -> Result<bool, Failure> {
        let link = self.link()?;
        let place = match link.release() {
            Some(live) => self.in_place(live)?,
            None => None,
        };
        let (Some(place), Some(pid)) = (place, status.main_pid) else {
            return Ok(false);
        };
        let since = place.seen()?.held_since();
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
    /// held meanwhile: who has the tree may wait for that.
    pub fn place(&self, release: &str, care: Care, deadline: &Deadline) -> Result<Placed, Failure> {
        match self.in_place(release)? {
            Some(place) => {
                let tree = place.open(deadline)?;
                let alone = alone(&tree, deadline)?;
                place.mirror(&tree, alone, care, deadline)
            }
            None => Ok(Placed::default()),
        }
    }

    /// [`Application::place`] for who holds the state's lock: it is let go of meanwhile, and whether all is as before is to be
    /// looked at again. With a failure comes the lock, where it could be had again. Only for a release in place.
    pub fn place_unlocked<'a>(
        &'a self,
        held: Held<'a>,
        release: &str,
        care: Care,
        deadline: &Deadline,
    ) -> Result<(Held<'a>, Placed), (Failure, Option<Held<'a>>)> {
        if matches!(self.in_place(release), Ok(None)) {
            return Ok((held, Placed::default()));
        }
        drop(held);
        let placed = self.place(release, care, deadline);
        let again = self.lock(&Deadline::never().uninterruptible());
        match (placed, again) {
            (Ok(placed), Ok(held)) => Ok((held, placed)),
            (Ok(_), Err(failure)) => Err((failure, None)),
            (Err(failure), again) => Err((failure, again.ok())),
        }
    }

    /// [`Application::place`] only where the release has not been mirrored whole: what people have changed since stays as it is.
    pub fn complete(&self, release: &str, deadline: &Deadline) -> Result<Placed, Failure> {
        match self.in_place(release)? {
            Some(place) => {
                let alone = alone(&place.seen()?, deadline)?;
                place.complete(alone, deadline)
            }
            None => Ok(Placed::default()),
        }
    }

    /// Comes before every start: where the working tree does not hold the live release, a mirror is at work, which is waited for,
    /// or one was ended in the middle, which is made good. What starts then is the one commit that is live.
    pub fn complete_live(&self, deadline: &Deadline) -> Result<Placed, Failure> {
        loop {
            let current = self.current()?;
            let place = match current.release() {
                Some(live) => self.in_place(live)?,
                None => None,
            };
            let Some(place) = place else {
                return Ok(Placed::default());
            };
            let tree = place.seen()?;
            if place.is_placed(&tree)? {
                return Ok(Placed::default());
            }
            let alone = alone(&tree, deadline)?;
            // Whoever has mirrored another release meanwhile has made that the live one.
            if self.current()? == current {
                return place.complete(alone, deadline);
            }
        }
    }

    /// Whether this release could be placed now, by looking alone.
    pub fn admits(&self, release: &str, deadline: &Deadline) -> Result<(), Failure> {
        match self.in_place(release)? {
            Some(place) => {
                let admitted = place.open(deadline)?.admits(&place.release(), deadline);
                admitted.map_err(|error| fail::worktree(&error))
            }
            None => Ok(()),
        }
    }

    /// Makes ready what [`Application::place`] will need, while the service still runs.
    pub fn prepare(&self, release: &str, deadline: &Deadline) -> Result<(), Failure> {
        match self.in_place(release)? {
            Some(place) => {
                let prepared = place.open(deadline)?.prepare(&place.release(), deadline);
                prepared.map_err(|error| fail::worktree(&error))
            }
            None => Ok(()),
        }
    }

    /// A release in place; nothing where it is another kind of release.
    pub fn in_place(&self, release: &str) -> Result<Option<Place>, Failure> {
        let Some(manifest) = self.manifest(release)? else {
            return Ok(None);
        };
        let (Some(root), Some(commit)) = (manifest.working_tree, manifest.commit) else {
            return Ok(None);
        };
        let directory =
            releases::resolve(&self.layout, release).map_err(|error| fail::resolve(&error))?;
        Ok(Some(Place {
            root: root.into(),
            name: release.to_owned(),
            directory: directory.into(),
            commit,
            outputs: manifest.outputs,
        }))
    }
}

fn alone(tree: &Tree, deadline: &Deadline) -> Result<Alone, Failure> {
    let alone = tree.alone(deadline);
    alone.map_err(|error| fail::worktree(&error))
}

/// A release in place, and where.
#[derive(Debug)]
pub struct Place {
    root: PathBuf,
    name: String,
    directory: PathBuf,
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

    /// The working tree.
    pub fn open(&self, deadline: &Deadline) -> Result<Tree, Failure> {
        Tree::open(&self.root, deadline).map_err(|error| fail::worktree(&error))
    }

    /// The same for a look: nobody has to be its owner.
    fn seen(&self) -> Result<Tree, Failure> {
        Tree::seen(&self.root).map_err(|error| fail::worktree(&error))
    }

    fn is_placed(&self, tree: &Tree) -> Result<bool, Failure> {
        let holds = tree.holds(&self.name, &self.commit);
        holds.map_err(|error| fail::worktree(&error))
    }

    fn complete(&self, alone: Alone, deadline: &Deadline) -> Result<Placed, Failure> {
        if self.is_placed(&self.seen()?)? {
            return Ok(Placed {
                _alone: Some(alone),
                ..Placed::default()
            });
        }
        self.mirror(&self.open(deadline)?, alone, Care::Save, deadline)
    }

    fn mirror(
        &self,
        tree: &Tree,
        alone: Alone,
        care: Care,
        deadline: &Deadline,
    ) -> Result<Placed, Failure> {
        let mirrored = tree.mirror_alone(&alone, &self.release(), care, deadline);
        let mirrored = mirrored.map_err(|error| fail::worktree(&error))?;
        Ok(Placed {
            mirrored,
            _alone: Some(alone),
        })
    }
}

/// A release that is where it runs. As long as this is kept nobody puts another one there: until the link is switched to it, whoever
/// starts the service would take that for a mirror that was killed.
#[derive(Debug, Default)]
pub struct Placed {
    /// What was done for it.
    pub mirrored: Mirrored,
    _alone: Option<Alone>,
}

impl Placed {
    /// What was found in the tree and is kept elsewhere, a line each, for people.
    pub fn tell(&self) {
        for saved in &self.mirrored.saved {
            step::relay(&format!("working tree: {saved}"));
        }
    }
}
