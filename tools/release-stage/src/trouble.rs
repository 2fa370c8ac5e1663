//! Errors of single files as failures of the step.

use nix::errno::Errno;
use std::io;
use std::path::Path;
use step::Failure;

/// Makes a function for `map_err`: `action` is the verb, `path` what it was done to.
pub(crate) fn at<E: Into<io::Error>>(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(E) -> Failure {
    let path = path.to_path_buf();
    move |error| {
        let error: io::Error = error.into();
        // The standard library adds "(os error 28)", which helps nobody at night.
        let said = match error.raw_os_error() {
            Some(number) => Errno::from_raw(number).desc().to_owned(),
            None => error.to_string(),
        };
        let failure =
            Failure::impossible("io", format!("cannot {action} {}: {said}", path.display()));
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                failure.hint("release-prune")
            }
            _ => failure,
        }
    }
}

/// The same for something in the source, where what is gone went while it was copied.
pub(crate) fn in_source<E: Into<io::Error>>(path: &Path) -> impl FnOnce(E) -> Failure {
    let path = path.to_path_buf();
    move |error| {
        let error: io::Error = error.into();
        if error.kind() == io::ErrorKind::NotFound {
            return Failure::no(
                "source-changed",
                format!(
                    "{} went away while it was copied; it is staged once nobody changes it",
                    path.display()
                ),
            )
            .hint("release-stage");
        }
        at("copy", &path)(error)
    }
}
