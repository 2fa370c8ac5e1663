//! A release, put into the tree.

use crate::journal::{Mirroring, Moment, Placed};
use crate::obstacles::Ours;
use crate::{Alone, Error, Release, Tree, look, prepare};
use deadline::Deadline;
use durable::Staging;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// What becomes of what people have changed in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// It keeps the release out.
    Refuse,
    /// It is kept elsewhere: a rollback goes on.
    Save,
}

/// What a mirror goes by on its way.
struct Way<'a> {
    /// The outputs of ours that may be in the tree.
    ours: &'a [String],
    /// The commits of killed mirrors, whose files may be.
    killed: &'a [String],
    /// Whether no release of ours has come into the tree yet.
    is_first: bool,
    care: Care,
}

/// What a mirror came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mirrored {
    /// Whether the tree was touched.
    pub changed: bool,
    /// What was found changed and is kept elsewhere, a sentence each.
    pub saved: Vec<String>,
}

impl Tree {
    /// Makes the tree hold this release, whatever an earlier mirror was killed in. Idempotent. The branch that is checked out
    /// goes along; a detached HEAD stays one.
    ///
    /// An error before the tree was touched leaves all as it was. After one in the middle the next mirror, to whichever
    /// release, goes on. Once the tree is touched, no signal ends it.
    pub fn mirror(
        &self,
        release: &Release<'_>,
        care: Care,
        deadline: &Deadline,
    ) -> Result<Mirrored, Error> {
        let alone = self.alone(deadline)?;
        self.mirror_alone(&alone, release, care, deadline)
    }

    /// The same for who has the tree already.
    pub fn mirror_alone(
        &self,
        _: &Alone,
        release: &Release<'_>,
        care: Care,
        deadline: &Deadline,
    ) -> Result<Mirrored, Error> {
        is_sound(release)?;
        let broken = self.mirroring()?;
        if let Some(broken) = &broken {
            self.end_orphans(deadline)?;
            // Some of it may be in the tree already.
            self.discard(&broken.to)?;
            self.discard(release.name)?;
            self.sweep()?;
        }
        self.unlock_index()?;
        if self.resolve(release.commit, deadline).is_err() {
            self.bring(release.commit, deadline)?;
            self.resolve(release.commit, deadline)?;
        }
        let placed = self.placed()?;
        let mut ours: BTreeSet<String> = BTreeSet::new();
        ours.extend(placed.iter().flat_map(|placed| placed.outputs.clone()));
        ours.extend(broken.iter().flat_map(|broken| broken.outputs.clone()));
        let ours: Vec<String> = ours.into_iter().collect();
        let mut mirrored = Mirrored::default();
        if broken.is_none() && self.is_there(release, placed.as_ref(), deadline)? {
            return Ok(mirrored);
        }
        // Half a release speaks of no people: what is theirs in it is kept, and keeps nothing out.
        let care_of_theirs = if broken.is_some() { Care::Save } else { care };
        let killed = self.killed(broken.as_ref(), deadline);
        let way = Way {
            ours: &ours,
            killed: &killed,
            is_first: placed.is_none(),
            care: care_of_theirs,
        };
        let away = self.look_at_the_way(release, &way, deadline)?;
        let ready = self.ready(release, deadline)?;
        let firm = deadline.uninterruptible();
        let _lock = self.lock_index(care, &firm)?;
        if care_of_theirs == Care::Save {
            let known = placed.iter().map(|placed| placed.commit.clone());
            let known: Vec<String> = known.chain(killed.iter().cloned()).collect();
            let half = broken.is_some().then_some(&known[..]);
            mirrored.saved = self.save(release.commit, half.unwrap_or_default(), &firm)?;
        }
        mirrored.saved.extend(self.move_away(&away)?);
        mirrored.changed = true;
        let mut all: BTreeSet<String> = ours.iter().cloned().collect();
        all.extend(release.outputs.iter().cloned());
        self.write_mirroring(&Mirroring {
            to: release.name.into(),
            commit: release.commit.into(),
            outputs: all.into_iter().collect(),
            before: killed.clone(),
        })?;
        let aside = Staging::create(self.area(), 0o755)?;
        for old in ours.iter().filter(|old| !release.outputs.contains(old)) {
            self.aside(old, aside.path())?;
        }
        self.reset(release.commit, &killed, &firm)?;
        for new in release.outputs {
            self.aside(new, aside.path())?;
            prepare::make_parents(release.directory, self.root(), Path::new(new))?;
            durable::relocate(ready.join(new), self.root().join(new))?;
        }
        self.finish(release, placed.filter(|_| broken.is_none()), aside)?;
        Ok(mirrored)
    }

