//! Does a process run out of this directory?

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::Proc;
use crate::mounts::unescape;
use crate::process::is_out_of_sight;

/// An answer that may be missing. Each comes with what it rests on, in words for a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tri {
    /// Shown to be so.
    Yes(String),
    /// Shown not to be so.
    No(String),
    /// Neither could be shown.
    Unknown(String),
}

/// What one fact about a process says about the directory.
enum Evidence {
    Inside(String),
    /// Beneath a neighbour of the directory, or something that has been replaced or deleted since.
    Elsewhere(String),
    Silent,
}

/// The directory in question, physical, and the one that holds it and its neighbours.
struct Place {
    directory: PathBuf,
    neighbours: Option<PathBuf>,
}

impl Proc {
    /// Whether that process runs out of `directory` (links in the name itself are followed).
    ///
    /// Looked at in this order, and the first that says something decides: its program file and its working directory;
    /// a path among its arguments; the files mapped into its memory. `No` needs something to the contrary: one of them
    /// lies in a neighbour (another directory beneath the same parent: another release), or in what was replaced or
    /// deleted since. A path through a link like `current` says nothing, as it may have meant another directory when the
    /// process began. Where nothing says anything, or what would could not be read, the answer is `Unknown`.
    pub fn runs_from(&self, pid: u32, directory: &Path) -> Tri {
        let place = match fs::canonicalize(directory) {
            Ok(directory) => Place::new(directory),
            Err(error) => return Tri::Unknown(format!("{}: {error}", directory.display())),
        };
        match self.decide(pid, &place) {
            Ok(answer) => answer,
            Err(error) => Tri::Unknown(error.to_string()),
        }
    }

