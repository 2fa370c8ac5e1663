//! From a filled directory to a release that others see.

use crate::Maker;
use crate::fill::Filled;
use crate::in_place::Checkout;
use application::fail;
use camino::{Utf8Path, Utf8PathBuf};
use deadline::Deadline;
use durable::Staging;
use releases::{Manifest, ManifestError, SCHEMA, name};
use std::path::Path;
use std::time::SystemTime;
use step::Failure;

/// Gives the release its manifest, its name and its place in the order; all or nothing. Its name and where it is.
///
/// `fixed` is the name that was asked for; else the release is called after the moment `at`.
pub(crate) fn publish(
    maker: &Maker<'_>,
    staging: Staging,
    filled: &Filled,
    fixed: Option<&str>,
    at: SystemTime,
    checkout: Option<&Checkout<'_>>,
    deadline: &Deadline,
) -> Result<(String, Utf8PathBuf), Failure> {
    let (application, lease) = (maker.application, maker.lease);
    // Most of it goes to the disk before the lock is taken, so that nobody waits for it. Publishing makes sure again.
    staging.sync().map_err(|error| fail::durable(&error))?;
    let mut held = lease.lock(deadline)?;
    application.learn(&mut held.state)?;
    let releases = &application.layout.releases;
    let is_kept = |name: &str| checkout.is_some_and(|checkout| checkout.keeps(name, deadline));
    let is_taken = |name: &str| releases.join(name).symlink_metadata().is_ok() || is_kept(name);
    let name = match fixed {
        Some(name) if releases.join(name).symlink_metadata().is_ok() => {
            return Err(exists(&releases.join(name)));
        }
        Some(name) => name.to_owned(),
        None => name::next_free(&clock::compact(at), is_taken),
    };
    let manifest = Manifest {
        schema: SCHEMA,
        name: name.clone(),
        sequence: held.state.next_sequence,
        created_at: at,
        kind: filled.kind.into(),
        commit: filled.commit.clone(),
        source: Some(filled.source.clone()),
        files: filled.files,
        bytes: filled.bytes,
        start: filled.start.clone(),
        working_tree: checkout.map(Checkout::tree_path),
        outputs: filled.outputs.clone(),
    };
    manifest
        .write(utf8(staging.path())?)
        .map_err(|error| match error {
            ManifestError::File(error) => fail::durable(&error),
            other => Failure::impossible("io", other),
        })?;
    let path = application
        .layout
        .physical_releases()
        .map_err(|error| Failure::impossible("io", error))?
        .join(&name);
    if let Some(checkout) = checkout {
        checkout.keep(&name, deadline)?;
    }
    if let Err(error) = staging.publish(&path) {
        let_go(checkout, &name);
        return Err(fail::durable(&error));
    }
    let note = held.state.staged(&name, filled.commit.as_deref());
    if let Err(error) = held.write(note) {
        // Nobody has been told of it: a release that the state does not know was not staged.
        durable::remove_tree(&path).ok();
        let_go(checkout, &name);
        return Err(fail::store(error));
    }
    Ok((name, path))
}

/// Nothing needs the commit of a release that is none.
fn let_go(checkout: Option<&Checkout<'_>>, name: &str) {
    if let Some(checkout) = checkout {
        checkout.let_go(name);
    }
}

/// There is a release of that name already.
pub(crate) fn exists(path: &Utf8Path) -> Failure {
    Failure::no(
        "release-exists",
        format!("there is {path} already; without --name it is called after the time"),
    )
    .hint("release-stage")
}

fn utf8(path: &Path) -> Result<&Utf8Path, Failure> {
    Utf8Path::from_path(path)
        .ok_or_else(|| Failure::impossible("io", format!("{} is not UTF-8", path.display())))
}
