//! How the tree stands.

use crate::{Error, Tree, ask};
use deadline::Deadline;
use deadline::child::quoted;
use std::path::{Path, PathBuf};

/// How many files or commits are named.
const NAMED: usize = 5;
/// What is done about a tree that is not clean.
pub const CLEANED: &str = "each is committed, ignored or moved away";
/// What lies in the git directory while something is half-done.
const HALF_DONE: [(&str, &str); 6] = [
    ("MERGE_HEAD", "a merge"),
    ("rebase-merge", "a rebase"),
    ("rebase-apply", "a rebase"),
    ("CHERRY_PICK_HEAD", "a cherry-pick"),
    ("REVERT_HEAD", "a revert"),
    ("BISECT_LOG", "a bisection"),
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
        if let Some(what) = half_done(self.git_dir()) {
            return Err(Error::no(
                "half-done",
                format!("{what} is half-done in {root}: it is finished, or given up"),
            )
            .hint(self.show()));
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
            format!("{root} is not clean: {}; {CLEANED}", named(&dirty)),
        )
        .hint(self.show()))
    }

    /// What shows how it stands. The application may run out of it: nothing that takes away or rewrites a file is to be pasted.
    fn show(&self) -> String {
        format!("{} status", git_in(self.root()))
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
        .hint(format!("{} push", git_in(self.root()))))
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

/// What is half-done in a working tree with that git directory; nothing where nothing is.
pub fn half_done(git_dir: &Path) -> Option<&'static str> {
    HALF_DONE
        .iter()
        .find(|(file, _)| git_dir.join(file).exists())
        .map(|(_, what)| *what)
}

/// git for the tree at `root`, as a person types it.
pub(crate) fn git_in(root: &Path) -> String {
    format!("git -C {}", quoted(&root.to_string_lossy()))
}

/// What moves that path in the tree at `root` beside it, over nothing.
pub(crate) fn out_of_the_way(root: &Path, path: &Path) -> String {
    let [from, above] =
        [root.join(path), root.join("..")].map(|path| quoted(&path.to_string_lossy()));
    format!("mv --no-clobber {from} {above}")
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
