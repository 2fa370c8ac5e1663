//! A remote, a clone of it that an application runs in, and releases built beside it.

#![allow(dead_code)] // Each test program uses its part.

use deadline::Deadline;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use worktree::{Care, Error, Mirrored, Release, Tree};

/// All of it; removed at the end.
pub(crate) struct Bench {
    root: PathBuf,
}

/// A release as it was staged.
pub(crate) struct Staged {
    pub(crate) name: String,
    pub(crate) directory: PathBuf,
    pub(crate) commit: String,
    pub(crate) outputs: Vec<String>,
}

impl Staged {
    pub(crate) fn as_release(&self) -> Release<'_> {
        Release {
            name: &self.name,
            directory: &self.directory,
            commit: &self.commit,
            outputs: &self.outputs,
        }
    }
}

impl Bench {
    /// A remote with one commit, and a clone of it on its branch `main`.
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("worktree-test-{}-{number}", std::process::id());
        let root = std::env::temp_dir().canonicalize().unwrap().join(name);
        fs::create_dir(&root).unwrap();
        let bench = Self { root };
        bench.git(
            "",
            &[
                "init",
                "--quiet",
                "--bare",
                "--initial-branch=main",
                "remote.git",
            ],
        );
        bench.git("", &["init", "--quiet", "--initial-branch=main", "author"]);
        bench.git("author", &["remote", "add", "origin", "../remote.git"]);
        bench.commit(&[
            ("app", "1"),
            (
                ".gitignore",
                "dist/\nnode_modules/\n.env\nuploads/\n*.out\n",
            ),
        ]);
        bench.git("", &["clone", "--quiet", "remote.git", "tree"]);
        bench
    }

    pub(crate) fn join(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    /// A path in the working tree.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.root.join("tree").join(path)
    }

    pub(crate) fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.at(path)).ok()
    }

    /// Writes files into the working tree.
    pub(crate) fn write(&self, files: &[(&str, &str)]) {
        write(&self.at(""), files);
    }

    pub(crate) fn git(&self, directory: &str, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(self.root.join(directory))
            .args(["-c", "user.name=A", "-c", "user.email=a@example.org"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A commit with these files as the remote's newest; its name in full.
    pub(crate) fn commit(&self, files: &[(&str, &str)]) -> String {
        write(&self.join("author"), files);
        self.push()
    }

    /// Commits and pushes whatever is in the author's tree.
    pub(crate) fn push(&self) -> String {
        self.git("author", &["add", "--all"]);
        self.git(
            "author",
            &["commit", "--quiet", "--allow-empty", "-m", "more"],
        );
        self.git("author", &["push", "--quiet", "origin", "HEAD:main"]);
        self.git("author", &["rev-parse", "HEAD"])
    }

    pub(crate) fn tree(&self) -> Tree {
        Tree::open(&self.at(""), &Deadline::never()).unwrap()
    }

    /// A release of the commit, whose build has made these files.
    pub(crate) fn stage(&self, name: &str, commit: &str, made: &[(&str, &str)]) -> Staged {
        self.try_stage(name, commit, made).unwrap()
    }

    pub(crate) fn try_stage(
        &self,
        name: &str,
        commit: &str,
        made: &[(&str, &str)],
    ) -> Result<Staged, Error> {
        let directory = self.join("releases").join(name);
        fs::create_dir_all(&directory).unwrap();
        let index = self.join(format!("index-{name}"));
        let (tree, never) = (self.tree(), Deadline::never());
        let commit = tree.fetch(&worktree::Revision::Commit(commit.into()), &never)?;
        tree.export(&commit, &directory, &index, &never)?;
        write(&directory, made);
        let built = tree.built(&directory, &index, &[], &never)?;
        tree.keep(name, &commit, &never)?;
        Ok(Staged {
            name: name.into(),
            directory,
            commit,
            outputs: built.outputs,
        })
    }

    pub(crate) fn mirror(&self, staged: &Staged, care: Care) -> Result<Mirrored, Error> {
        self.tree()
            .mirror(&staged.as_release(), care, &Deadline::never())
    }

    /// The working tree is exactly at this release: the commit, on its branch, clean, and its outputs are there.
    pub(crate) fn is_at(&self, staged: &Staged) {
        assert_eq!(self.git("tree", &["rev-parse", "HEAD"]), staged.commit);
        assert_eq!(
            self.git("tree", &["symbolic-ref", "--short", "HEAD"]),
            "main"
        );
        assert_eq!(self.git("tree", &["status", "--porcelain"]), "");
        assert_eq!(self.git("tree", &["diff", "HEAD"]), "");
        assert!(!self.at(".git/index.lock").exists());
        assert!(!self.at(".git/slipway/mirroring.json").exists());
        for output in &staged.outputs {
            let compared = Command::new("diff")
                .arg("-r")
                .args([staged.directory.join(output), self.at(output)])
                .output()
                .unwrap();
            assert!(compared.status.success(), "{output}: {compared:?}");
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

pub(crate) fn write(directory: &Path, files: &[(&str, &str)]) {
    for (path, content) in files {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}
