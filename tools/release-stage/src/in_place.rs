//! Releases for a working tree: the commit that is wanted and, before the first of them, the one that runs already.

use crate::request::{InPlace, Request};
use crate::{LIMIT, Maker, StageReport, known_bad, nothing_new};
use application::{fail, record};
use deadline::Deadline;
use durable::Staging;
use std::path::{Path, PathBuf};
use step::{Context, Failure};
use worktree::Tree;

/// How many of the committed files that a build has changed are named.
const NAMED: usize = 5;

/// One commit of a working tree, to be checked out elsewhere.
pub(crate) struct Checkout<'a> {
    tree: &'a Tree,
    commit: &'a str,
    /// git's list of what is checked out there.
    index: PathBuf,
}

/// Makes the release that is wanted, and before it, where nothing is live yet, one of what is checked out.
pub(crate) fn stage(maker: &Maker<'_>, wanted: &InPlace) -> Result<StageReport, Failure> {
    let (application, context) = (maker.application, maker.context);
    let failed = |error: worktree::Error| fail::worktree(&error);
    let deadline = context.deadline(maker.request.copy_timeout);
    let tree = Tree::open(&wanted.directory, &deadline).map_err(failed)?;
    tree.is_clean(&deadline).map_err(failed)?;
    context.note(format!("fetching into {}", tree.root().display()));
    let commit = tree.fetch(&wanted.revision, &deadline).map_err(failed)?;
    tree.loses_nothing(&commit, &deadline).map_err(failed)?;
    if !maker.request.force {
        known_bad::of_commit(application, &commit, "deploy-in-place", context)?;
        if let Some(live) = is_live(maker, &commit, &deadline)? {
            return nothing_new::report(application, &live);
        }
    }
    let releases = application.layout.physical_releases();
    let releases = releases.map_err(|error| Failure::impossible("io", error))?;
    // Removed at the end of this, or by recovery.
    let indexes = Staging::create(&releases, 0o700).map_err(|error| fail::durable(&error))?;
    let head = tree.head(&deadline).map_err(failed)?.commit;
    let is_first = wanted.adopt && application.link()?.release().is_none();
    let mut adopted = None;
    if let Some(head) = head.filter(|head| is_first && *head != commit) {
        context.note(format!(
            "{head} is checked out and becomes the release to come back to"
        ));
        let checkout = Checkout {
            tree: &tree,
            commit: &head,
            index: indexes.path().join("adopted"),
        };
        let made = maker.make(None, Some(&checkout));
        let release = made.map_err(|failure| of_what_runs(&failure))?;
        adopt(maker, &release.release)?;
        adopted = Some(release.release);
    }
    let checkout = Checkout {
        tree: &tree,
        commit: &commit,
        index: indexes.path().join("wanted"),
    };
    let mut report = maker.make(maker.request.name.as_deref(), Some(&checkout))?;
    report.adopted = adopted;
    // Copied while the service still runs; where it cannot be, the switch says so before it touches anything.
    let ready = application.prepare(
        &report.release,
        &context.deadline(maker.request.copy_timeout),
    );
    if let Err(failure) = ready {
        context.note(format!("not made ready yet: {}", failure.message()));
    }
    Ok(report)
}

/// The live release, where it was validated, is of that commit, and is in the tree as it was put there.
fn is_live(
    maker: &Maker<'_>,
    commit: &str,
    deadline: &Deadline,
) -> Result<Option<String>, Failure> {
    let application = maker.application;
    let live = nothing_new::validated(application)?;
    let Some(live) = live.filter(|_| maker.request.name.is_none()) else {
        return Ok(None);
    };
    let Some(place) = application.in_place(&live)? else {
        return Ok(None);
    };
    if place.release().commit != commit {
        return Ok(None);
    }
    let stands = place.open(deadline)?.stands(&place.release(), deadline);
    let stands = stands.map_err(|error| fail::worktree(&error))?;
    Ok(stands.then_some(live))
}

