//! `branch`: the right branch is checked out.

use super::Check;
use super::worktree::git;
use crate::finding::Finding;
use crate::given::Given;
use camino::Utf8Path;
use deadline::Deadline;

pub(super) const CHECK: Check = Check {
    name: "branch",
    about: "the branch that is wanted is checked out",
    needs: "--branch and --git",
    given: |given| given.args.branch.is_some() && given.args.git.is_some(),
    run,
};

fn run(given: &Given, deadline: &Deadline) -> Finding {
    let (Some(tree), Some(wanted)) = (&given.args.git, &given.args.branch) else {
        return Finding::skip("no branch is wanted");
    };
    match git(tree, &["branch", "--show-current"], deadline) {
        Ok(branch) => judge(tree, branch.trim_end(), wanted),
        Err(finding) => finding,
    }
}

fn judge(tree: &Utf8Path, branch: &str, wanted: &str) -> Finding {
    let finding = if branch == wanted {
        Finding::pass(format!("{tree} is on {branch}"))
    } else {
        let found = match branch {
            "" => "no branch (a detached HEAD)",
            other => other,
        };
        Finding::fail(
            format!("{tree} is on {found}, not on {wanted}"),
            format!("git -C {} switch {wanted}", step::quoted(tree.as_str())),
        )
    };
    finding.measured(branch, wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Status;

    #[test]
    fn a_detached_head_is_no_branch() {
        let tree = Utf8Path::new("/t");
        assert_eq!(judge(tree, "main", "main").status, Status::Pass);
        assert_eq!(judge(tree, "", "main").status, Status::Fail);
        assert_eq!(judge(tree, "main2", "main").status, Status::Fail);
    }
}
