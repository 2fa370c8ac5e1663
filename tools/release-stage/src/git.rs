//! The tree of one commit, out of a git repository that may be anywhere.
//!
//! The objects go into a directory of their own beside the release, so that the release never has a `.git`, and only
//! those of the one commit are fetched where the repository lets us.

use crate::command::{quoted, run};
use crate::trouble;
use deadline::Deadline;
use deadline::child::{ChildError, Finished};
use durable::Staging;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use step::{Context, Failure};

/// Which commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revision {
    /// What the repository's HEAD names.
    Head,
    /// The last one of a branch.
    Branch(String),
    /// The one of a tag.
    Tag(String),
    /// This one, in full or shortened.
    Commit(String),
}

/// A repository and what is wanted of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its address as git takes it: a path is absolute.
    pub url: String,
    /// The commit.
    pub revision: Revision,
}

impl Repository {
    /// The repository at what a person called it.
    pub fn at(told: &str, revision: Revision) -> Result<Self, Failure> {
        if told.is_empty() || told.starts_with('-') {
            return Err(Failure::usage(format!("--git: {told:?} is no repository")));
        }
        let wrong = |name: &str| name.is_empty() || name.starts_with('-');
        if let Revision::Branch(name) | Revision::Tag(name) | Revision::Commit(name) = &revision
            && wrong(name)
        {
            return Err(Failure::usage(format!("{name:?} names no commit")));
        }
        let url = if is_path(told) {
            let absolute =
                std::path::absolute(told).map_err(trouble::at("find", Path::new(told)))?;
            absolute.to_string_lossy().into_owned()
        } else {
            told.to_owned()
        };
        Ok(Self { url, revision })
    }

    /// The address without whatever in it is secret, for reports and manifests.
    pub fn shown(&self) -> String {
        without_secret(&self.url)
    }
}

/// Whether git would take it for a path on this machine, and not for `scheme://…` or `host:path`.
fn is_path(told: &str) -> bool {
    let before_slash = told.split('/').next().unwrap_or_default();
    !told.contains("://") && !before_slash.contains(':')
}

/// A user's name may be part of the way to the host (ssh), a password never; over HTTP the name can be a token.
fn without_secret(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let Some((user, host)) = authority.rsplit_once('@') else {
        return url.to_owned();
    };
    match user.split_once(':') {
        _ if scheme.starts_with("http") => format!("{scheme}://{host}{path}"),
        Some((name, _)) => format!("{scheme}://{name}@{host}{path}"),
        None => url.to_owned(),
    }
}

/// One use of a repository.
struct Git<'a> {
    context: &'a Context,
    repository: &'a Repository,
    objects: &'a Path,
    tree: &'a Path,
    deadline: &'a Deadline,
}

/// Puts the tree of the wanted commit into the empty directory `tree`; the commit, in full.
pub(crate) fn check_out(
    context: &Context,
    repository: &Repository,
    tree: &Path,
    deadline: &Deadline,
) -> Result<String, Failure> {
    let beside = tree.parent().unwrap_or(tree);
    // Removed at the end of this, or by recovery.
    let objects =
        Staging::create(beside, 0o700).map_err(|error| application::fail::durable(&error))?;
    let git = Git {
        context,
        repository,
        objects: objects.path(),
        tree,
        deadline,
    };
    git.ask(["init", "--quiet", "--bare", "--template="])?;
    let commit = git.fetch()?;
    git.ask(["checkout", "--quiet", "--force", "--detach", &commit])?;
    if tree.join(".gitmodules").is_file() {
        git.ask([
            "submodule",
            "--quiet",
            "update",
            "--init",
            "--recursive",
            "--depth",
            "1",
        ])?;
        remove_traces(tree)?;
    }
    Ok(commit)
}

