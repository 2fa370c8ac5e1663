//! What a release would be, by looking alone.

use crate::request::{Request, Source};
use crate::{StageReport, fill, in_place, links, share, size, trouble};
use application::Application;
use deadline::Deadline;
use releases::name;
use std::path::Path;
use std::time::SystemTime;
use step::Failure;

/// What is in a directory without what is left out. Nothing is installed or built, and no repository is asked, so of git
/// only that much is known: where the release would be.
pub(crate) fn foresee(
    application: &Application,
    request: &Request,
    at: SystemTime,
) -> Result<StageReport, Failure> {
    let layout = &application.layout;
    let shared = match &request.source {
        Source::InPlace(place) => place.directory.as_path(),
        _ => layout.shared.as_std_path(),
    };
    share::find(shared, &request.shares)?;
    let name = request.name.clone().unwrap_or_else(|| {
        name::next_free(&clock::compact(at), |name| {
            layout.releases.join(name).symlink_metadata().is_ok()
        })
    });
    let mut report = StageReport {
        changed: true,
        path: layout.releases.join(&name).into(),
        release: name,
        kind: None,
        commit: None,
        files: 0,
        bytes: 0,
        linked: 0,
        copied: 0,
        start: request.start.clone(),
        working_tree: None,
        outputs: Vec::new(),
        images: Vec::new(),
        adopted: None,
        dry_run: true,
    };
    if let Source::InPlace(place) = &request.source {
        report.working_tree = Some(in_place::look(place)?);
    }
    if let Source::Compose(_) = &request.source {
        report.kind = Some(service::COMPOSE);
    }
    if let Source::Directory(source) = &request.source {
        let root = fill::look(source)?;
        report.kind = Some(root.kind().name());
        report.start = report.start.or_else(|| root.start());
        count(source, request, &mut report)?;
    }
    Ok(report)
}

/// What is the same in the other release is known only once it is read: until then, all is counted as copied.
fn count(source: &Path, request: &Request, report: &mut StageReport) -> Result<(), Failure> {
    let size = size::of_directory(source, &request.exclude, None, &Deadline::never())?
        .map_err(trouble::at("read", source))?;
    report.files = size.files;
    report.bytes = size.bytes;
    report.copied = size.files;
    if size.files == 0 && size.links.is_empty() {
        return Err(crate::source::empty(&source.display().to_string()));
    }
    links::check(source, &size.links)
}
