//! The release that is to run.

use application::Application;
use std::path::PathBuf;
use step::Failure;

/// The live release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    /// Its name.
    pub(crate) name: String,
    /// The directory that it runs in, without links.
    pub(crate) directory: PathBuf,
}

/// What `current` selects.
pub(crate) fn live(application: &Application) -> Result<Live, Failure> {
    let link = application.link()?;
    let Some(name) = link.release() else {
        let message = format!("{} selects no release", application.layout.current);
        return Err(Failure::no("no-current", message).hint("release-swap --newest"));
    };
    Ok(Live {
        name: name.to_owned(),
        directory: application.runs_in(name)?.into(),
    })
}
