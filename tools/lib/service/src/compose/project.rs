//! Which project: the directory that it lies in now, and the name that Compose gives its containers.

use std::fs;
use std::path::{Path, PathBuf};

use camino::Utf8Path;
use releases::Manifest;

use crate::Error;

/// The files that describe a project, in the order in which Compose takes them.
const FILES: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
];
/// The variable that names the project, around the caller or in the directory's `.env`.
const NAME: &str = "COMPOSE_PROJECT_NAME";

/// One project as it lies there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Project {
    /// Its name.
    pub(super) name: String,
    /// Its directory, links resolved; none where there is nothing at the path.
    pub(super) directory: Option<PathBuf>,
    /// Whether the path is a link, and so leads to one release after another.
    pub(super) is_linked: bool,
}

impl Project {
    /// Looks at the project at `path`. `current` is the application's link to its live release: that one is a link even
    /// before the first deploy.
    pub(super) fn at(path: &Path, current: &Path) -> Self {
        Self::lying(fs::canonicalize(path).ok(), path, current)
    }

    /// The same, were the link at `path` to lead to `directory`.
    pub(super) fn of(directory: &Path, path: &Path, current: &Path) -> Self {
        Self::lying(fs::canonicalize(directory).ok(), path, current)
    }

    fn lying(directory: Option<PathBuf>, path: &Path, current: &Path) -> Self {
        let told = std::env::var(NAME)
            .ok()
            .filter(|name| !name.is_empty())
            .or_else(|| directory.as_deref().and_then(told));
        Self {
            name: told.unwrap_or_else(|| place(path, current)),
            directory,
            is_linked: is_linked(path, current),
        }
    }

    /// It is a release that was staged as what this project is made of.
    pub(super) fn is_staged(&self) -> bool {
        let directory = self.directory.as_deref().and_then(Utf8Path::from_path);
        let manifest = directory.and_then(|directory| Manifest::read(directory).ok());
        manifest.is_some_and(|manifest| manifest.kind == super::KIND)
    }

    /// The directory; an error where there is none, or nothing in it that describes a project.
    pub(super) fn described(&self, path: &Path) -> Result<&Path, Error> {
        let lacks = |why: &str| Error::Configuration {
            place: path.to_owned(),
            said: why.to_owned(),
            hint: format!("ls -l {}", path.display()),
        };
        let Some(directory) = self.directory.as_deref() else {
            return Err(lacks("it is not there"));
        };
        let elsewhere = std::env::var_os("COMPOSE_FILE").is_some()
            || variable(directory, "COMPOSE_FILE").is_some();
        if !elsewhere && file(directory).is_none() {
            return Err(lacks(&format!("none of {} is there", FILES.join(", "))));
        }
        Ok(directory)
    }
}

fn is_linked(path: &Path, current: &Path) -> bool {
    path == current || fs::symlink_metadata(path).is_ok_and(|data| data.is_symlink())
}

/// What a project is called where nothing in it says so: after its directory or, where a link leads to it, after the one
/// that the link is in. What a link leads to changes with every release, and this does not.
pub(super) fn place(path: &Path, current: &Path) -> String {
    let named_after = if is_linked(path, current) {
        path.parent()
    } else {
        Some(path)
    };
    named_after
        .and_then(Path::file_name)
        .map(|name| normal(&name.to_string_lossy()))
        .unwrap_or_default()
}

/// The file that describes the project in this directory.
fn file(directory: &Path) -> Option<PathBuf> {
    FILES
        .iter()
        .map(|name| directory.join(name))
        .find(|path| path.is_file())
}

/// The name that the directory itself tells: in its `.env`, or on a line of its own in the file that describes it.
fn told(directory: &Path) -> Option<String> {
    if let Some(name) = variable(directory, NAME) {
        return Some(name);
    }
    let text = fs::read_to_string(file(directory)?).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("name:"))?;
    let name = line.split(" #").next().unwrap_or_default();
    let name = name.trim().trim_matches(['"', '\'']);
    // One that is put together from variables is for Compose alone to read.
    (!name.is_empty() && !name.contains('$')).then(|| name.to_owned())
}

/// A variable's value in the directory's `.env`.
fn variable(directory: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(directory.join(".env")).ok()?;
    let value = text.lines().rev().find_map(|line| {
        let (key, value) = line.trim().split_once('=')?;
        let key = key.trim_start_matches("export ").trim();
        (key == name).then(|| value.trim().trim_matches(['"', '\'']).to_owned())
    })?;
    Some(value).filter(|value| !value.is_empty())
}

/// A directory's name as Compose makes a project's out of it.
fn normal(name: &str) -> String {
    let kept: String = name
        .to_lowercase()
        .chars()
        .filter(|character| character.is_ascii_alphanumeric() || "-_".contains(*character))
        .collect();
    kept.trim_start_matches(['-', '_']).to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_project_is_called_after_its_directory_and_releases_after_their_root() {
        let at = std::env::temp_dir().join(format!("slipway-project-{}", std::process::id()));
        let _ = fs::remove_dir_all(&at);
        let root = at.join("My.Shop");
        let release = root.join("releases/r1");
        fs::create_dir_all(&release).unwrap();
        let current = root.join("current");
        let absent = Project::at(&current, &current);
        assert_eq!((absent.name.as_str(), absent.is_linked), ("myshop", true));
        assert!(absent.described(&current).is_err());

        symlink("releases/r1", &current).unwrap();
        let linked = Project::at(&current, Path::new("/elsewhere"));
        assert_eq!(linked.name, "myshop");
        assert_eq!(
            linked.directory.as_deref(),
            Some(fs::canonicalize(&release).unwrap().as_path())
        );
        assert!(linked.described(&current).is_err(), "no file");
        assert_eq!(Project::at(&release, &current).name, "r1");

        fs::write(release.join("compose.yml"), "name: 'store' # ours\n").unwrap();
        assert_eq!(Project::at(&current, &current).name, "store");
        assert!(linked.described(&current).is_ok());
        fs::write(release.join(".env"), "A=1\nCOMPOSE_PROJECT_NAME=\"till\"\n").unwrap();
        assert_eq!(Project::at(&current, &current).name, "till");
        fs::remove_dir_all(&at).unwrap();
    }
}
