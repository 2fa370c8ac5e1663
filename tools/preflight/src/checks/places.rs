//! The directories in which a deploy writes.

use crate::given::Given;
use camino::{Utf8Path, Utf8PathBuf};
use std::fs;
use std::os::unix::fs::MetadataExt;

/// The directories that a deploy writes into, as they are or, where one is still to be made, the nearest that exists above it.
/// Without an application: where we are.
pub(super) fn written(given: &Given) -> Vec<Utf8PathBuf> {
    let Some(application) = &given.application else {
        return vec![".".into()];
    };
    let layout = &application.layout;
    let mut places = vec![layout.root.clone(), layout.releases.clone()];
    places.extend(layout.current.parent().map(Utf8Path::to_owned));
    places.extend(layout.state.parent().map(Utf8Path::to_owned));
    let mut existing: Vec<Utf8PathBuf> = Vec::new();
    for place in places {
        let place = nearest(&place);
        if !existing.contains(&place) {
            existing.push(place);
        }
    }
    existing
}

/// One directory for each file system that a deploy writes to.
pub(super) fn file_systems(given: &Given) -> Vec<Utf8PathBuf> {
    let mut devices = Vec::new();
    written(given)
        .into_iter()
        .filter(|place| match fs::metadata(place) {
            Ok(data) if devices.contains(&data.dev()) => false,
            Ok(data) => {
                devices.push(data.dev());
                true
            }
            // The check that asks will say why.
            Err(_) => true,
        })
        .collect()
}

/// The path itself, or the nearest above it that exists.
pub(super) fn nearest(path: &Utf8Path) -> Utf8PathBuf {
    path.ancestors()
        .find(|path| path.exists())
        .unwrap_or(Utf8Path::new("/"))
        .to_owned()
}
