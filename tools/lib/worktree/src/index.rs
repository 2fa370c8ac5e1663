//! The commit, put into the tree by a git that nobody else has to wait for.

use crate::{Care, Error, Tree, prepare};
use deadline::Deadline;
use deadline::child::{Options, run};
use host::Proc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What our lock of the tree's index says, and no git's does.
const OURS: &[u8] = b"slipway puts a release into this working tree\n";
/// How long another git is waited for: it has its lock for a moment, but for one that waits for an editor.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);
/// For how long a lock of a ref is looked at before it counts as left behind.
const REF_LOCK: Duration = Duration::from_secs(1);
/// What every git that works on the tree carries in its environment, so that it is found should it outlive us.
const MARK: &str = "SLIPWAY_WORKING_TREE";

/// The lock by which every git keeps off the tree's index.
pub(crate) struct IndexLock(PathBuf);

impl Drop for IndexLock {
    fn drop(&mut self) {
        // What stays says that it is ours, and the next mirror takes it for its own.
        durable::remove(&self.0).ok();
    }
}

impl Tree {
    /// Keeps every other git off the index. It is there in one step and with its content, so that one that was left behind
    /// is known for ours. Nothing where it is another's and stays so, and nothing is to keep us from going on.
    pub(crate) fn lock_index(
        &self,
        care: Care,
        deadline: &Deadline,
    ) -> Result<Option<IndexLock>, Error> {
        let lock = self.git_dir().join("index.lock");
        let own = self.area().join("index-lock");
        durable::replace(&own, OURS, 0o644)?;
        let patience = deadline.or_after(PATIENCE);
        loop {
            match durable::relocate(&own, &lock) {
                Ok(()) => return Ok(Some(IndexLock(lock))),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error.into()),
            }
            if durable::read(&lock, 4096).is_ok_and(|content| content == OURS) {
                durable::remove(&own)?;
                return Ok(Some(IndexLock(lock)));
            }
            if patience.sleep(PAUSE).is_err() {
                deadline.check()?;
                durable::remove(&own)?;
                if care == Care::Save {
                    return Ok(None);
                }
                return Err(Error::no(
                    "tree-busy",
                    format!(
                        "another git has been at work in {} all the time, or was killed and has left its lock behind",
                        self.root().display()
                    ),
                )
                .hint(format!("pgrep -a git; ls -l {}", lock.display())));
            }
        }
    }

    /// Takes away the lock that a mirror of ours was killed with; nobody else of ours is at work. Another git's stays.
    pub(crate) fn unlock_index(&self) -> Result<(), Error> {
        let lock = self.git_dir().join("index.lock");
        if durable::read(&lock, 4096).is_ok_and(|content| content == OURS) {
            durable::remove(&lock)?;
        }
        Ok(())
    }

    /// `git reset --hard`: the checked-out branch, or the detached HEAD, is at `commit` afterwards, and so are all committed files.
    /// `killed` are the commits of mirrors that were killed, whose files may be in the tree.
    pub(crate) fn reset(
        &self,
        commit: &str,
        killed: &[String],
        deadline: &Deadline,
    ) -> Result<(), Error> {
        let index = self.area().join("index");
        // Only a git of ours makes that, and none lives.
        durable::remove(self.area().join("index.lock"))?;
        self.copy_index(&index)?;
        for killed in killed.iter().filter(|killed| *killed != commit) {
            self.add_files_of(killed, &index, deadline)?;
        }
        let reset = || {
            let mut command = self.git([
                "-c",
                "core.splitIndex=false",
                "-c",
                "submodule.recurse=false",
            ]);
            command
                .args(["reset", "--hard", "--quiet", commit])
                .env("GIT_INDEX_FILE", &index)
                .env("GIT_REFLOG_ACTION", "slipway")
                .env(MARK, self.root());
            run(command, Options::default(), deadline)
        };
        let mut finished = reset()?;
        // One that was killed may have left several: a ref's, and that of all packed refs.
        let mut removed = Vec::new();
        while !finished.status.success()
            && !killed.is_empty()
            && let Some(lock) = blocked_by(&finished.tail(20))
            && !removed.contains(&lock)
            && is_left_behind(&lock, commit, deadline)?
        {
            durable::remove(&lock)?;
            removed.push(lock);
            finished = reset()?;
        }
        if !finished.status.success() {
            return Err(git::Error::failed("reset", &finished).into());
        }
        durable::install(&index, self.git_dir().join("index"))?;
        Ok(())
    }

    /// Adds the files of a commit to an index, whatever it has under their names: what an index does not have, git leaves
    /// lying in the tree.
    pub(crate) fn add_files_of(
        &self,
        commit: &str,
        index: &Path,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        let mut command = git::command_of("/bin/sh", self.root());
        command
            .args([
                "-c",
                "git ls-tree -r -z \"$1\" | git update-index -z --replace --index-info",
            ])
            .args(["sh", commit])
            .env("GIT_INDEX_FILE", index)
            .env(MARK, self.root());
        git::say(command, deadline)?;
        Ok(())
    }

    /// An index that knows the files of these commits too, so that they are not taken for somebody's own; nothing where there
    /// are none, and the tree's own does.
    pub(crate) fn index_with(
        &self,
        commits: &[String],
        deadline: &Deadline,
    ) -> Result<Option<PathBuf>, Error> {
        if commits.is_empty() {
            return Ok(None);
        }
        let index = self.area().join("index");
        durable::remove(self.area().join("index.lock"))?;
        self.copy_index(&index)?;
        for commit in commits {
            self.add_files_of(commit, &index, deadline)?;
        }
        Ok(Some(index))
    }

    /// A copy of the tree's index, with its time: by that git knows which files to look into.
    pub(crate) fn copy_index(&self, to: &Path) -> Result<(), Error> {
        let from = self.git_dir().join("index");
        durable::remove(to)?;
        match fs::metadata(&from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Error::io("read", &from)(error)),
            Ok(found) => {
                fs::copy(&from, to).map_err(Error::io("copy", &from))?;
                prepare::keep_times(to, &found)
            }
        }
    }

    /// Ends every git that a killed mirror of ours has left at work in this tree.
    pub(crate) fn end_orphans(&self, deadline: &Deadline) -> Result<(), Error> {
        let proc = Proc::system();
        let root = self.root().to_string_lossy();
        let look = || -> Vec<u32> {
            let pids = proc.pids().unwrap_or_default();
            let is_ours = |pid: &u32| proc.environ_has(*pid, MARK, &root).unwrap_or(false);
            pids.into_iter().filter(is_ours).collect()
        };
        loop {
            let orphans = look();
            if orphans.is_empty() {
                return Ok(());
            }
            for orphan in orphans {
                if let Ok(pid) = i32::try_from(orphan) {
                    // It may have ended meanwhile.
                    kill(Pid::from_raw(pid), Signal::SIGKILL).ok();
                }
            }
            deadline.sleep(Duration::from_millis(5))?;
        }
    }
}