    /// Takes the tree as it stands for this release: what is checked out is its commit, and what its build makes lies there
    /// already, as far as it does.
    pub fn adopt(&self, release: &Release<'_>, deadline: &Deadline) -> Result<(), Error> {
        let _alone = self.alone(deadline)?;
        let is_there = |output: &&String| self.root().join(output).symlink_metadata().is_ok();
        self.write_placed(&Placed {
            release: release.name.into(),
            commit: release.commit.into(),
            outputs: release.outputs.iter().filter(is_there).cloned().collect(),
            since: None,
        })
    }

    /// Whether a mirror of this release would be refused, by looking alone.
    pub fn admits(&self, release: &Release<'_>, deadline: &Deadline) -> Result<(), Error> {
        is_sound(release)?;
        if self.mirroring()?.is_some() {
            // What a mirror was killed in says nothing of people.
            return Ok(());
        }
        let placed = self.placed()?;
        let ours = placed.as_ref().map_or(&[][..], |placed| &placed.outputs);
        let way = Way {
            ours,
            killed: &[],
            is_first: placed.is_none(),
            care: Care::Refuse,
        };
        self.look_at_the_way(release, &way, deadline).map(drop)
    }

    /// Whether the tree is as a mirror of this release leaves it, by looking alone.
    pub fn stands(&self, release: &Release<'_>, deadline: &Deadline) -> Result<bool, Error> {
        Ok(self.mirroring()?.is_none()
            && self.is_there(release, self.placed()?.as_ref(), deadline)?)
    }

    /// The commits whose files mirrors that were killed may have left in the tree, oldest first.
    fn killed(&self, broken: Option<&Mirroring>, deadline: &Deadline) -> Vec<String> {
        let mut killed: Vec<String> = Vec::new();
        for commit in broken.iter().flat_map(|broken| broken.all()) {
            // One that git does not have any more has not been seen since.
            if !killed.contains(commit) && self.resolve(commit, deadline).is_ok() {
                killed.push(commit.clone());
            }
        }
        killed
    }

