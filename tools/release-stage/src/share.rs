//! What every release shares: links from the release into `shared/`.

use crate::trouble;
use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use releases::MANIFEST;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use step::Failure;

/// Whether these can be shared paths: each leads down from the root, and none lies within another.
pub(crate) fn check(shares: &[Utf8PathBuf]) -> Result<(), Failure> {
    for (place, share) in shares.iter().enumerate() {
        let plain = share
            .components()
            .all(|part| matches!(part, Utf8Component::Normal(_)));
        if share.as_str().is_empty() || !plain || share == MANIFEST {
            return Err(Failure::usage(format!(
                "--share: {share:?} is no path within a release"
            )));
        }
        let nested = shares[..place]
            .iter()
            .find(|other| share.starts_with(other) || other.starts_with(share));
        if let Some(other) = nested {
            return Err(Failure::usage(format!(
                "--share: {share} and {other} lie within each other"
            )));
        }
    }
    Ok(())
}

/// Whether everything that is to be shared is there, in `base`.
pub fn find(base: &Path, shares: &[Utf8PathBuf]) -> Result<(), Failure> {
    let targets = shares.iter().map(|share| base.join(share));
    match targets.into_iter().find(|target| !target.exists()) {
        None => Ok(()),
        Some(target) => {
            let (message, hint) = missing(&target);
            Err(Failure::no("shared-missing", message).hint(hint))
        }
    }
}

/// What is said of a shared path that is not there, and what makes it. A directory in the place of a file would be found there
/// and be shared.
fn missing(target: &Path) -> (String, String) {
    let place = step::quoted(&target.to_string_lossy());
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let message = format!(
        "there is no {} to share, neither a directory nor a file",
        target.display()
    );
    if !name.contains('.') {
        return (message, format!("mkdir -p {place}"));
    }
    let above = target.parent().unwrap_or(Path::new("/"));
    (
        format!("{message}; a file that the application has elsewhere is copied there"),
        format!(
            "mkdir -p {} && \"${{EDITOR:-vi}}\" {place}",
            step::quoted(&above.to_string_lossy())
        ),
    )
}

/// Makes the links into `base` in `release`, the directory that becomes the release; what lies in a link's place gives way.
pub(crate) fn link(
    base: &Path,
    release: &Path,
    shares: &[Utf8PathBuf],
) -> Result<Vec<(PathBuf, PathBuf)>, Failure> {
    find(base, shares)?;
    let mut links = Vec::new();
    for share in shares {
        let place = release.join(share);
        let mut above = release.to_path_buf();
        for part in share.parent().unwrap_or(Utf8Path::new("")) {
            above.push(part);
            make_directory(&above)?;
        }
        give_way(&place)?;
        let physical = fs::canonicalize(base)
            .map_err(trouble::at("find", base))?
            .join(share);
        let target = relative(&above, &physical);
        symlink(&target, &place).map_err(trouble::at("link", &place))?;
        links.push((place, target));
    }
    Ok(links)
}

/// Whether the links are still there, after commands that may do what they like.
pub(crate) fn verify(links: &[(PathBuf, PathBuf)]) -> Result<(), Failure> {
    for (place, target) in links {
        if fs::read_link(place).ok().as_ref() != Some(target) {
            return Err(Failure::no(
                "share-replaced",
                format!(
                    "the build put something else in the place of the link {}, and may not write to what is shared",
                    place.display()
                ),
            )
            .hint(format!("ls -ld {}", target.display())));
        }
    }
    Ok(())
}

/// A real directory, made if it is missing: a link on the way would put ours elsewhere.
fn make_directory(path: &Path) -> Result<(), Failure> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(Failure::no(
            "share-obstructed",
            format!(
                "{} is not a directory, and a shared path lies in it",
                path.display()
            ),
        )),
        Err(_) => fs::create_dir(path).map_err(trouble::at("create", path)),
    }
}

fn give_way(place: &Path) -> Result<(), Failure> {
    match fs::symlink_metadata(place) {
        Err(_) => Ok(()),
        Ok(found) if found.is_dir() => durable::remove_tree(place)
            .map(drop)
            .map_err(|error| application::fail::durable(&error)),
        Ok(_) => fs::remove_file(place).map_err(trouble::at("remove", place)),
    }
}

/// The way from the directory `from` to `to`, both absolute and physical. The release is renamed in its directory, which
/// changes none of it.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let (mut here, mut there) = (from.components().peekable(), to.components().peekable());
    while here.peek().is_some() && here.peek() == there.peek() {
        here.next();
        there.next();
    }
    let up = here.map(|_| Path::new(".."));
    let down = there.map(|part| Path::new(part.as_os_str()));
    up.chain(down).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_paths_within_a_release_are_shared_and_none_in_another() {
        let check = |shares: &[&str]| {
            let shares: Vec<Utf8PathBuf> = shares.iter().map(Into::into).collect();
            check(&shares).is_ok()
        };
        assert!(check(&[]));
        assert!(check(&[".env", "public/uploads", "public/cache"]));
        for shares in [
            &[""][..],
            &["/etc"],
            &["../x"],
            &["a/../b"],
            &["."],
            &[".release.json"],
            &["a", "a/b"],
            &["a/b", "a"],
            &["a", "a"],
        ] {
            assert!(!check(shares), "{shares:?}");
        }
    }

    #[test]
    fn no_directory_is_made_where_a_file_is_missing() {
        for (name, made) in [
            ("uploads", "mkdir -p /srv/uploads"),
            (".env", "mkdir -p /srv && \"${EDITOR:-vi}\" /srv/.env"),
            ("a.key", "mkdir -p /srv && \"${EDITOR:-vi}\" /srv/a.key"),
        ] {
            let (message, hint) = missing(&Path::new("/srv").join(name));
            assert_eq!(hint, made);
            assert_eq!(message.contains("copied"), name.contains('.'), "{message}");
        }
    }

    #[test]
    fn the_way_to_the_shared_path() {
        let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to));
        assert_eq!(
            way("/a/releases/r", "/a/shared/.env"),
            Path::new("../../shared/.env")
        );
        assert_eq!(way("/a/releases/r/x", "/b/y"), Path::new("../../../../b/y"));
    }
}
