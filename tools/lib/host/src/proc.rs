//! One mounted `/proc`, or a tree that looks like one.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::signal;
use nix::unistd::Pid;

/// Where the facts about processes are read. Cheap to clone; holds no descriptor.
#[derive(Debug, Clone)]
pub struct Proc {
    root: PathBuf,
    /// A real `/proc`, whose processes a signal reaches too; not a tree made by a test.
    real: bool,
}

/// Whether a number belongs to a process at all, asked of something that cannot be hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existence {
    Exists,
    Gone,
    Unknown,
}

impl Proc {
    /// This machine's own `/proc`.
    pub fn system() -> Self {
        Self {
            root: PathBuf::from("/proc"),
            real: true,
        }
    }

    /// A tree that looks like `/proc`, for tests: what exists there is what has a directory there.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            real: false,
        }
    }

    /// The directory that is read.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The identifier that the kernel drew when it booted.
    pub fn boot_id(&self) -> io::Result<String> {
        let text = self.text("sys/kernel/random/boot_id")?;
        Ok(text.trim().to_owned())
    }

    /// Every process that is listed, in ascending order. Threads are not listed.
    pub fn pids(&self) -> io::Result<Vec<u32>> {
        let mut pids = Vec::new();
        for entry in std::fs::read_dir(&self.root).map_err(|error| named(&self.root, &error))? {
            let name = entry?.file_name();
            if let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) {
                pids.push(pid);
            }
        }
        pids.sort_unstable();
        Ok(pids)
    }

    /// The inode of the pid namespace in which this process reads its numbers. An error where this `/proc` belongs to
    /// another namespace than the caller: its numbers would then mean other processes than a signal does.
    pub(crate) fn pid_namespace(&self) -> io::Result<u64> {
        if self.real {
            let own = self.read_link("self")?;
            if own != Path::new(&std::process::id().to_string()) {
                let message = format!("{} belongs to another pid namespace", self.root.display());
                return Err(io::Error::other(message));
            }
        }
        let link = self.read_link("self/ns/pid")?;
        let text = link.to_string_lossy();
        text.strip_prefix("pid:[")
            .and_then(|rest| rest.strip_suffix(']'))
            .and_then(|inode| inode.parse().ok())
            .ok_or_else(|| malformed(&self.root.join("self/ns/pid")))
    }

    pub(crate) fn existence(&self, pid: u32) -> Existence {
        if self.real {
            ask_kernel(pid)
        } else {
            ask_directory(&self.root, pid)
        }
    }

    pub(crate) fn path(&self, file: impl AsRef<Path>) -> PathBuf {
        self.root.join(file)
    }

    pub(crate) fn of(pid: u32, file: &str) -> String {
        format!("{pid}/{file}")
    }

    pub(crate) fn bytes(&self, file: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        let path = self.path(file);
        std::fs::read(&path).map_err(|error| named(&path, &error))
    }

    pub(crate) fn text(&self, file: impl AsRef<Path>) -> io::Result<String> {
        let bytes = self.bytes(file)?;
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    pub(crate) fn read_link(&self, file: impl AsRef<Path>) -> io::Result<PathBuf> {
        let path = self.path(file);
        std::fs::read_link(&path).map_err(|error| named(&path, &error))
    }
}

impl Default for Proc {
    fn default() -> Self {
        Self::system()
    }
}

/// A signal that is not sent: unlike a look into `/proc`, the answer is the same where processes are hidden.
fn ask_kernel(pid: u32) -> Existence {
    // 0 and what wraps to a negative number would mean whole groups.
    let Ok(number @ 1..) = i32::try_from(pid) else {
        return Existence::Gone;
    };
    match signal::kill(Pid::from_raw(number), None) {
        Ok(()) | Err(Errno::EPERM) => Existence::Exists,
        Err(Errno::ESRCH) => Existence::Gone,
        Err(_) => Existence::Unknown,
    }
}

fn ask_directory(root: &Path, pid: u32) -> Existence {
    match root.join(pid.to_string()).try_exists() {
        Ok(true) => Existence::Exists,
        Ok(false) => Existence::Gone,
        Err(_) => Existence::Unknown,
    }
}

/// The same error with its path in the message. A process that ends while one of its files is read (`ESRCH`) is
/// "not found" like one that ended before.
pub(crate) fn named(path: &Path, error: &io::Error) -> io::Error {
    let kind = if error.raw_os_error() == Some(Errno::ESRCH as i32) {
        io::ErrorKind::NotFound
    } else {
        error.kind()
    };
    io::Error::new(kind, format!("{}: {error}", path.display()))
}

pub(crate) fn malformed(path: &Path) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("{}: not understood", path.display()),
    )
}

/// Splits at NUL, as `cmdline` and `environ` are written; a last empty piece is not one.
pub(crate) fn split_at_nul(bytes: &[u8]) -> Vec<OsString> {
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes
        .split(|byte| *byte == 0)
        .map(|piece| OsString::from_vec(piece.to_vec()))
        .collect()
}
