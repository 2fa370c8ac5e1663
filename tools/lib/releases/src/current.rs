//! Which release is live, as the disk shows it.

use crate::layout::{Layout, PathError, physical};
use crate::name;
use camino::{Utf8Path, Utf8PathBuf};
use std::io;

/// What `current` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Current {
    /// There is none: nothing was ever live here.
    Absent,
    /// A link to the release of this name.
    Release(String),
    /// A link to something that exists and is no release; where it leads in the end.
    Outside(Utf8PathBuf),
    /// A link to nothing; what the link says.
    Dangling(Utf8PathBuf),
    /// A directory or a file, which no switch ever touches.
    NotALink,
}

impl Current {
    /// The live release's name, where there is one.
    pub fn release(&self) -> Option<&str> {
        match self {
            Self::Release(name) => Some(name),
            _ => None,
        }
    }
}

/// Looks at `current`. What it is, however odd, is a value; an error is only what could not be looked at.
pub fn current(layout: &Layout) -> Result<Current, PathError> {
    // A slash at the end would make the system look at what the link points at.
    let link: Utf8PathBuf = layout.current.components().collect();
    let failed = || PathError::at(&link);
    let kind = match link.as_std_path().symlink_metadata() {
        Ok(status) => status.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Current::Absent),
        Err(error) => return Err(failed()(error)),
    };
    if !kind.is_symlink() {
        return Ok(Current::NotALink);
    }
    let target = match link.as_std_path().canonicalize() {
        Ok(target) => target,
        Err(error) if leads_nowhere(&error) => {
            let says = link.as_std_path().read_link();
            let says = says.map_err(failed())?.to_string_lossy().into_owned();
            return Ok(Current::Dangling(says.into()));
        }
        Err(error) => return Err(failed()(error)),
    };
    let target = match Utf8PathBuf::from_path_buf(target) {
        Ok(target) => target,
        Err(target) => {
            return Ok(Current::Outside(
                target.to_string_lossy().into_owned().into(),
            ));
        }
    };
    Ok(match release_at(layout, &target)? {
        Some(name) => Current::Release(name),
        None => Current::Outside(target),
    })
}

/// A target that is gone, or links that point at each other.
fn leads_nowhere(error: &io::Error) -> bool {
    use nix::libc::{ELOOP, ENOENT, ENOTDIR};
    matches!(error.raw_os_error(), Some(ELOOP | ENOENT | ENOTDIR))
}

/// The name of the release whose physical directory `path` is.
fn release_at(layout: &Layout, path: &Utf8Path) -> Result<Option<String>, PathError> {
    let releases = match physical(&layout.releases) {
        Err(error) if error.source.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let name = path.file_name().filter(|name| {
        path.parent() == Some(&releases) && name::validate(name).is_ok() && path.is_dir()
    });
    Ok(name.map(str::to_string))
}
