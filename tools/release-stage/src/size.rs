//! What a release made from a directory would take, by looking alone. `preflight` asks the same beforehand.

use crate::exclude::Exclude;
use deadline::{Deadline, Ended};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// The write permissions: what is shared has none.
const WRITE: u32 = 0o222;

/// What is in a tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Size {
    /// Regular files.
    pub files: u64,
    /// The sum of their lengths, in bytes.
    pub bytes: u64,
    /// What everything in it takes on the disk, in bytes, holes not counted.
    pub on_disk: u64,
    /// Files, directories and links.
    pub inodes: u64,
    /// At most so many files can be shared with the other release, which has them with the same length and rights; whether
    /// their content is the same as well is looked at once they are copied.
    pub linkable: u64,
    /// What those take on the disk, in bytes.
    pub linkable_on_disk: u64,
    /// The symbolic links, by their paths from the root.
    pub links: Vec<PathBuf>,
}

/// Measures what is left of a directory without what is left out. `other` is the release to share files with, where there is
/// one. The outer error is the end of time, the inner one says what cannot be read; what goes away meanwhile takes nothing.
pub fn of_directory(
    source: &Path,
    exclude: &Exclude,
    other: Option<&Path>,
    deadline: &Deadline,
) -> Result<io::Result<Size>, Ended> {
    let inner = |path: &Path| path.strip_prefix(source).unwrap_or(path).to_path_buf();
    let mut size = Size::default();
    let walk = WalkDir::new(source).min_depth(1).into_iter();
    for entry in walk.filter_entry(|entry| !exclude.leaves_out(&inner(entry.path()))) {
        deadline.check()?;
        let found = entry.and_then(|entry| Ok((entry.metadata()?, entry)));
        match found {
            Ok((data, entry)) => size.add(&entry, &data, inner(entry.path()), other),
            Err(error) if error.depth() > 1 && is_gone(&error) => {}
            Err(error) => return Ok(Err(error.into())),
        }
    }
    Ok(Ok(size))
}

fn is_gone(error: &walkdir::Error) -> bool {
    let error = error.io_error();
    error.is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

impl Size {
    fn add(&mut self, entry: &DirEntry, data: &Metadata, inner: PathBuf, other: Option<&Path>) {
        let on_disk = data.blocks() * 512;
        self.inodes += 1;
        self.on_disk += on_disk;
        if entry.file_type().is_symlink() {
            self.links.push(inner);
        } else if entry.file_type().is_file() {
            self.files += 1;
            self.bytes += data.len();
            if other.is_some_and(|other| is_like(data, &other.join(&inner))) {
                self.linkable += 1;
                self.linkable_on_disk += on_disk;
            }
        }
    }
}

/// Whether what is there would be linked to, as far as can be seen without reading either.
fn is_like(file: &Metadata, there: &Path) -> bool {
    file.len() > 0
        && fs::symlink_metadata(there).is_ok_and(|there| {
            there.is_file()
                && there.len() == file.len()
                && there.mode() & 0o777 == file.mode() & 0o777 & !WRITE
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn what_is_left_out_takes_nothing_and_what_is_alike_can_be_linked() {
        let place = std::env::temp_dir().join(format!("release-stage-size-{}", std::process::id()));
        let (source, other) = (place.join("source"), place.join("other"));
        for directory in [&source, &other] {
            fs::create_dir_all(directory.join(".git")).unwrap();
            fs::write(directory.join(".git/x"), "left out").unwrap();
            fs::write(directory.join("same"), "same").unwrap();
        }
        fs::write(source.join("longer"), "longer than that").unwrap();
        fs::write(other.join("longer"), "that").unwrap();
        fs::write(source.join("empty"), "").unwrap();
        fs::write(other.join("empty"), "").unwrap();
        symlink("same", source.join("link")).unwrap();
        let read_only = fs::Permissions::from_mode(0o444);
        for name in ["same", "longer", "empty"] {
            fs::set_permissions(other.join(name), read_only.clone()).unwrap();
        }
        let measure = |other| {
            let exclude = Exclude::of([".git"]);
            of_directory(&source, &exclude, other, &Deadline::never())
        };
        let size = measure(Some(other.as_path())).unwrap().unwrap();
        assert_eq!((size.files, size.bytes, size.inodes), (3, 20, 4));
        assert_eq!((size.linkable, size.links.len()), (1, 1));
        assert!(size.on_disk >= size.linkable_on_disk);
        assert_eq!(measure(None).unwrap().unwrap().linkable, 0);
        // What can be written is never shared.
        fs::set_permissions(other.join("same"), fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(measure(Some(&other)).unwrap().unwrap().linkable, 0);
        fs::remove_dir_all(&place).unwrap();
        assert!(measure(None).unwrap().is_err());
    }
}