/// The lock of a ref that kept git from going on.
fn blocked_by(said: &str) -> Option<PathBuf> {
    let (_, rest) = said.split_once("Unable to create '")?;
    let (path, why) = rest.split_once("':")?;
    let is_ref = !path.ends_with("index.lock");
    (is_ref && why.trim_start().starts_with("File exists")).then(|| path.into())
}

/// Whether a lock is what a git that was to write `commit` has left: it says nothing else, and stays as it is.
fn is_left_behind(lock: &Path, commit: &str, deadline: &Deadline) -> Result<bool, Error> {
    let glance = || {
        let content = durable::read(lock, 4096).ok()?;
        let modified = fs::metadata(lock).and_then(|found| found.modified()).ok()?;
        Some((content, modified))
    };
    let first = glance();
    let until = deadline.or_after(REF_LOCK);
    while until.sleep(PAUSE).is_ok() {}
    deadline.check()?;
    let is_ours = |content: &[u8]| content.is_empty() || content.trim_ascii() == commit.as_bytes();
    Ok(first == glance() && first.is_some_and(|(content, _)| is_ours(&content)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_that_blocks_is_the_one_that_git_names() {
        let said = "fatal: Unable to create '/t/.git/refs/heads/main.lock': File exists.\n\nAnother git process…";
        assert_eq!(
            blocked_by(said),
            Some("/t/.git/refs/heads/main.lock".into())
        );
        let index = "fatal: Unable to create '/t/.git/index.lock': File exists.";
        assert_eq!(blocked_by(index), None);
        let denied = "fatal: Unable to create '/t/.git/HEAD.lock': Permission denied";
        assert_eq!(blocked_by(denied), None);
    }
}
