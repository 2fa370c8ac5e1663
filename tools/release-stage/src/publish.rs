//! From a filled directory to a release that others see.

use crate::fill::Filled;
use application::{Application, Lease, fail};
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
    application: &Application,
    lease: &Lease<'_>,
    staging: Staging,
    filled: &Filled,
    fixed: Option<&str>,
    at: SystemTime,
    deadline: &Deadline,
) -> Result<(String, Utf8PathBuf), Failure> {
    // Most of it goes to the disk before the lock is taken, so that nobody waits for it. Publishing makes sure again.
    staging.sync().map_err(|error| fail::durable(&error))?;
    let mut held = lease.lock(deadline)?;
    application.learn(&mut held.state)?;
    let releases = &application.layout.releases;
    let is_taken = |name: &str| releases.join(name).symlink_metadata().is_ok();
    let name = match fixed {
        Some(name) if is_taken(name) => return Err(exists(&releases.join(name))),
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
        working_tree: None,
        outputs: Vec::new(),
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
    staging
        .publish(&path)
        .map_err(|error| fail::durable(&error))?;
    let note = held.state.staged(&name, filled.commit.as_deref());
    if let Err(error) = held.write(note) {
        // Nobody has been told of it: a release that the state does not know was not staged.
        durable::remove_tree(&path).ok();
        return Err(fail::store(error));
    }
    Ok((name, path))
}

/// There is a release of that name already.
pub(crate) fn exists(path: &Utf8Path) -> Failure {
    Failure::no("release-exists", format!("there is {path} already"))
        .hint("another --name, or none, for one after the time")
}

fn utf8(path: &Path) -> Result<&Utf8Path, Failure> {
    Utf8Path::from_path(path)
        .ok_or_else(|| Failure::impossible("io", format!("{} is not UTF-8", path.display())))
}
