//! What a release would be, by looking alone.

use crate::request::{Request, Source};
use crate::{StageReport, fill, links, share, trouble};
use application::Application;
use deadline::Deadline;
use releases::name;
use std::io;
use std::path::Path;
use std::time::SystemTime;
use step::Failure;
use walkdir::WalkDir;

/// What is in a directory without what is left out. Nothing is installed or built, and no repository is asked, so of git
/// only that much is known: where the release would be.
pub(crate) fn foresee(
    application: &Application,
    request: &Request,
    at: SystemTime,
) -> Result<StageReport, Failure> {
    let layout = &application.layout;
    share::find(layout, &request.shares)?;
    let name = request.name.clone().unwrap_or_else(|| {
        name::next_free(&clock::compact(at), |name| {
            layout.releases.join(name).symlink_metadata().is_ok()
        })
    });
    let mut report = StageReport {
        path: layout.releases.join(&name).into(),
        release: name,
        kind: None,
        commit: None,
        files: 0,
        bytes: 0,
        linked: 0,
        copied: 0,
        start: request.start.clone(),
        dry_run: true,
    };
    if let Source::Directory(source) = &request.source {
        let root = fill::look(source)?;
        report.kind = Some(root.kind().name());
        report.start = report.start.or_else(|| root.start());
        count(source, request, &mut report)?;
    }
    Ok(report)
}

fn count(source: &Path, request: &Request, report: &mut StageReport) -> Result<(), Failure> {
    let inner = |path: &Path| path.strip_prefix(source).unwrap_or(path).to_path_buf();
    let mut found_links = Vec::new();
    let walk = WalkDir::new(source).min_depth(1).into_iter();
    for entry in walk.filter_entry(|entry| !request.exclude.leaves_out(&inner(entry.path()))) {
        Deadline::never().check()?;
        let failed = |error| trouble::at("read", source)(io::Error::from(error));
        let entry = entry.map_err(failed)?;
        if entry.file_type().is_symlink() {
            found_links.push(inner(entry.path()));
        } else if entry.file_type().is_file() {
            report.files += 1;
            report.bytes += entry.metadata().map_err(failed)?.len();
        }
    }
    report.copied = report.files;
    if report.files == 0 && found_links.is_empty() {
        return Err(crate::source::empty(&source.display().to_string()));
    }
    links::check(source, &found_links)
}
