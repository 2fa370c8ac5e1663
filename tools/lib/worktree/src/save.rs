//! What a rollback does not stop at, and does not lose: kept where people find it.

use crate::{Error, Tree, ask, prepare};
use deadline::Deadline;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

impl Tree {
    /// Keeps what would be lost with a reset to `commit`: commits that only this branch has, and changes of committed files. What was
    /// kept and where, for people. `half` are the commits that a killed mirror has left a mixture of: what is of any of them is
    /// nobody's change.
    pub(crate) fn save(
        &self,
        commit: &str,
        half: &[String],
        deadline: &Deadline,
    ) -> Result<Vec<String>, Error> {
        let mut saved = Vec::new();
        let name = format!("refs/slipway/saved/{}", stamp());
        let head = self.head(deadline)?.commit;
        let is_ours = head.is_some_and(|head| half.contains(&head));
        if !is_ours && !self.lost(commit, deadline)?.is_empty() {
            let name = format!("{name}-commits");
            self.say(["update-ref", &name, "HEAD"], deadline)?;
            saved.push(format!("the branch's own commits are kept by {name}"));
        }
        if let Some(changes) = self.changes(half, deadline)? {
            let name = format!("{name}-changes");
            self.say(["update-ref", &name, &changes], deadline)?;
            saved.push(format!(
                "what was changed in the working tree is kept by {name}"
            ));
        }
        Ok(saved)
    }

    /// A commit of the tree as it stands, untracked files apart; nothing where it is as its HEAD has it.
    fn changes(&self, half: &[String], deadline: &Deadline) -> Result<Option<String>, Error> {
        let index = self.area().join("index");
        durable::remove(self.area().join("index.lock"))?;
        self.copy_index(&index)?;
        for commit in half {
            self.add_files_of(commit, &index, deadline)?;
        }
        let aside = |arguments: &[&str]| {
            let mut command = self.git(["-c", "core.splitIndex=false"]);
            command.args(arguments).env("GIT_INDEX_FILE", &index);
            for who in ["GIT_AUTHOR", "GIT_COMMITTER"] {
                command.env(format!("{who}_NAME"), "slipway");
                command.env(format!("{who}_EMAIL"), "slipway@localhost");
            }
            let said = git::say(command, deadline)?;
            Ok::<String, Error>(String::from_utf8_lossy(&said).trim().to_owned())
        };
        aside(&["add", "--update", "--", "."])?;
        let tree = aside(&["write-tree"])?;
        durable::remove(&index)?;
        let head = self.line(
            ["rev-parse", "--verify", "--quiet", "HEAD^{tree}"],
            deadline,
        )?;
        if head.as_deref() == Some(tree.as_str()) {
            return Ok(None);
        }
        if !half.is_empty() && self.is_mixture(&tree, half, deadline)? {
            return Ok(None);
        }
        let message = "What was changed in the working tree before a rollback";
        aside(&["commit-tree", &tree, "-p", "HEAD", "-m", message]).map(Some)
    }

    /// Whether every file in `tree` is as one of these commits has it.
    fn is_mixture(
        &self,
        tree: &str,
        commits: &[String],
        deadline: &Deadline,
    ) -> Result<bool, Error> {
        let mut changed: Option<BTreeSet<PathBuf>> = None;
        for commit in commits {
            let said = self.say(
                [
                    "diff-tree",
                    "-r",
                    "-z",
                    "--no-renames",
                    "--name-only",
                    "--diff-filter=d",
                    commit,
                    tree,
                ],
                deadline,
            )?;
            let differs: BTreeSet<PathBuf> = ask::paths(&said).into_iter().collect();
            changed = Some(match changed {
                Some(changed) => changed.intersection(&differs).cloned().collect(),
                None => differs,
            });
        }
        Ok(changed.is_some_and(|changed| changed.is_empty()))
    }

    /// Moves these out of the tree, to where they are found.
    pub(crate) fn move_away(&self, paths: &[PathBuf]) -> Result<Vec<String>, Error> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let place = self.area().join("saved").join(stamp());
        durable::create_directory(&place, 0o755)?;
        for path in paths {
            prepare::make_parents(self.root(), &place, path)?;
            durable::relocate(self.root().join(path), place.join(path))?;
        }
        let moved = |path: &PathBuf| {
            format!(
                "{} lay in the way and is in {} now",
                path.display(),
                shown(&place)
            )
        };
        Ok(paths.iter().map(moved).collect())
    }
}

fn shown(place: &Path) -> String {
    place.display().to_string()
}

/// A name that is new: the moment, and the process.
fn stamp() -> String {
    format!(
        "{}-{}",
        clock::compact(SystemTime::now()),
        std::process::id()
    )
}
