//! What a directory must be so that a release can be made from it. `preflight` asks the same beforehand.

use crate::exclude::Exclude;
use deadline::{Deadline, Ended};
use releases::Layout;
use std::io;
use std::path::{Path, PathBuf};
use step::Failure;
use step::config::EnvFile;
use walkdir::WalkDir;

/// Refuses a relative path that one of these variables in the application's file has told: it would be another directory
/// wherever somebody deploys from.
pub fn is_absolute(told: &Path, variables: &[&str], file: Option<&EnvFile>) -> Result<(), Failure> {
    if told.is_absolute() {
        return Ok(());
    }
    for (file, variable) in file.into_iter().flat_map(|file| {
        let variables = variables.iter();
        variables.map(move |variable| (file, *variable))
    }) {
        let entry = file.get(variable);
        if let Some(entry) = entry.filter(|entry| Path::new(&entry.value) == told) {
            let (told, place) = (told.display(), file.path.display());
            return Err(Failure::no(
                "source-relative",
                format!("{variable} in {place} is {told}, which is another directory wherever one stands: it has to begin at /"),
            )
            .hint(format!("\"${{EDITOR:-vi}}\" +{} {place}", entry.line)));
        }
    }
    Ok(())
}

/// Refuses a source that contains the application's root or its releases, or lies in the releases: releases would be
/// copied into releases, and the state along with them. A build elsewhere in the root is fine.
pub fn is_apart(source: &Path, layout: &Layout) -> Result<(), Failure> {
    let source = physical(source);
    for (what, place, may_hold_it) in [
        ("the releases", &layout.releases, false),
        ("the application's root", &layout.root, true),
    ] {
        let place = physical(place.as_std_path());
        let how = if place == source {
            "is"
        } else if place.starts_with(&source) {
            "contains"
        } else if source.starts_with(&place) && !may_hold_it {
            "lies in"
        } else {
            continue;
        };
        return Err(Failure::no(
            "source-overlaps",
            format!(
                "{} {how} {what}, {}; what is deployed is built elsewhere",
                source.display(),
                place.display()
            ),
        )
        .hint("release-stage --source DIR"));
    }
    Ok(())
}

/// What does not exist is nowhere else than it says.
fn physical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Whether nothing but directories is left of it once `exclude` is left out.
pub fn is_empty(
    source: &Path,
    exclude: &Exclude,
    deadline: &Deadline,
) -> Result<io::Result<bool>, Ended> {
    let inner = |path: &Path| path.strip_prefix(source).unwrap_or(path).to_path_buf();
    let walk = WalkDir::new(source).min_depth(1).into_iter();
    for entry in walk.filter_entry(|entry| !exclude.leaves_out(&inner(entry.path()))) {
        deadline.check()?;
        match entry {
            Ok(entry) if entry.file_type().is_file() || entry.file_type().is_symlink() => {
                return Ok(Ok(false));
            }
            Ok(_) => {}
            Err(error) => return Ok(Err(error.into())),
        }
    }
    Ok(Ok(true))
}

/// The failure of a source of which nothing is left.
pub fn empty(source: &str) -> Failure {
    Failure::no(
        "source-empty",
        format!("{source} is empty, or nothing is left of it without what is left out"),
    )
    .hint(format!("ls -la {source}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use step::config;

    #[test]
    fn a_relative_path_is_none_for_a_file() {
        let file = EnvFile {
            path: "/etc/slipway/shop.env".into(),
            entries: config::parse(b"RELEASE_STAGE_SOURCE=dist\n").unwrap(),
        };
        let verdict =
            |told: &str, file| is_absolute(Path::new(told), &["RELEASE_STAGE_SOURCE"], file);
        let refused = verdict("dist", Some(&file)).unwrap_err();
        assert_eq!(refused.code(), "source-relative");
        assert!(refused.message().contains("/etc/slipway/shop.env"));
        // On the command line everybody knows where one stands.
        assert!(verdict("other", Some(&file)).is_ok());
        assert!(verdict("dist", None).is_ok());
        assert!(verdict("/srv/dist", Some(&file)).is_ok());
    }

    #[test]
    fn a_source_and_an_application_stand_apart() {
        let mut layout = Layout::new("/none/srv/shop");
        layout.releases = "/none/data/releases".into();
        let how = |source: &str| {
            let verdict = is_apart(Path::new(source), &layout);
            verdict.err().map(|failure| failure.message().to_owned())
        };
        assert_eq!(how("/none/home/build"), None);
        assert_eq!(how("/none/srv/shop/build"), None);
        assert_eq!(how("/none/srv/shop-build"), None);
        for (source, word) in [
            ("/none", "contains the releases"),
            ("/none/data/releases", "is the releases"),
            ("/none/data/releases/r1", "lies in the releases"),
            ("/none/srv", "contains the application's root"),
            ("/none/srv/shop", "is the application's root"),
        ] {
            let said = how(source).unwrap();
            assert!(said.contains(word), "{said}");
        }
    }
}
