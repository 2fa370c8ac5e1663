//! The release that is to run.

use application::Application;
use service::{Name, Service};
use std::fs;
use std::path::{Path, PathBuf};
use step::Failure;

/// The live release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    /// Its name; none of a Compose project that is deployed where it lies.
    pub(crate) name: Option<String>,
    /// The directory that it runs in, without links.
    pub(crate) directory: PathBuf,
}

impl Live {
    /// What a person calls it.
    pub(crate) fn called(&self) -> String {
        let place = || self.directory.display().to_string();
        self.name.clone().unwrap_or_else(place)
    }
}

/// What `current` selects.
pub(crate) fn live(application: &Application, service: &Service) -> Result<Live, Failure> {
    if let Some(directory) = project(application, service.name()) {
        return Ok(Live {
            name: None,
            directory,
        });
    }
    let link = application.link()?;
    let Some(name) = link.release() else {
        let message = format!("{} selects no release", application.layout.current);
        return Err(Failure::no("no-current", message).hint("release-swap --newest"));
    };
    Ok(Live {
        name: Some(name.to_owned()),
        directory: application.runs_in(name)?.into(),
    })
}

/// The directory of a Compose project that has no releases: it is not the link to the live one, nor any other link.
fn project(application: &Application, name: &Name) -> Option<PathBuf> {
    let Name::Compose { directory, .. } = name else {
        return None;
    };
    let path = Path::new(directory);
    let is_link = fs::symlink_metadata(path).is_ok_and(|data| data.is_symlink());
    let is_live = path == application.layout.current.as_std_path();
    let is_release = path.starts_with(&application.layout.releases);
    if is_link || is_live || is_release {
        return None;
    }
    fs::canonicalize(path).ok()
}
