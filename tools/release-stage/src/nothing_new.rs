//! What is wanted is live already.

use crate::{StageReport, fill};
use application::{Application, fail};
use state::Verdict;
use std::fs;
use step::Failure;

/// The live release, where it was validated.
pub(crate) fn validated(application: &Application) -> Result<Option<String>, Failure> {
    let link = application.link()?;
    let Some(live) = link.release() else {
        return Ok(None);
    };
    let is_good = application.load()?.verdict(live) == Verdict::Good;
    Ok(is_good.then(|| live.to_owned()))
}

/// The report of that release, as if it had been made now.
pub(crate) fn report(application: &Application, live: &str) -> Result<StageReport, Failure> {
    let path =
        releases::resolve(&application.layout, live).map_err(|error| fail::resolve(&error))?;
    let manifest = application.manifest(live)?;
    let root = fill::look(path.as_std_path())?;
    let (files, bytes) = fill::count(path.as_std_path())?;
    let is_of = |kind: &str| manifest.as_ref().is_some_and(|told| told.kind == kind);
    Ok(StageReport {
        changed: false,
        release: live.to_owned(),
        kind: Some(if is_of(service::COMPOSE) {
            service::COMPOSE
        } else {
            root.kind().name()
        }),
        commit: manifest.as_ref().and_then(|told| told.commit.clone()),
        files,
        bytes,
        linked: 0,
        copied: files,
        start: manifest.as_ref().and_then(|told| told.start.clone()),
        working_tree: manifest.as_ref().and_then(|told| told.working_tree.clone()),
        outputs: manifest.map_or_else(Vec::new, |told| told.outputs),
        adopted: None,
        images: Vec::new(),
        dry_run: false,
        path: fs::canonicalize(&path)
            .unwrap_or_else(|_| path.into())
            .to_string_lossy()
            .into_owned(),
    })
}
