//! `/proc/PID/mountinfo`: what is mounted where, as one process sees it.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use crate::Proc;

/// One line of mountinfo (`proc_pid_mountinfo(5)`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mount {
    /// `major:minor` of the file system.
    pub(crate) device: String,
    /// Which directory of that file system is mounted: `/`, or deeper for a bind mount or a subvolume.
    pub(crate) root: PathBuf,
    /// Where it is mounted.
    pub(crate) point: PathBuf,
    /// The kind of file system.
    pub(crate) kind: String,
    /// The file system's own options.
    pub(crate) options: Vec<String>,
}

/// A directory named from inside its file system, which is the same name in every mount namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inner {
    pub(crate) device: String,
    pub(crate) path: PathBuf,
}

impl Proc {
    /// The mounts that a process sees: `who` is its number, or `self`.
    pub(crate) fn mounts(&self, who: &str) -> io::Result<Vec<Mount>> {
        let bytes = self.bytes(format!("{who}/mountinfo"))?;
        Ok(bytes
            .split(|byte| *byte == b'\n')
            .filter_map(parse)
            .collect())
    }
}

impl Mount {
    /// Whether this mount shows that directory, or something beneath it, somewhere else.
    pub(crate) fn shows(&self, inner: &Inner) -> bool {
        self.device == inner.device && self.root.starts_with(&inner.path)
    }
}

/// The directory as its file system knows it. `directory` must be physical (no symlinks).
pub(crate) fn inner(mounts: &[Mount], directory: &Path) -> Option<Inner> {
    // Of two mounts on one place the later one covers the earlier: max_by_key keeps the last of equals.
    let mount = mounts
        .iter()
        .filter(|mount| directory.starts_with(&mount.point))
        .max_by_key(|mount| mount.point.components().count())?;
    let rest = directory.strip_prefix(&mount.point).ok()?;
    let path = if rest.as_os_str().is_empty() {
        mount.root.clone()
    } else {
        mount.root.join(rest)
    };
    Some(Inner {
        device: mount.device.clone(),
        path,
    })
}

fn parse(line: &[u8]) -> Option<Mount> {
    let fields: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    // A variable number of optional fields ends with a lone dash.
    let dash = fields.iter().skip(6).position(|field| *field == b"-")? + 6;
    let text = |index: usize| Some(String::from_utf8_lossy(fields.get(index)?).into_owned());
    Some(Mount {
        device: text(2)?,
        root: unescape(fields.get(3)?),
        point: unescape(fields.get(4)?),
        kind: text(dash + 1)?,
        options: text(dash + 3)?.split(',').map(str::to_owned).collect(),
    })
}

/// Space, tab, newline and backslash are written as a backslash and three octal digits.
pub(crate) fn unescape(field: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, tail @ ..] = rest {
        let digits = tail
            .get(..3)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        if let (b'\\', Some(code)) = (first, code) {
            bytes.push(code);
            rest = &tail[3..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    PathBuf::from(OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const INFO: &str = "\
22 27 0:21 / /proc rw,relatime - proc proc rw,hidepid=invisible
27 1 8:1 / / rw - ext4 /dev/sda1 rw
40 27 8:2 /@data /srv rw shared:1 master:2 - btrfs /dev/sdb1 rw,subvol=/@data
41 27 8:2 /@data/app/releases/1/static /var/www\\040files rw - btrfs /dev/sdb1 rw
cut off";

    fn mounts() -> Vec<Mount> {
        INFO.as_bytes()
            .split(|byte| *byte == b'\n')
            .filter_map(parse)
            .collect()
    }

    #[test]
    fn optional_fields_and_escapes() {
        let mounts = mounts();
        assert_eq!(mounts.len(), 4);
        assert_eq!(mounts[0].options, ["rw", "hidepid=invisible"]);
        assert_eq!(mounts[2].kind, "btrfs");
        assert_eq!(mounts[3].point, Path::new("/var/www files"));
        assert_eq!(unescape(br"a\134b\0"), Path::new(r"a\b\0"));
    }

    #[test]
    fn a_bind_mount_shows_what_lies_beneath_the_directory() {
        let mounts = mounts();
        let first = inner(&mounts, Path::new("/srv/app/releases/1")).unwrap();
        assert_eq!(first.path, Path::new("/@data/app/releases/1"));
        assert!(mounts[3].shows(&first));
        // The file system that merely contains it does not count.
        assert!(!mounts[2].shows(&first));
        let tenth = inner(&mounts, Path::new("/srv/app/releases/10")).unwrap();
        assert!(!mounts[3].shows(&tenth));
        assert_eq!(
            inner(&mounts, Path::new("/srv")).unwrap().path,
            Path::new("/@data")
        );
    }
}