/// The failure of the release that is only made to come back to.
fn of_what_runs(failure: &Failure) -> Failure {
    let message = format!(
        "of what is checked out now, to which this deploy would lead back: {}; without that release nothing does",
        failure.message()
    );
    let again = Failure::new(failure.exit(), failure.code(), message);
    match failure.hint_text() {
        // What is mended in the file keeps the way back.
        Some(hint) if failure.code() == "no-command" => again.hint(hint),
        _ => again.hint("release-stage --no-adopt"),
    }
}

/// The release that was made of what is checked out is what runs: it is selected, and nothing in the tree is touched.
fn adopt(maker: &Maker<'_>, name: &str) -> Result<(), Failure> {
    let application = maker.application;
    let deadline = maker.context.deadline(LIMIT);
    let Some(place) = application.in_place(name)? else {
        return Ok(());
    };
    let adopted = place.open(&deadline)?.adopt(&place.release(), &deadline);
    adopted.map_err(|error| fail::worktree(&error))?;
    let mut held = maker.lease.lock(&deadline)?;
    application.switch_link(name)?;
    held.state.kind = application.kind_of(name)?.into();
    record(&mut held, |state| state.adopted(maker.lease.id(), name))?;
    maker.context.note(format!("adopted: {name}"));
    Ok(())
}

/// The tree, as far as looking alone tells: physical.
pub(crate) fn look(wanted: &InPlace) -> Result<String, Failure> {
    let deadline = Deadline::after(LIMIT);
    let failed = |error: worktree::Error| fail::worktree(&error);
    let tree = Tree::open(&wanted.directory, &deadline).map_err(failed)?;
    tree.is_clean(&deadline).map_err(failed)?;
    Ok(tree.root().to_string_lossy().into_owned())
}

impl Checkout<'_> {
    /// Checks it out into the empty directory `release`; the commit, in full.
    pub(crate) fn take(
        &self,
        context: &Context,
        release: &Path,
        deadline: &Deadline,
    ) -> Result<String, Failure> {
        context.note(format!("commit {}", self.commit));
        let exported = self
            .tree
            .export(self.commit, release, &self.index, deadline);
        exported.map_err(|error| fail::worktree(&error))?;
        Ok(self.commit.to_owned())
    }

    /// Where what is shared lies: in place that is the tree's own.
    pub(crate) fn shared(&self) -> &Path {
        self.tree.root()
    }

    /// What the build has made. What it has changed of the commit is only said: in the tree it is as it was committed.
    pub(crate) fn outputs(
        &self,
        context: &Context,
        request: &Request,
        release: &Path,
    ) -> Result<Vec<String>, Failure> {
        let deadline = context.deadline(LIMIT);
        let shares: Vec<String> = request.shares.iter().map(ToString::to_string).collect();
        let built = self.tree.built(release, &self.index, &shares, &deadline);
        let mut built = built.map_err(|error| fail::worktree(&error))?;
        built
            .changed
            .retain(|path| !shares.iter().any(|share| path.starts_with(share)));
        for path in built.changed.iter().take(NAMED) {
            context.note(format!(
                "the build changes {}, which stays as committed in the tree",
                path.display()
            ));
        }
        if let more @ 1.. = built.changed.len().saturating_sub(NAMED) {
            context.note(format!("changed like these: {more} more"));
        }
        Ok(built.outputs)
    }

    /// The tree's path, for the manifest.
    pub(crate) fn tree_path(&self) -> String {
        self.tree.root().to_string_lossy().into_owned()
    }

    /// Whether a commit is kept under that name already; by another application in the same repository, as it may be.
    pub(crate) fn keeps(&self, name: &str, deadline: &Deadline) -> bool {
        self.tree.keeps(name, deadline).unwrap_or(false)
    }

    /// Keeps the commit for the release of that name.
    pub(crate) fn keep(&self, name: &str, deadline: &Deadline) -> Result<(), Failure> {
        let kept = self.tree.keep(name, self.commit, deadline);
        kept.map_err(|error| fail::worktree(&error))
    }

    /// Keeps it no longer; what stays is harmless.
    pub(crate) fn let_go(&self, name: &str) {
        let deadline = Deadline::after(LIMIT).uninterruptible();
        self.tree.forget(name, self.commit, &deadline).ok();
    }
}
