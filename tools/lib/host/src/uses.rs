//! Which processes use these directories?

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::Proc;
use crate::mounts::{Inner, inner};
use crate::process::Looked;

/// One process that uses one of the directories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Which one: its place in the list that was asked about.
    pub directory: usize,
    /// The process.
    pub pid: u32,
    /// In what way, in words for a report: `working directory`, `open file /x/y`.
    pub how: String,
}

/// Which processes use which directories, and what could not be looked into.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InUse {
    /// One entry for a process and a directory, whatever number of ways it uses it in. Processes in ascending order.
    pub uses: Vec<Use>,
    /// Processes that this user may not look into.
    pub unread: Vec<u32>,
    /// `/proc` does not even list the processes of other users (`hidepid`).
    pub hidden: bool,
}

impl InUse {
    /// Every process was looked into: what is not among the uses is not in use.
    pub fn complete(&self) -> bool {
        self.unread.is_empty() && !self.hidden
    }

    /// The uses of the directory at that place in the list.
    pub fn of(&self, directory: usize) -> impl Iterator<Item = &Use> {
        self.uses
            .iter()
            .filter(move |one| one.directory == directory)
    }
}

impl Proc {
    /// Which living processes have something of these directories in use: program file, working or root directory, open
    /// or mapped files, or (in whatever mount namespace, so in a container too) a mount of them. All directories are
    /// asked about at once because every process has to be looked into for each question. An error where a
    /// directory cannot be resolved or `/proc` cannot be listed.
    pub fn open_in(&self, directories: &[PathBuf]) -> io::Result<InUse> {
        let mut places = Vec::with_capacity(directories.len());
        for directory in directories {
            let physical = fs::canonicalize(directory)
                .map_err(|error| crate::proc::named(directory, &error))?;
            places.push(physical);
        }
        let mounts = self.mounts("self")?;
        let inners: Vec<Option<Inner>> = places.iter().map(|place| inner(&mounts, place)).collect();
        let mut answer = InUse {
            hidden: self.hides_processes(),
            ..InUse::default()
        };
        let mut namespaces = HashSet::new();
        for pid in self.pids()? {
            let mut found = Found {
                places: &places,
                how: vec![None; places.len()],
            };
            let looked = self.look_into(pid, &mut found);
            if let Ok(namespace) = self.read_link(Self::of(pid, "ns/mnt"))
                && namespaces.insert(namespace)
            {
                self.look_at_mounts(pid, &inners, &mut found);
            }
            let ways = found.how.into_iter().enumerate();
            answer.uses.extend(ways.filter_map(|(directory, how)| {
                how.map(|how| Use {
                    directory,
                    pid,
                    how,
                })
            }));
            if let Looked::Barred = self.looked(pid, looked)? {
                answer.unread.push(pid);
            }
        }
        Ok(answer)
    }

    fn look_into(&self, pid: u32, found: &mut Found<'_>) -> io::Result<()> {
        for (link, what) in [
            ("cwd", "working directory"),
            ("root", "root directory"),
            ("exe", "program"),
        ] {
            match self.read_link(Self::of(pid, link)) {
                Ok(path) => found.note(&path, what),
                // A kernel thread has no program, a zombie has nothing.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        for file in self.mapped_files(pid)? {
            found.note(&file, "mapped file");
        }
        for (_, target) in self.descriptors(pid)? {
            found.note(&target, "open file");
        }
        Ok(())
    }

    fn look_at_mounts(&self, pid: u32, inners: &[Option<Inner>], found: &mut Found<'_>) {
        // Not readable: then neither were the process's other files, and that has been noted.
        let Ok(mounts) = self.mounts(&pid.to_string()) else {
            return;
        };
        for (index, inner) in inners.iter().enumerate() {
            let Some(inner) = inner else { continue };
            if let Some(mount) = mounts.iter().find(|mount| mount.shows(inner)) {
                found.how[index]
                    .get_or_insert_with(|| format!("mounted at {}", mount.point.display()));
            }
        }
    }

    /// What each open descriptor of a process leads to, as the kernel names it (`socket:[123]`, `/x/y (deleted)`).
    pub(crate) fn descriptors(&self, pid: u32) -> io::Result<Vec<(String, PathBuf)>> {
        let directory = self.path(Self::of(pid, "fd"));
        let list =
            fs::read_dir(&directory).map_err(|error| crate::proc::named(&directory, &error))?;
        let mut descriptors = Vec::new();
        for entry in list {
            // It ended while it was listed: what is gone holds nothing.
            let Ok(entry) = entry else { break };
            match fs::read_link(entry.path()) {
                Ok(target) => {
                    descriptors.push((entry.file_name().to_string_lossy().into_owned(), target));
                }
                // Listing them may be allowed where following them is not.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    return Err(crate::proc::named(&entry.path(), &error));
                }
                // One that was closed meanwhile.
                Err(_) => {}
            }
        }
        Ok(descriptors)
    }
}

/// What one process uses: the first way found for each directory.
struct Found<'a> {
    places: &'a [PathBuf],
    how: Vec<Option<String>>,
}

impl Found<'_> {
    fn note(&mut self, path: &Path, what: &str) {
        for (place, how) in self.places.iter().zip(&mut self.how) {
            if how.is_none() && path.starts_with(place) {
                *how = Some(format!("{what} {}", path.display()));
            }
        }
    }
}
