//! A whole tree as it is: to show that nothing in it has changed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Every name beneath a directory, itself included, with its kind, mode, owner, time of change and content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tree(BTreeMap<PathBuf, Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// Kind and permissions.
    mode: u32,
    owner: u32,
    inode: u64,
    modified: (i64, i64),
    content: Vec<u8>,
}

impl Tree {
    /// The tree beneath `directory`.
    pub(crate) fn of(directory: &Path) -> Self {
        let mut entries = BTreeMap::new();
        take_in(directory, &mut entries);
        Self(entries)
    }

    /// Fails where the two are not the same, and says how.
    pub(crate) fn must_be(&self, before: &Self, when: &str) {
        let mut changes = Vec::new();
        for path in self.0.keys().chain(before.0.keys()) {
            let change = match (before.0.get(path), self.0.get(path)) {
                (None, Some(_)) => "is new".to_owned(),
                (Some(_), None) => "is gone".to_owned(),
                (Some(old), Some(new)) if old != new => how(old, new),
                _ => continue,
            };
            changes.push(format!("{} {change}", path.display()));
        }
        changes.sort();
        changes.dedup();
        assert!(
            changes.is_empty(),
            "{when}: something changed on disk:\n  {}",
            changes.join("\n  ")
        );
    }
}

fn how(old: &Entry, new: &Entry) -> String {
    if old.content != new.content {
        return format!(
            "holds something else: {:?}",
            String::from_utf8_lossy(&new.content[..new.content.len().min(600)])
        );
    }
    let what = [
        ("mode", old.mode != new.mode),
        ("owner", old.owner != new.owner),
        ("inode", old.inode != new.inode),
        ("time", old.modified != new.modified),
    ];
    let what: Vec<&str> = what
        .into_iter()
        .filter_map(|(what, differs)| differs.then_some(what))
        .collect();
    format!("has another {}", what.join(" and "))
}

fn take_in(path: &Path, into: &mut BTreeMap<PathBuf, Entry>) {
    let status = path.symlink_metadata().unwrap();
    let kind = status.file_type();
    let content = if kind.is_symlink() {
        let target = fs::read_link(path).unwrap();
        target.into_os_string().into_encoded_bytes()
    } else if kind.is_file() {
        // Whoever may not read it cannot tell, but for its time.
        fs::read(path).unwrap_or_default()
    } else {
        Vec::new()
    };
    let entry = Entry {
        mode: status.mode(),
        owner: status.uid(),
        inode: status.ino(),
        modified: (status.mtime(), status.mtime_nsec()),
        content,
    };
    into.insert(path.to_owned(), entry);
    if kind.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            take_in(&entry.unwrap().path(), into);
        }
    }
}
