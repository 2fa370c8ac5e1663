//! Which migrations are new: since what somebody named, else since the live release.

use super::worktree::git;
use crate::finding::Finding;
use crate::given::Given;
use camino::Utf8Path;
use deadline::Deadline;
use migrations::{Directory, New};
use releases::{Current, Manifest};
use std::collections::BTreeSet;
use step::quoted;

/// What is judged.
pub(super) struct Since {
    pub(super) new: New,
    /// Since when, or why all are judged: words for the message.
    pub(super) words: String,
    /// Those of the new ones that were there before, and are perhaps applied as they were.
    pub(super) changed: Vec<String>,
}

impl Since {
    fn all(words: String) -> Self {
        Self {
            new: New::All,
            words,
            changed: Vec::new(),
        }
    }
}

pub(super) fn find(
    given: &Given,
    tree: &Utf8Path,
    directory: &Directory,
    deadline: &Deadline,
) -> Result<Since, Finding> {
    match given.args.migrations_since.as_deref() {
        None => since_live(given, tree, deadline),
        Some("all") => Ok(Since::all("in all of them".to_owned())),
        Some(told) => match directory.find(told) {
            Some(last) => {
                let later = directory.migrations.iter().skip(last + 1);
                Ok(Since {
                    new: New::Only(later.map(|migration| migration.name.clone()).collect()),
                    words: format!("since {}", directory.migrations[last].name),
                    changed: Vec::new(),
                })
            }
            None if is_commit(tree, told, deadline) => since_commit(tree, told, deadline),
            None => Err(Finding::fail(
                format!(
                    "--migrations-since: {told} is no migration in {tree} and no commit that its git knows"
                ),
                format!("ls {}", quoted(tree.as_str())),
            )),
        },
    }
}

fn since_live(given: &Given, tree: &Utf8Path, deadline: &Deadline) -> Result<Since, Finding> {
    let Some(application) = &given.application else {
        return Ok(Since::all("in all of them".to_owned()));
    };
    let release = match application.current() {
        Ok(Current::Absent) => {
            return Ok(Since {
                new: New::First,
                words: "and nothing is live yet".to_owned(),
                changed: Vec::new(),
            });
        }
        Ok(Current::Release(release)) => release,
        Ok(_) | Err(_) => {
            return Ok(Since::all(
                "in all of them: what is live is not known".to_owned(),
            ));
        }
    };
    let manifest = Manifest::read(&application.layout.releases.join(&release));
    let Some(commit) = manifest.ok().and_then(|manifest| manifest.commit) else {
        return Ok(Since::all(format!(
            "in all of them: the commit of {release}, which is live, is not known"
        )));
    };
    if is_commit(tree, &commit, deadline) {
        return since_commit(tree, &commit, deadline);
    }
    Ok(Since::all(format!(
        "in all of them: the commit of {release}, which is live, is not in a git tree around {tree}"
    )))
}

/// A program git that is missing knows no commit.
fn is_commit(tree: &Utf8Path, told: &str, deadline: &Deadline) -> bool {
    let commit = format!("{told}^{{commit}}");
    git(
        tree,
        &[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &commit,
        ],
        deadline,
    )
    .is_ok()
}

fn since_commit(tree: &Utf8Path, commit: &str, deadline: &Deadline) -> Result<Since, Finding> {
    let arguments = [
        "diff",
        "--name-status",
        "--no-renames",
        "--relative",
        "-z",
        commit,
        "--",
        ".",
    ];
    let mut new = BTreeSet::new();
    let mut changed = Vec::new();
    let listed = git(tree, &arguments, deadline)?;
    let mut words = listed.split('\0');
    while let (Some(kind), Some(name)) = (words.next(), words.next()) {
        if kind != "D" {
            new.insert(name.to_owned());
        }
        if kind != "D" && kind != "A" {
            changed.push(name.to_owned());
        }
    }
    let untracked = git(tree, &["ls-files", "--others", "-z", "--", "."], deadline)?;
    new.extend(
        untracked
            .split('\0')
            .filter(|name| !name.is_empty())
            .map(str::to_owned),
    );
    let short = commit
        .get(..12)
        .filter(|_| commit.len() == 40)
        .unwrap_or(commit);
    Ok(Since {
        new: New::Only(new),
        words: format!("since {short}"),
        changed,
    })
}