    fn decide(&self, pid: u32, place: &Place) -> io::Result<Tri> {
        // First of all: is there such a process? Else every silence below would look like one of a living process.
        self.stat(pid)?;
        let mut unread = None;
        for tier in [
            Self::main_places,
            Self::argument_places,
            Self::mapped_places,
        ] {
            match tier(self, pid, place) {
                Ok(evidence) => {
                    if let Some(answer) = weigh(pid, evidence) {
                        return Ok(answer);
                    }
                }
                Err(error) if is_out_of_sight(&error) => unread = unread.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        Ok(Tri::Unknown(match unread {
            Some(error) => format!("process {pid} cannot be looked into: {error}"),
            None => format!(
                "nothing of process {pid} ({}) lies beneath {}",
                self.cmdline(pid),
                place.directory.display()
            ),
        }))
    }

    fn main_places(&self, pid: u32, place: &Place) -> io::Result<Vec<Evidence>> {
        let exe = place.judge("its program", &self.path(Self::of(pid, "exe")))?;
        let cwd_link = self.path(Self::of(pid, "cwd"));
        let mut cwd = place.judge("its working directory", &cwd_link)?;
        if matches!(cwd, Evidence::Silent) && place.contains_by_inode(&cwd_link) {
            cwd = Evidence::Inside(format!(
                "its working directory is {} under another name",
                place.directory.display()
            ));
        }
        Ok(vec![exe, cwd])
    }

    fn argument_places(&self, pid: u32, place: &Place) -> io::Result<Vec<Evidence>> {
        let arguments = self.arguments(pid)?;
        let judge = |argument: &std::ffi::OsString| {
            let bytes = argument.as_bytes();
            // `--file=/path` names a path as well as `/path` does.
            let value = bytes
                .iter()
                .position(|byte| *byte == b'=')
                .map_or(bytes, |at| &bytes[at + 1..]);
            let start = if bytes.starts_with(b"/") {
                bytes
            } else {
                value
            };
            place.judge_text(
                "its argument",
                Path::new(std::ffi::OsStr::from_bytes(start)),
            )
        };
        Ok(arguments.iter().map(judge).collect())
    }

    fn mapped_places(&self, pid: u32, place: &Place) -> io::Result<Vec<Evidence>> {
        Ok(self
            .mapped_files(pid)?
            .iter()
            // A temporary file that is mapped and deleted at once is a common habit and says nothing.
            .filter(|file| !is_deleted(file))
            .map(|file| place.judge_text("a file in its memory", file))
            .collect())
    }

    /// The files mapped into its memory, each once, in the order of their addresses.
    pub(crate) fn mapped_files(&self, pid: u32) -> io::Result<Vec<PathBuf>> {
        let bytes = self.bytes(Self::of(pid, "maps"))?;
        let mut files: Vec<PathBuf> = Vec::new();
        for line in bytes.split(|byte| *byte == b'\n') {
            // Five fields come first, none of which can hold a slash.
            let Some(slash) = line.iter().position(|byte| *byte == b'/') else {
                continue;
            };
            let file = unescape(&line[slash..]);
            if files.last() != Some(&file) && !files.contains(&file) {
                files.push(file);
            }
        }
        Ok(files)
    }
}

impl Place {
    fn new(directory: PathBuf) -> Self {
        let neighbours = directory
            .parent()
            .filter(|parent| parent.parent().is_some())
            .map(Path::to_owned);
        Self {
            directory,
            neighbours,
        }
    }

    /// One of the links of `/proc/PID`: its text is the name, and following it leads to the thing itself, even where
    /// another file has that name by now or the process is in another mount namespace.
    fn judge(&self, what: &str, link: &Path) -> io::Result<Evidence> {
        let named = fs::read_link(link).map_err(|error| crate::proc::named(link, &error))?;
        if !named.starts_with(&self.directory) {
            return Ok(self.judge_text(what, &named));
        }
        let same = match (fs::metadata(link), fs::metadata(&named)) {
            (Ok(thing), Ok(name)) => thing.dev() == name.dev() && thing.ino() == name.ino(),
            _ => false,
        };
        Ok(if same {
            self.judge_text(what, &named)
        } else {
            Evidence::Elsewhere(format!(
                "{what} {} has been replaced since it started",
                named.display()
            ))
        })
    }

    fn judge_text(&self, what: &str, path: &Path) -> Evidence {
        let words = || format!("{what} is {}", path.display());
        if path.starts_with(&self.directory) {
            Evidence::Inside(words())
        } else if self
            .neighbours
            .as_ref()
            .is_some_and(|neighbours| path != neighbours && path.starts_with(neighbours))
        {
            Evidence::Elsewhere(words())
        } else {
            Evidence::Silent
        }
    }

    /// Walks up from a directory inside the process's own view of the tree: finds a bind mount and a container.
    fn contains_by_inode(&self, link: &Path) -> bool {
        let Ok(wanted) = fs::metadata(&self.directory) else {
            return false;
        };
        let mut path = link.to_owned();
        let mut last = None;
        // Deep enough for any tree; each step is one stat.
        for _ in 0..64 {
            let Ok(here) = fs::metadata(&path) else {
                return false;
            };
            let here = (here.dev(), here.ino());
            if here == (wanted.dev(), wanted.ino()) {
                return true;
            }
            if last == Some(here) {
                return false;
            }
            last = Some(here);
            path.push("..");
        }
        false
    }
}

/// The answer of one tier, if it has any. What contradicts itself is no answer but is not silence either.
fn weigh(pid: u32, evidence: Vec<Evidence>) -> Option<Tri> {
    let (mut inside, mut elsewhere) = (None, None);
    for one in evidence {
        match one {
            Evidence::Inside(words) => inside = inside.or(Some(words)),
            Evidence::Elsewhere(words) => elsewhere = elsewhere.or(Some(words)),
            Evidence::Silent => {}
        }
    }
    match (inside, elsewhere) {
        (Some(inside), None) => Some(Tri::Yes(format!("process {pid}: {inside}"))),
        (None, Some(elsewhere)) => Some(Tri::No(format!("process {pid}: {elsewhere}"))),
        (Some(inside), Some(elsewhere)) => Some(Tri::Unknown(format!(
            "process {pid}: {inside}, but {elsewhere}"
        ))),
        (None, None) => None,
    }
}

fn is_deleted(path: &Path) -> bool {
    path.as_os_str().as_bytes().ends_with(b" (deleted)")
}