impl Git<'_> {
    /// Fetches the commit, alone where that can be; the commit, in full.
    fn fetch(&self) -> Result<String, Failure> {
        let alone = |name: &str| -> Result<(), Failure> {
            self.ask([
                "fetch",
                "--quiet",
                "--no-tags",
                "--depth",
                "1",
                "origin",
                name,
            ])
        };
        match &self.repository.revision {
            Revision::Head => alone("HEAD")?,
            Revision::Branch(name) => alone(&format!("refs/heads/{name}"))?,
            Revision::Tag(name) => alone(&format!("refs/tags/{name}"))?,
            Revision::Commit(id) => {
                let is_whole =
                    matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
                if is_whole && alone(id).is_ok() {
                    return self.resolve("FETCH_HEAD");
                }
                self.deadline.check()?;
                // A server that gives no single commits, or a name that only the whole history can tell.
                let all = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
                self.ask(["fetch", "--quiet", "origin", all[0], all[1]])?;
                return self.resolve(id);
            }
        }
        self.resolve("FETCH_HEAD")
    }

    fn resolve(&self, name: &str) -> Result<String, Failure> {
        let wanted = format!("{name}^{{commit}}");
        let finished = self.run([
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &wanted,
        ])?;
        let is_there = finished.status.success();
        let answer = finished.answer().filter(|_| is_there);
        let commit = answer.map_or(String::new(), |said| said.stdout_text().trim().to_owned());
        if !commit.is_empty() {
            return Ok(commit);
        }
        Err(self.no_such(&format!("there is no commit {name}")))
    }

    /// Runs git and insists on success.
    fn ask<const N: usize>(&self, arguments: [&str; N]) -> Result<(), Failure> {
        let verb = arguments[0];
        let finished = self.run(arguments)?;
        if finished.status.success() {
            return Ok(());
        }
        let tail = finished
            .tail(20)
            .replace(&self.repository.url, &self.repository.shown());
        if tail.contains("couldn't find remote ref") {
            return Err(self.no_such(&tail));
        }
        Err(Failure::impossible(
            "git-failed",
            format!("git {verb} failed ({}){}", finished.status, quoted(&tail)),
        )
        .hint(format!("git ls-remote {}", self.repository.shown())))
    }

    fn no_such(&self, said: &str) -> Failure {
        let shown = self.repository.shown();
        Failure::no("no-such-revision", format!("{shown}: {said}"))
            .hint(format!("git ls-remote {shown}"))
    }

    fn run<const N: usize>(&self, arguments: [&str; N]) -> Result<Finished, Failure> {
        let mut command = git::command(self.tree);
        command.env("GIT_DIR", self.objects).args(arguments);
        if arguments[0] != "init" {
            command.env("GIT_WORK_TREE", self.tree);
        }
        configure(&mut command, "remote.origin.url", &self.repository.url);
        run(self.context, command, self.deadline).map_err(|error| match error {
            ChildError::TimedOut { tail, .. } => Failure::timed_out(
                "copy-timed-out",
                format!(
                    "git {} was killed at its time limit{}",
                    arguments[0],
                    quoted(&tail)
                ),
            )
            .hint("release-stage --copy-timeout 10m"),
            other => other.into(),
        })
    }
}

/// Adds a setting to those of the caller; not on the command line, where everybody could read a password in it.
fn configure(command: &mut Command, key: &str, value: &str) {
    let told = std::env::var("GIT_CONFIG_COUNT").ok();
    let place: usize = told.and_then(|count| count.parse().ok()).unwrap_or(0);
    command
        .env(format!("GIT_CONFIG_KEY_{place}"), key)
        .env(format!("GIT_CONFIG_VALUE_{place}"), value)
        .env("GIT_CONFIG_COUNT", (place + 1).to_string());
}

/// Takes away the files by which the working trees of submodules find their objects.
fn remove_traces(tree: &Path) -> Result<(), Failure> {
    let traces: Vec<PathBuf> = walkdir::WalkDir::new(tree)
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_name() == OsStr::new(".git") && entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .collect();
    for trace in traces {
        fs::remove_file(&trace).map_err(trouble::at("remove", &trace))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn no_secret_of_an_address_is_shown() {
        for (url, shown) in [
            ("https://me:token@host/x.git", "https://host/x.git"),
            ("https://token@host/x@y.git", "https://host/x@y.git"),
            ("ssh://git@host/x.git", "ssh://git@host/x.git"),
            ("ssh://git:secret@host:22/x", "ssh://git@host:22/x"),
            ("git@host:x.git", "git@host:x.git"),
            ("/srv/x.git", "/srv/x.git"),
            ("https://host", "https://host"),
        ] {
            assert_eq!(without_secret(url), shown);
        }
    }

    #[test]
    fn a_path_is_made_absolute_and_an_option_is_no_address() {
        let at = |told: &str| Repository::at(told, Revision::Head);
        assert_eq!(at("/srv/x/").unwrap().url, "/srv/x/");
        assert!(at("../x").unwrap().url.starts_with('/'));
        assert_eq!(at("host:x").unwrap().url, "host:x");
        assert_eq!(at("file:///x").unwrap().url, "file:///x");
        for told in ["", "--upload-pack=touch /tmp/x"] {
            assert_eq!(at(told).unwrap_err().code(), "usage");
        }
        let branch = Revision::Branch("-x".into());
        assert!(Repository::at("/srv/x", branch).is_err());
    }
}
