//! Where a working tree and its git directory lie.

use crate::Error;
use crate::look::git_in;
use deadline::Deadline;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A working tree; nothing of it is kept, so that every look is a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    root: PathBuf,
    git: PathBuf,
}

/// A release as it is to be in the tree.
#[derive(Debug, Clone, Copy)]
pub struct Release<'a> {
    /// Its name, which is a plain one.
    pub name: &'a str,
    /// Its own directory.
    pub directory: &'a Path,
    /// Its commit, in full.
    pub commit: &'a str,
    /// What its build made beside what is committed, as paths in it.
    pub outputs: &'a [String],
}

impl Tree {
    /// The working tree whose top is `directory`.
    pub fn open(directory: &Path, deadline: &Deadline) -> Result<Self, Error> {
        let shown = directory.display();
        let none = |why: &str| {
            Error::no("not-a-working-tree", format!("{shown} {why}"))
                .hint(format!("{} rev-parse --show-toplevel", git_in(directory)))
        };
        let root = fs::canonicalize(directory).map_err(|_| none("is not there"))?;
        if !root.is_dir() {
            return Err(none("is not a directory"));
        }
        let mut command = git::command(&root);
        command.args(["rev-parse", "--show-toplevel", "--absolute-git-dir"]);
        let said = git::say(command, deadline).map_err(|error| {
            if matches!(error, git::Error::Failed { .. }) && !error.is_of_another_owner() {
                none("is no git working tree")
            } else {
                error.into()
            }
        })?;
        let mut lines = said.split(|byte| *byte == b'\n');
        let mut next = || PathBuf::from(OsStr::from_bytes(lines.next().unwrap_or_default()));
        let (top, git) = (next(), next());
        if top != root {
            return Err(none(&format!(
                "lies within the working tree {}",
                top.display()
            )));
        }
        let tree = Self { root, git };
        tree.is_whole()?;
        Ok(tree)
    }

    /// The same without asking git, which answers to the tree's owner alone: enough to see what is in it
    /// ([`Tree::holds`], [`Tree::held_since`]).
    pub fn seen(directory: &Path) -> Result<Self, Error> {
        let root = fs::canonicalize(directory).map_err(Error::io("look at", directory))?;
        let link = root.join(".git");
        let git = match fs::read(&link) {
            // A linked tree's, which says where its directory is.
            Ok(said) => {
                let said = said.trim_ascii_end();
                let said = said.strip_prefix(b"gitdir: ").unwrap_or(said);
                root.join(OsStr::from_bytes(said))
            }
            Err(_) => link,
        };
        let git = fs::canonicalize(&git).map_err(Error::io("look at", &git))?;
        Ok(Self { root, git })
    }

    /// What is renamed from one to the other has to lie on one file system.
    fn is_whole(&self) -> Result<(), Error> {
        let device = |path: &Path| {
            let found = fs::metadata(path).map_err(Error::io("look at", path))?;
            Ok::<u64, Error>(found.dev())
        };
        if device(&self.root)? == device(&self.git)? {
            return Ok(());
        }
        Err(Error::no(
            "not-a-working-tree",
            format!(
                "{} and its git directory {} lie on two file systems, and what is built is put in place by renaming",
                self.root.display(),
                self.git.display()
            ),
        )
        .hint(format!("df {} {}", self.root.display(), self.git.display())))
    }

    /// Its top, physical.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The git directory of this very tree: of a linked one not that of its repository.
    pub(crate) fn git_dir(&self) -> &Path {
        &self.git
    }

    /// Where we keep what is ours.
    pub(crate) fn area(&self) -> PathBuf {
        self.git.join("slipway")
    }

    /// The same, there.
    pub(crate) fn make_area(&self) -> Result<PathBuf, Error> {
        let area = self.area();
        durable::create_directory(&area, 0o755)?;
        Ok(area)
    }
}
