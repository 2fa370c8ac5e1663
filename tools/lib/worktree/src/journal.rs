//! What is in the tree, and what is being done to it.

use crate::{Error, Tree};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::io;
use std::path::Path;

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
