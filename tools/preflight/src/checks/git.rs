//! `git`: the working tree is clean, and nothing is half-done in it.

use super::Check;
use super::supervised::not_known;
use super::worktree::git;
use crate::finding::{Finding, Status};
use crate::given::Given;
use application::fail;
use camino::{Utf8Path, Utf8PathBuf};
use deadline::Deadline;
use releases::Current;
use step::quoted;
use worktree::{Revision, Tree};

/// How many changed files are named.
const NAMED: usize = 5;

pub(super) const CHECK: Check = Check {
    name: "git",
    about: "the working tree is clean, and no merge or rebase is half-done in it",
    needs: "--git",
    given: |given| given.args.git.is_some(),
    run,
};

fn run(given: &Given, deadline: &Deadline) -> Finding {
    let Some(tree) = &given.args.git else {
        return Finding::skip("there is no working tree");
    };
    let look = || -> Result<Finding, Finding> {
        let directory = git(tree, &["rev-parse", "--absolute-git-dir"], deadline)?;
        let directory = Utf8PathBuf::from(directory.trim_end());
        if let Some(what) = worktree::half_done(directory.as_std_path()) {
            return Err(Finding::fail(
                format!("{what} is half-done in {tree}: it is finished, or given up"),
                show(tree),
            ));
        }
        let status = git(tree, &["status", "--porcelain", "-z"], deadline)?;
        let finding = judge(tree, &status);
        if finding.status != Status::Pass || given.in_place().is_none() {
            return Ok(finding);
        }
        Ok(in_place(given, tree, deadline)?.unwrap_or(finding))
    };
    look().unwrap_or_else(|finding| finding)
}

/// Of the tree that the application runs in: what release-stage or release-swap would refuse later, and whether somebody has
/// changed by hand what is checked out.
fn in_place(
    given: &Given,
    tree: &Utf8Path,
    deadline: &Deadline,
) -> Result<Option<Finding>, Finding> {
    let refused = |error: worktree::Error| not_known(&fail::worktree(&error).into());
    let opened = Tree::open(tree.as_std_path(), deadline).map_err(refused)?;
    let wanted = [
        ("branch", Revision::Branch as fn(String) -> Revision),
        ("tag", Revision::Tag),
        ("commit", Revision::Commit),
    ];
    let wanted = wanted
        .into_iter()
        .find_map(|(option, revision)| given.of_stage(option).map(revision))
        .unwrap_or(Revision::Upstream);
    if let Some(known) = opened.known(&wanted, deadline).map_err(refused)? {
        opened.loses_nothing(&known, deadline).map_err(refused)?;
    }
    let head = opened.head(deadline).map_err(refused)?.commit;
    Ok(moved(given, tree, head.as_deref()).or_else(|| lacks(given, tree)))
}

/// What is checked out does not say how it is installed or built. The first deploy makes a release of it, the way back; of the
/// next commit that is not known before it is fetched.
fn lacks(given: &Given, tree: &Utf8Path) -> Option<Finding> {
    let finding = not_known(&super::source::lacking(tree, given)?.into());
    let current = given.application.as_ref()?.current().ok();
    let is_first = current == Some(Current::Absent) && given.of_stage("no-adopt").is_none();
    Some(Finding {
        status: if is_first { Status::Fail } else { Status::Warn },
        ..finding
    })
}

/// What is checked out is another commit than that of the live release.
fn moved(given: &Given, tree: &Utf8Path, head: Option<&str>) -> Option<Finding> {
    let application = given.application.as_ref()?;
    let Ok(Current::Release(live)) = application.current() else {
        return None;
    };
    let manifest = application.manifest(&live).ok()??;
    let commit = manifest
        .commit
        .filter(|_| manifest.working_tree.is_some())?;
    let head = head.filter(|head| *head != commit)?;
    Some(Finding::warn(
        format!(
            "{tree} has {} checked out, and {live} is live, which is {}: somebody has pulled or reset by hand, and \
             the service may run either",
            short(head),
            short(&commit)
        ),
        format!(
            "git -C {} reset --keep {}",
            quoted(tree.as_str()),
            short(&commit)
        ),
    ))
}

/// The application may run out of it: nothing that takes away or rewrites a file is to be pasted.
fn show(tree: &Utf8Path) -> String {
    format!("git -C {} status", quoted(tree.as_str()))
}

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

/// Of `git status --porcelain -z`: entries end in a zero byte, and a rename has its old name in a second one.
fn judge(tree: &Utf8Path, status: &str) -> Finding {
    let mut names = Vec::new();
    let mut entries = status.split('\0').filter(|entry| !entry.is_empty());
    while let Some(entry) = entries.next() {
        let (code, name) = entry.split_at_checked(3).unwrap_or(("", entry));
        names.push(format!("{} {name}", code.trim()));
        if code.contains(['R', 'C']) {
            entries.next();
        }
    }
    if names.is_empty() {
        return Finding::pass(format!("{tree} is clean")).measured(0, 0);
    }
    let count = names.len();
    let more = match count.saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    names.truncate(NAMED);
    Finding::fail(
        format!(
            "{tree} is not clean: {}{more}; {}",
            names.join(", "),
            worktree::CLEANED
        ),
        show(tree),
    )
    .measured(count, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dirty_is_named() {
        let tree = Utf8Path::new("/t");
        assert_eq!(judge(tree, "").status, Status::Pass);
        let dirty = judge(tree, " M a b\0?? new\0R  to\0from\0");
        assert_eq!(dirty.status, Status::Fail);
        assert_eq!(dirty.value, 3);
        assert!(
            dirty.message.contains("M a b, ?? new, R to"),
            "{}",
            dirty.message
        );
    }

    #[test]
    fn a_few_are_named_and_the_rest_counted() {
        let many = "?? x\0".repeat(9);
        let finding = judge(Utf8Path::new("/t"), &many);
        assert!(
            finding.message.contains(" and 4 more; "),
            "{}",
            finding.message
        );
    }
}
