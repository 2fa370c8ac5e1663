//! How the tree stands.

use crate::{Error, Tree, ask};
use deadline::Deadline;
use std::path::{Path, PathBuf};

/// How many files or commits are named.
const NAMED: usize = 5;
/// What lies in the git directory while something is half-done, and how it is given up.
const HALF_DONE: [(&str, &str, &str); 6] = [
    ("MERGE_HEAD", "a merge", "merge --abort"),
    ("rebase-merge", "a rebase", "rebase --abort"),
    ("rebase-apply", "a rebase", "rebase --abort"),
    ("CHERRY_PICK_HEAD", "a cherry-pick", "cherry-pick --abort"),
    ("REVERT_HEAD", "a revert", "revert --abort"),
    ("BISECT_LOG", "a bisection", "bisect reset"),
];

/// What is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The commit, in full; none in a repository without commits.
    pub commit: Option<String>,
    /// The branch; none where the HEAD is detached.
    pub branch: Option<String>,
}

impl Tree {
    /// What is checked out.
    pub fn head(&self, deadline: &Deadline) -> Result<Head, Error> {
        Ok(Head {
            commit: self.line(
                ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"],
                deadline,
            )?,
            branch: self.line(["symbolic-ref", "--quiet", "--short", "HEAD"], deadline)?,
        })
    }

    /// Insists that nothing is half-done in it and that it is clean, as `git status` has it.
    pub fn is_clean(&self, deadline: &Deadline) -> Result<(), Error> {
        let root = self.root().display();
        if let Some((what, end)) = half_done(self.git_dir()) {
            return Err(Error::no(
                "half-done",
                format!("{what} is half-done in {root}: it is finished, or given up"),
            )
            .hint(format!("git -C {root} {end}")));
        }
        let said = self.say(
            [
                "status",
                "--porcelain",
                "-z",
                "--no-renames",
                "--ignore-submodules=none",
            ],
            deadline,
        )?;
        let dirty = ask::paths(&said);
        if dirty.is_empty() {
            return Ok(());
        }
        Err(Error::no(
            "tree-dirty",
            format!("{root} is not clean: {}", named(&dirty)),
        )
        .hint(format!("git -C {root} stash --include-untracked")))
    }

    /// Insists that nothing is lost once the checked-out branch is at `commit`: whatever it has now is contained in that, in another
    /// branch, a remote's branch or a tag.
    pub fn loses_nothing(&self, commit: &str, deadline: &Deadline) -> Result<(), Error> {
        let lost = self.lost(commit, deadline)?;
        if lost.is_empty() {
            return Ok(());
        }
        let root = self.root().display();
        let shown: Vec<PathBuf> = lost.iter().map(PathBuf::from).collect();
        Err(Error::no(
            "local-commits",
            format!(
                "{root} has commits that {commit} does not contain, nor any other branch, and that would be lost unless they are pushed or get a branch: {}",
                named(&shown)
            ),
        )
        .hint(format!("git -C {root} push")))
    }

    /// The checked-out commits that only the checked-out branch has, newest first, each with its subject.
    pub(crate) fn lost(&self, commit: &str, deadline: &Deadline) -> Result<Vec<String>, Error> {
        let head = self.head(deadline)?;
        if head.commit.as_deref().is_none_or(|head| head == commit) {
            return Ok(Vec::new());
        }
        let mut arguments: Vec<String> = [
            "log",
            "--format=%h %s",
            "--max-count=20",
            "HEAD",
            "--not",
            commit,
        ]
        .map(str::to_owned)
        .into();
        if let Some(branch) = head.branch {
            arguments.push(format!("--exclude={branch}"));
        }
        arguments.extend(["--branches", "--remotes", "--tags", "--"].map(str::to_owned));
        let said = self.say(arguments, deadline)?;
        let said = String::from_utf8_lossy(&said);
        Ok(said.lines().map(str::to_owned).collect())
    }
}

/// What is half-done in a working tree with that git directory, and the git command that gives it up; nothing where nothing is.
pub fn half_done(git_dir: &Path) -> Option<(&'static str, &'static str)> {
    HALF_DONE
        .iter()
        .find(|(file, ..)| git_dir.join(file).exists())
        .map(|(_, what, end)| (*what, *end))
}

/// The first few, and how many more there are.
pub(crate) fn named(paths: &[PathBuf]) -> String {
    let first: Vec<String> = paths
        .iter()
        .take(NAMED)
        .map(|path| path.display().to_string())
        .collect();
    match paths.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
