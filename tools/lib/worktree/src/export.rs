//! A commit checked out elsewhere, and what a build has made there.

use crate::look::git_in;
use crate::{Error, Tree, ask, look};
use deadline::Deadline;
use deadline::child::quoted;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a build has made in the tree of one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// What is not committed, as paths in it; of a directory in which nothing is committed only the directory.
    pub outputs: Vec<String>,
    /// What is committed and was changed.
    pub changed: Vec<PathBuf>,
}

impl Tree {
    /// Checks `commit` out into the empty directory `into`, as it would be in this tree. `index` is a file that is not there
    /// yet and serves [`Tree::built`] afterwards. The tree's own index and HEAD stay as they are.
    pub fn export(
        &self,
        commit: &str,
        into: &Path,
        index: &Path,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        let name = format!("{commit}:.gitmodules");
        if self
            .line(["rev-parse", "--verify", "--quiet", &name], deadline)?
            .is_some()
        {
            return Err(Error::no(
                "submodules",
                format!("{commit} has submodules; a release of its own can have them"),
            )
            .hint("release-stage --git URL"));
        }
        let at = |arguments: &[&str]| self.elsewhere(into, index, arguments);
        git::say(at(&["read-tree", commit]), deadline)?;
        git::say(
            at(&["checkout-index", "--all", "--force", "--quiet", "--index"]),
            deadline,
        )?;
        Ok(())
    }

    /// What is in `built` that was not committed, without what is `ours`. Everything of it has to be ignored by git, or the tree that it
    /// comes into would not be clean.
    pub fn built(
        &self,
        built: &Path,
        index: &Path,
        ours: &[String],
        deadline: &Deadline,
    ) -> Result<Built, Error> {
        let list = |arguments: &[&str]| {
            let said = git::say(self.elsewhere(built, index, arguments), deadline)?;
            Ok::<Vec<PathBuf>, Error>(ask::paths(&said))
        };
        let is_ours = |path: &Path| ours.iter().any(|own| path.starts_with(own));
        let mut seen = list(&[
            "ls-files",
            "-z",
            "--others",
            "--exclude-standard",
            "--directory",
            "--no-empty-directory",
        ])?;
        seen.retain(|path| !is_ours(path));
        if !seen.is_empty() {
            let first = quoted(&format!("/{}", seen[0].display()));
            let root = self.root();
            let ignored = quoted(&root.join(".gitignore").to_string_lossy());
            return Err(Error::no(
                "output-not-ignored",
                format!("the build makes what git does not ignore, and the working tree would not be clean unless its .gitignore names that: {}", look::named(&seen)),
            )
            .hint(format!(
                "echo {first} >>{ignored} && {} commit -m 'Ignore what is built' .gitignore",
                git_in(root)
            )));
        }
        let mut outputs = Vec::new();
        for path in list(&["ls-files", "-z", "--others", "--directory"])? {
            let Some(text) = path.to_str() else {
                return Err(Error::no(
                    "output-not-ignored",
                    format!(
                        "the build makes {}, whose name is not UTF-8",
                        path.display()
                    ),
                ));
            };
            if !is_ours(&path) {
                outputs.push(text.trim_end_matches('/').to_owned());
            }
        }
        outputs.sort();
        let changed = list(&["diff-files", "-z", "--name-only"])?;
        Ok(Built { outputs, changed })
    }

    /// git with another directory for the tree and another index.
    fn elsewhere(&self, directory: &Path, index: &Path, arguments: &[&str]) -> Command {
        let mut command = git::command(directory);
        command
            .env("GIT_DIR", self.git_dir())
            .env("GIT_WORK_TREE", directory)
            .env("GIT_INDEX_FILE", index)
            .args(["-c", "core.splitIndex=false"])
            .args(arguments);
        command
    }
}
