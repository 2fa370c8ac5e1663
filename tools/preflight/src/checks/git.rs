//! `git`: the working tree is clean, and nothing is half-done in it.

use super::Check;
use super::worktree::git;
use crate::finding::Finding;
use crate::given::Given;
use camino::{Utf8Path, Utf8PathBuf};
use deadline::Deadline;

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
        if let Some((what, end)) = worktree::half_done(directory.as_std_path()) {
            return Err(Finding::fail(
                format!("{what} is half-done in {tree}"),
                format!("git -C {tree} {end}, or finish it"),
            ));
        }
        let status = git(tree, &["status", "--porcelain", "-z"], deadline)?;
        Ok(judge(tree, &status))
    };
    look().unwrap_or_else(|finding| finding)
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
        format!("{tree} is not clean: {}{more}", names.join(", ")),
        format!("git -C {tree} stash --include-untracked, or commit"),
    )
    .measured(count, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Status;

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
            finding.message.ends_with("and 4 more"),
            "{}",
            finding.message
        );
    }
}