    /// Whether all is as it is to be, so that the service need not even be disturbed.
    fn is_there(
        &self,
        release: &Release<'_>,
        placed: Option<&Placed>,
        deadline: &Deadline,
    ) -> Result<bool, Error> {
        let is_placed = placed.is_some_and(|placed| {
            placed.release == release.name && placed.commit == release.commit
        });
        if !is_placed || self.head(deadline)?.commit.as_deref() != Some(release.commit) {
            return Ok(false);
        }
        let lies = |output: &String| self.root().join(output).symlink_metadata().is_ok();
        let all = release.outputs.iter().all(lies);
        match self.is_clean(deadline) {
            Ok(()) => Ok(all),
            Err(error) if matches!(error.code, "tree-dirty" | "half-done") => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Looks at what a mirror would run over; what has to be moved away first. In a tree that no release of ours has come into
    /// yet, what lies at the place of an output is an output of a build by hand: it is moved away too.
    fn look_at_the_way(
        &self,
        release: &Release<'_>,
        way: &Way<'_>,
        deadline: &Deadline,
    ) -> Result<Vec<PathBuf>, Error> {
        let Way { is_first, care, .. } = *way;
        if care == Care::Refuse {
            self.is_clean(deadline)?;
            self.loses_nothing(release.commit, deadline)?;
        }
        let index = self.index_with(way.killed, deadline)?;
        let ours = Ours::new(way.ours, index.as_deref());
        let files = self.under_files(release, &ours, deadline)?;
        let outputs = self.under_outputs(release, &ours, deadline)?;
        let refused: Vec<PathBuf> = match (care, is_first) {
            (Care::Save, _) => Vec::new(),
            (Care::Refuse, true) => files.clone(),
            (Care::Refuse, false) => files.iter().chain(&outputs).cloned().collect(),
        };
        if !refused.is_empty() {
            let root = self.root().display();
            return Err(Error::no(
                "in-the-way",
                format!(
                    "{} has of its own in {root} what is not committed: {}",
                    release.name,
                    look::named(&refused)
                ),
            )
            .hint(look::out_of_the_way(self.root(), &refused[0])));
        }
        // What lies in another one goes with it.
        let mut away: Vec<PathBuf> = Vec::new();
        let both: BTreeSet<PathBuf> = files.into_iter().chain(outputs).collect();
        for path in both {
            if !away.iter().any(|above| path.starts_with(above)) {
                away.push(path);
            }
        }
        Ok(away)
    }

    /// Takes what lies at this path out of the tree, and directories above it that nothing is left in.
    fn aside(&self, output: &str, aside: &Path) -> Result<(), Error> {
        let (place, output) = (self.root().join(output), Path::new(output));
        match place.symlink_metadata() {
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(());
            }
            Err(error) => return Err(Error::io("look at", &place)(error)),
            Ok(_) => {}
        }
        prepare::make_parents(self.root(), aside, output)?;
        durable::relocate(&place, aside.join(output))?;
        for above in output
            .ancestors()
            .skip(1)
            .filter(|above| !above.as_os_str().is_empty())
        {
            // One in which something is left stays.
            if fs::remove_dir(self.root().join(above)).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Everything onto the disk; only then the tree is known to hold the release. What lay there before is the way back.
    fn finish(
        &self,
        release: &Release<'_>,
        before: Option<Placed>,
        aside: Staging,
    ) -> Result<(), Error> {
        // The same release, tidied up: who runs out of it since then still does.
        let same = before
            .as_ref()
            .filter(|before| before.release == release.name && before.commit == release.commit);
        let since = same.map_or_else(Moment::now, |same| same.since.clone());
        // Emptied, it would be taken for outputs made ready.
        self.discard(release.name)?;
        let whole = before.filter(|before| {
            let lies = |output: &String| aside.path().join(output).symlink_metadata().is_ok();
            before.release != release.name && before.outputs.iter().all(lies)
        });
        let place = whole.map(|before| self.ready_place(&before.release));
        if let Some(place) = place.filter(|place| place.symlink_metadata().is_err()) {
            durable::create_directory(self.area().join("outputs"), 0o755)?;
            aside.publish(place)?;
        } else {
            durable::sync(self.root())?;
            aside.discard()?;
        }
        self.write_placed(&Placed {
            release: release.name.into(),
            commit: release.commit.into(),
            outputs: release.outputs.to_vec(),
            since,
        })
    }
}

/// Its outputs are read from a file; none may lead anywhere else.
fn is_sound(release: &Release<'_>) -> Result<(), Error> {
    let leads_astray = |output: &&String| {
        let mut parts = Path::new(output).components().peekable();
        parts.peek().is_none_or(|first| first.as_os_str() == ".git")
            || parts.any(|part| !matches!(part, Component::Normal(_)))
    };
    match release.outputs.iter().find(leads_astray) {
        None => Ok(()),
        Some(output) => Err(Error::impossible(
            "damaged-file",
            format!(
                "{} names {output:?} as one of its outputs, which is none",
                release.name
            ),
        )
        .hint(format!("cat {}/.release.json", release.directory.display()))),
    }
}
