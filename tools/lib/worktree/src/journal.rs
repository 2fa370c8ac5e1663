//! What is in the tree, and what is being done to it.

use crate::{Error, Tree};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::io;
use std::path::Path;
use std::time::Duration;

/// More bytes than either file has.
const LARGEST: u64 = 16 * 1024 * 1024;
const PLACED: &str = "placed.json";
const MIRRORING: &str = "mirroring.json";

/// The release that is in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Placed {
    /// Its name.
    pub(crate) release: String,
    /// Its commit.
    pub(crate) commit: String,
    /// Its outputs in the tree.
    pub(crate) outputs: Vec<String>,
    /// When the last of it came there; not told of a tree that was taken as it stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Moment>,
}

/// A moment of one boot, which no clock that is set changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Moment {
    /// Which boot ([`host::boot_id`]).
    boot_id: String,
    /// Milliseconds since then, time asleep included.
    milliseconds: u64,
}

impl Moment {
    /// This one; nothing where the kernel does not tell.
    pub(crate) fn now() -> Option<Self> {
        Some(Self {
            boot_id: host::boot_id().ok()?,
            milliseconds: host::boottime().ok()?.as_millis().try_into().ok()?,
        })
    }
}

/// A mirror that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mirroring {
    /// The release that is to be in the tree.
    pub(crate) to: String,
    /// Its commit.
    pub(crate) commit: String,
    /// All that may lie in the tree and is an output of ours, of this release and of those before it.
    pub(crate) outputs: Vec<String>,
    /// The commits of mirrors killed before this one, whose files may still be in the tree.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) before: Vec<String>,
}

impl Mirroring {
    /// Every commit that it and those killed before it were to put there, oldest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &String> {
        self.before.iter().chain([&self.commit])
    }
}

impl Tree {
    /// What is in the tree; nothing where we have put nothing there yet.
    pub(crate) fn placed(&self) -> Result<Option<Placed>, Error> {
        read(&self.area().join(PLACED))
    }

    /// The mirror that is under way, or was when it was killed.
    pub(crate) fn mirroring(&self) -> Result<Option<Mirroring>, Error> {
        read(&self.area().join(MIRRORING))
    }

    pub(crate) fn write_mirroring(&self, journal: &Mirroring) -> Result<(), Error> {
        write(&self.area().join(MIRRORING), journal)
    }

    /// The mirror is done: what it has put there first, so that there is never neither.
    pub(crate) fn write_placed(&self, placed: &Placed) -> Result<(), Error> {
        write(&self.area().join(PLACED), placed)?;
        durable::remove(self.area().join(MIRRORING))?;
        Ok(())
    }

    /// How long after this boot the tree has held what it holds; nothing where that was before it, or is not told.
    pub fn held_since(&self) -> Result<Option<Duration>, Error> {
        let since = self.placed()?.and_then(|placed| placed.since);
        let boot = host::boot_id().ok();
        Ok(since
            .filter(|since| Some(&since.boot_id) == boot.as_ref())
            .map(|since| Duration::from_millis(since.milliseconds)))
    }

    /// Whether this release is in the tree as far as we know, and nothing is half done. What people have changed since is
    /// not looked at.
    pub fn holds(&self, release: &str, commit: &str) -> Result<bool, Error> {
        let placed = self.placed()?;
        let is_it =
            placed.is_some_and(|placed| placed.release == release && placed.commit == commit);
        Ok(is_it && self.mirroring()?.is_none())
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    let content = match durable::read(path, LARGEST) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    serde_json::from_slice(&content).map(Some).map_err(|error| {
        let path = path.display();
        Error::impossible("damaged-file", format!("cannot understand {path}: {error}"))
            .hint(format!("cat {path}"))
    })
}

fn write<T: Serialize>(path: &Path, value: &T) -> Result<(), Error> {
    let content = serde_json::to_vec_pretty(value).map_err(|error| {
        Error::impossible("damaged-file", format!("{}: {error}", path.display()))
    })?;
    durable::replace(path, &content, 0o644)?;
    Ok(())
}
