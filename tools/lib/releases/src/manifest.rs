//! What a release says of itself: `.release.json`, written once, before the release is published.

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;
use std::time::SystemTime;

/// The manifest's name in its release.
pub const MANIFEST: &str = ".release.json";
/// The version of the manifest's form that this program writes, and the newest that it reads.
pub const SCHEMA: u32 = 1;
/// More bytes than any manifest has.
const LARGEST: u64 = 1024 * 1024;

/// A moment in the manifest: RFC 3339.
mod moment {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use std::time::SystemTime;

    pub(super) fn serialize<S: Serializer>(
        moment: &SystemTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&clock::rfc3339(*moment))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SystemTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        clock::parse_rfc3339(&text)
            .ok_or_else(|| de::Error::custom("not a time like 2026-11-20T09:30:00.123Z"))
    }
}

/// What a release says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The form of this file: [`SCHEMA`].
    pub schema: u32,
    /// What the release was staged as.
    pub name: String,
    /// Its place in the order of releases, which no clock can change.
    pub sequence: u64,
    /// When it was staged, to the millisecond.
    #[serde(with = "moment")]
    pub created_at: SystemTime,
    /// What kind of build it is: `node`, `static`, …
    pub kind: String,
    /// The commit it was built from, in full, where it came from git.
    #[serde(default)]
    pub commit: Option<String>,
    /// Where it came from: a directory or a repository's address, without credentials.
    #[serde(default)]
    pub source: Option<String>,
    /// Regular files in it, without this one.
    pub files: u64,
    /// The sum of their lengths.
    pub bytes: u64,
    /// The command that starts it, where the kind knows one.
    #[serde(default)]
    pub start: Option<String>,
    /// The git working tree that it is mirrored into and runs in, physical; none where it runs out of its own directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_tree: Option<String>,
    /// In place: what its build made beside what is committed, as paths in it; of a directory that is made whole only the
    /// directory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<String>,
}

/// The directory that the release in `directory`, which is physical, runs in: its own, or the working tree that it is
/// mirrored into. One that was not staged by this program runs in its own.
pub fn runs_in(directory: &Utf8Path) -> Result<Utf8PathBuf, ManifestError> {
    match Manifest::read(directory) {
        Ok(manifest) => Ok(manifest
            .working_tree
            .map_or_else(|| directory.to_owned(), Into::into)),
        Err(ManifestError::Absent(_)) => Ok(directory.to_owned()),
        Err(error) => Err(error),
    }
}

/// Why a release's manifest cannot be had.
#[derive(Debug)]
pub enum ManifestError {
    /// There is none: the release was not staged by this program.
    Absent(Utf8PathBuf),
    /// It cannot be read or written.
    File(durable::Error),
    /// It is not what a manifest looks like; the text says where.
    Malformed(Utf8PathBuf, String),
    /// A newer version of this program wrote it, in a form of this number.
    Newer(Utf8PathBuf, u64),
}

impl Manifest {
    /// Reads the manifest of the release in `directory`.
    pub fn read(directory: &Utf8Path) -> Result<Self, ManifestError> {
        let path = directory.join(MANIFEST);
        let content = match durable::read(&path, LARGEST) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ManifestError::Absent(path));
            }
            Err(error) => return Err(ManifestError::File(error)),
        };
        Self::from_json(&content, path)
    }

    /// Writes it into `directory`, so that it survives a power cut.
    pub fn write(&self, directory: &Utf8Path) -> Result<(), ManifestError> {
        let path = directory.join(MANIFEST);
        let mut content = serde_json::to_vec_pretty(self)
            .map_err(|error| ManifestError::Malformed(path.clone(), error.to_string()))?;
        content.push(b'\n');
        durable::replace(&path, &content, 0o644).map_err(ManifestError::File)
    }

    fn from_json(content: &[u8], path: Utf8PathBuf) -> Result<Self, ManifestError> {
        /// The one field that every form has.
        #[derive(Deserialize)]
        struct Form {
            schema: u64,
        }
        // The form first: a newer one may have other fields, and its number says more than a missing field's name.
        let parsed = serde_json::from_slice::<Form>(content).and_then(|form| {
            if form.schema > u64::from(SCHEMA) {
                return Ok(Err(form.schema));
            }
            serde_json::from_slice(content).map(Ok)
        });
        match parsed {
            Ok(Ok(manifest)) => Ok(manifest),
            Ok(Err(schema)) => Err(ManifestError::Newer(path, schema)),
            Err(error) => Err(ManifestError::Malformed(path, error.to_string())),
        }
    }
}

impl fmt::Display for ManifestError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(path) => write!(formatter, "there is no {path}"),
            Self::File(error) => error.fmt(formatter),
            Self::Malformed(path, why) => write!(formatter, "cannot understand {path}: {why}"),
            Self::Newer(path, schema) => write!(
                formatter,
                "{path} has schema {schema}, and this version knows none above {SCHEMA}"
            ),
        }
    }
}

impl std::error::Error for ManifestError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File(error) => Some(error),
            _ => None,
        }
    }
}
