//! git commands in the tree, and what is made of their answers.

use crate::{Error, Tree};
use deadline::Deadline;
use deadline::child::{Options, ask};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::Command;

impl Tree {
    /// A git command in this tree.
    pub(crate) fn git<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, arguments: I) -> Command {
        let mut command = git::command(self.root());
        command.args(arguments);
        command
    }

    /// What git says to these arguments, which must succeed.
    pub(crate) fn say<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(
        &self,
        arguments: I,
        deadline: &Deadline,
    ) -> Result<Vec<u8>, Error> {
        Ok(git::say(self.git(arguments), deadline)?)
    }

    /// The first line of what it says; nothing where it fails.
    pub(crate) fn line<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(
        &self,
        arguments: I,
        deadline: &Deadline,
    ) -> Result<Option<String>, Error> {
        let finished = ask(self.git(arguments), Options::default(), deadline)?;
        let line = finished.stdout_text().trim().to_owned();
        Ok((finished.status.success() && !line.is_empty()).then_some(line))
    }
}

/// The paths in output that ends each with a zero byte.
pub(crate) fn paths(output: &[u8]) -> Vec<PathBuf> {
    output
        .split(|byte| *byte == 0)
        .filter(|path| !path.is_empty())
        .map(|path| PathBuf::from(OsStr::from_bytes(path)))
        .collect()
}
