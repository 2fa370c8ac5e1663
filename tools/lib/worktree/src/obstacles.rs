//! What lies where a release has its own and is neither committed nor an output of ours: the user's.

use crate::{Error, Release, Tree, ask};
use deadline::Deadline;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What of ours may be in the tree.
pub(crate) struct Ours<'a> {
    outputs: &'a [String],
    /// Which files are committed, where it is not the tree's own index that says so.
    index: Option<&'a Path>,
}

impl<'a> Ours<'a> {
    pub(crate) fn new(outputs: &'a [String], index: Option<&'a Path>) -> Self {
        Self { outputs, index }
    }

    /// Whether it is one of them, or in one.
    fn covers(&self, path: &Path) -> bool {
        self.outputs.iter().any(|own| path.starts_with(own))
    }

    /// Whether one of them is in it.
    fn reach_into(&self, path: &Path) -> bool {
        self.outputs
            .iter()
            .any(|own| Path::new(own).starts_with(path))
    }
}

impl Tree {
    /// What would be lost under the committed files of `release`.
    pub(crate) fn under_files(
        &self,
        release: &Release<'_>,
        ours: &Ours<'_>,
        deadline: &Deadline,
    ) -> Result<Vec<PathBuf>, Error> {
        let others = self.others(ours, None, deadline)?;
        let mut found = BTreeSet::new();
        let files = self.committed(release.commit, &others, true, deadline)?;
        for file in files {
            match self.root().join(&file).symlink_metadata() {
                Ok(there) if there.is_dir() => found.extend(self.foreign(&file, ours, deadline)?),
                Ok(_) if !ours.covers(&file) => drop(found.insert(file)),
                // A file lies where a directory of it is to be.
                Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                    let blocking = others
                        .iter()
                        .find(|other| file.starts_with(other) && !ours.covers(other));
                    found.extend(blocking.cloned());
                }
                Ok(_) | Err(_) => {}
            }
        }
        // A file of it lies where there is a directory with something of the user's now.
        let above: BTreeSet<PathBuf> = others
            .iter()
            .flat_map(|other| other.ancestors().skip(1))
            .map(Path::to_path_buf)
            .collect();
        let above: Vec<PathBuf> = above
            .into_iter()
            .filter(|path| !path.as_os_str().is_empty())
            .collect();
        let blobs = self.committed(release.commit, &above, false, deadline)?;
        for other in &others {
            if blobs.iter().any(|blob| other.starts_with(blob)) && !ours.covers(other) {
                found.extend(self.foreign(other, ours, deadline)?);
            }
        }
        Ok(found.into_iter().collect())
    }

    /// What would be lost under the outputs of `release`.
    pub(crate) fn under_outputs(
        &self,
        release: &Release<'_>,
        ours: &Ours<'_>,
        deadline: &Deadline,
    ) -> Result<Vec<PathBuf>, Error> {
        let mut found = BTreeSet::new();
        for output in release
            .outputs
            .iter()
            .filter(|output| !ours.outputs.contains(output))
        {
            let path = Path::new(output);
            match self.root().join(path).symlink_metadata() {
                Ok(_) => found.extend(self.foreign(path, ours, deadline)?),
                Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                    let others = self.others(ours, None, deadline)?;
                    let blocking = others
                        .iter()
                        .find(|other| path.starts_with(other) && !ours.covers(other));
                    found.extend(blocking.cloned());
                }
                Err(_) => {}
            }
        }
        Ok(found.into_iter().collect())
    }

    /// What is at or in `path`, not committed and not ours; of a directory that is it whole only the directory.
    fn foreign(
        &self,
        path: &Path,
        ours: &Ours<'_>,
        deadline: &Deadline,
    ) -> Result<Vec<PathBuf>, Error> {
        let mut found = Vec::new();
        for other in self.others(ours, Some(path), deadline)? {
            if ours.covers(&other) || self.is_empty(&other) {
                continue;
            }
            if ours.reach_into(&other) {
                let each = self.list(ours, listing(&[], Some(&other)), deadline)?;
                found.extend(
                    ask::paths(&each)
                        .into_iter()
                        .filter(|path| !ours.covers(path)),
                );
            } else {
                found.push(other);
            }
        }
        Ok(found)
    }

    /// What is not committed, ignored or not.
    fn others(
        &self,
        ours: &Ours<'_>,
        within: Option<&Path>,
        deadline: &Deadline,
    ) -> Result<Vec<PathBuf>, Error> {
        let said = self.list(ours, listing(&["--directory"], within), deadline)?;
        let plain = |path: PathBuf| path.components().collect::<PathBuf>();
        Ok(ask::paths(&said).into_iter().map(plain).collect())
    }

    /// What git lists, by the index that knows what is ours.
    fn list(
        &self,
        ours: &Ours<'_>,
        arguments: Vec<OsString>,
        deadline: &Deadline,
    ) -> Result<Vec<u8>, Error> {
        let mut command = self.git(arguments);
        if let Some(index) = ours.index {
            command.env("GIT_INDEX_FILE", index);
        }
        Ok(git::say(command, deadline)?)
    }

    /// The files of a commit at or, `within`, beneath these paths.
    fn committed(
        &self,
        commit: &str,
        paths: &[PathBuf],
        within: bool,
        deadline: &Deadline,
    ) -> Result<Vec<PathBuf>, Error> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let mut arguments: Vec<OsString> = [
            "--literal-pathspecs",
            "ls-tree",
            "-z",
            "--format=%(objecttype) %(path)",
        ]
        .map(Into::into)
        .into();
        if within {
            arguments.push("-r".into());
        }
        arguments.extend([commit.into(), "--".into()]);
        arguments.extend(paths.iter().map(|path| path.clone().into_os_string()));
        let said = self.say(arguments, deadline)?;
        let files = said
            .split(|byte| *byte == 0)
            .filter_map(|line| line.strip_prefix(b"blob "));
        Ok(files.flat_map(ask::paths).collect())
    }

    fn is_empty(&self, path: &Path) -> bool {
        fs::read_dir(self.root().join(path)).is_ok_and(|mut entries| entries.next().is_none())
    }
}

fn listing(options: &[&str], within: Option<&Path>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = ["--literal-pathspecs", "ls-files", "-z", "--others"]
        .map(Into::into)
        .into();
    arguments.extend(options.iter().map(Into::into));
    if let Some(path) = within {
        arguments.extend(["--".into(), path.as_os_str().to_owned()]);
    }
    arguments
}
