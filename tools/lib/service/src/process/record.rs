//! Which process it is: the file that outlives whoever started it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use host::Identity;
use serde::{Deserialize, Serialize};

use crate::{Error, Mark};

/// The version of the file's form.
const SCHEMA: u32 = 1;
/// More than any such file holds.
const LARGEST: u64 = 1024 * 1024;
/// Where the kernel gives a new random name at each reading.
const RANDOM: &str = "/proc/sys/kernel/random/uuid";

/// `ROOT/run/NAME.json`. It is there from a start until a stop: a file whose process is dead is a crash.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    schema: u32,
    /// The main process. A reused number, another boot and another namespace do not pass for it.
    pub(super) identity: Identity,
    /// Names this one start.
    pub(super) invocation: String,
    started_at: String,
    /// The directory that `current` led to then.
    pub(super) directory: PathBuf,
    /// Where the log ended before this start. None in a record of an older version.
    #[serde(default)]
    pub(super) log: Option<Mark>,
}

impl Record {
    pub(super) fn new(identity: Identity, invocation: String, directory: &Path, log: Mark) -> Self {
        Self {
            schema: SCHEMA,
            identity,
            invocation,
            started_at: clock::rfc3339(SystemTime::now()),
            directory: directory.to_owned(),
            log: Some(log),
        }
    }

    pub(super) fn read(path: &Path) -> Result<Option<Self>, Error> {
        let bytes = match durable::read(path, LARGEST) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let damaged = |why: String| Error::Damaged {
            path: path.to_owned(),
            why,
        };
        let record: Self =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if record.schema != SCHEMA {
            return Err(damaged(format!(
                "it is of version {}, and this Slipway knows version {SCHEMA}",
                record.schema
            )));
        }
        Ok(Some(record))
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), Error> {
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::io(format!("write {}", path.display()))(error.into()))?;
        text.push(b'\n');
        Ok(durable::replace(path, &text, 0o644)?)
    }
}

/// A new random name, 32 hexadecimal digits, as systemd's are.
pub(super) fn invocation() -> Result<String, Error> {
    let text = std::fs::read_to_string(RANDOM).map_err(Error::io(format!("read {RANDOM}")))?;
    Ok(text.trim().replace('-', ""))
}
