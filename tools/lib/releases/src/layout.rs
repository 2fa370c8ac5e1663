//! Where the parts of one application lie.

use camino::{Utf8Path, Utf8PathBuf};
use std::fmt;
use std::io;

/// The paths of one application. Each may have been set on its own; [`Layout::new`] gives the usual ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The directory of the whole application.
    pub root: Utf8PathBuf,
    /// The directory whose subdirectories are the releases.
    pub releases: Utf8PathBuf,
    /// The symbolic link to the live release.
    pub current: Utf8PathBuf,
    /// The file of the deploy state.
    pub state: Utf8PathBuf,
    /// What every release shares: environment files, uploads.
    pub shared: Utf8PathBuf,
}

/// A path that could not be followed or looked at.
#[derive(Debug)]
pub struct PathError {
    /// Which one.
    pub path: Utf8PathBuf,
    /// What the operating system said.
    pub source: io::Error,
}

impl PathError {
    /// Makes a function for `map_err`.
    pub(crate) fn at<S: Into<io::Error>>(path: &Utf8Path) -> impl FnOnce(S) -> Self {
        let path = path.to_path_buf();
        move |source| Self {
            path,
            source: source.into(),
        }
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = durable::without_number(&self.source);
        write!(formatter, "cannot look at {}: {why}", self.path)
    }
}

impl std::error::Error for PathError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl Layout {
    /// `releases/`, `current`, `deploy-state.json` and `shared/` in `root`.
    pub fn new(root: impl Into<Utf8PathBuf>) -> Self {
        let root = root.into();
        Self {
            releases: root.join("releases"),
            current: root.join("current"),
            state: root.join("deploy-state.json"),
            shared: root.join("shared"),
            root,
        }
    }

    /// The mutex of the state: `deploy-state.lock`, or beside a state of another name that name with `.lock`.
    pub fn lock(&self) -> Utf8PathBuf {
        self.state.with_extension("lock")
    }

    /// The history of deploys: `deploy-history.jsonl`; beside a state `NAME.json`, `NAME-history.jsonl`.
    pub fn history(&self) -> Utf8PathBuf {
        let stem = self.state.file_stem().unwrap_or("deploy-state");
        let stem = stem.strip_suffix("-state").unwrap_or(stem);
        self.state.with_file_name(format!("{stem}-history.jsonl"))
    }

    /// Where a plain process keeps its pid and its log: `ROOT/run`.
    pub fn run(&self) -> Utf8PathBuf {
        self.root.join("run")
    }

    /// The directory of releases with every link on the way resolved.
    pub fn physical_releases(&self) -> Result<Utf8PathBuf, PathError> {
        physical(&self.releases)
    }

    /// What `current` must hold to point at the release `name`: the relative path between the physical directories,
    /// so that the tree can be moved, and so that a linked directory on the way does not lead astray.
    pub fn link_target(&self, name: &str) -> Result<Utf8PathBuf, PathError> {
        let directory = match self.current.parent() {
            Some(parent) if !parent.as_str().is_empty() => physical(parent)?,
            _ => physical(Utf8Path::new("."))?,
        };
        Ok(relative(&directory, &self.physical_releases()?.join(name)))
    }
}

/// The path with every link in it resolved.
pub(crate) fn physical(path: &Utf8Path) -> Result<Utf8PathBuf, PathError> {
    path.canonicalize_utf8().map_err(PathError::at(path))
}

/// The way from the directory `from` to `to`, both absolute and physical.
pub(crate) fn relative(from: &Utf8Path, to: &Utf8Path) -> Utf8PathBuf {
    let (mut here, mut there) = (from.components().peekable(), to.components().peekable());
    while here.peek().is_some() && here.peek() == there.peek() {
        here.next();
        there.next();
    }
    let up = here.map(|_| "..");
    let down = there.map(|part| part.as_str());
    let way: Utf8PathBuf = up.chain(down).collect();
    if way.as_str().is_empty() {
        ".".into()
    } else {
        way
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_way_between_two_directories() {
        for (from, to, way) in [
            ("/srv/shop", "/srv/shop/releases/1", "releases/1"),
            ("/srv/shop", "/data/releases/1", "../../data/releases/1"),
            ("/srv/shop/a", "/srv/shop/ab/1", "../ab/1"),
            ("/", "/releases/1", "releases/1"),
            ("/srv", "/srv", "."),
        ] {
            assert_eq!(relative(from.into(), to.into()), way);
        }
    }

    #[test]
    fn the_files_beside_the_state() {
        let mut layout = Layout::new("/srv/shop");
        assert_eq!(layout.lock(), "/srv/shop/deploy-state.lock");
        assert_eq!(layout.history(), "/srv/shop/deploy-history.jsonl");
        layout.state = "/var/lib/shop.json".into();
        assert_eq!(layout.lock(), "/var/lib/shop.lock");
        assert_eq!(layout.history(), "/var/lib/shop-history.jsonl");
    }
}
