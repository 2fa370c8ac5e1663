//! Which releases living processes have open, and what stands in the way of removing one.

use camino::{Utf8Path, Utf8PathBuf};
use host::{Proc, Tri};
use nix::unistd::{AccessFlags, Uid, access};
use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use step::{Context, Failure};
use walkdir::WalkDir;

/// The names of those of `candidates` (name and directory) that a living process has open.
///
/// A user other than root may not look into the processes of others. What those show to everybody, their command lines,
/// is looked at; beyond that, what was not seen to be in use is not kept for it, or nothing would ever be removed. How
/// many processes were closed to us is said.
pub(crate) fn in_use(
    context: &Context,
    candidates: &[(String, Utf8PathBuf)],
) -> Result<BTreeSet<String>, Failure> {
    let mut names = BTreeSet::new();
    if candidates.is_empty() {
        return Ok(names);
    }
    let directories: Vec<PathBuf> = candidates
        .iter()
        .map(|(_, path)| path.clone().into())
        .collect();
    let proc = Proc::system();
    let found = proc.open_in(&directories).map_err(|error| {
        Failure::impossible("io", format!("cannot see what is in use: {error}"))
    })?;
    for (place, (name, path)) in candidates.iter().enumerate() {
        let seen = found
            .of(place)
            .next()
            .map(|one| format!("process {}: {}", one.pid, one.how));
        let by_command_line = || {
            found
                .unread
                .iter()
                .find_map(|pid| match proc.runs_from(*pid, path.as_std_path()) {
                    Tri::Yes(how) => Some(how),
                    Tri::No(_) | Tri::Unknown(_) => None,
                })
        };
        if let Some(how) = seen.or_else(by_command_line) {
            context.note(format!("{name} is in use: {how}"));
            names.insert(name.clone());
        }
    }
    if found.hidden {
        context
            .note("this user is not shown the processes of others: they may have a release open");
    } else if !found.unread.is_empty() {
        context.note(format!(
            "{} processes of others could not be looked into: they may have a release open",
            found.unread.len()
        ));
    }
    Ok(names)
}

/// What stands in the way of a removal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// Where.
    pub path: PathBuf,
    /// What it is.
    pub kind: ObstacleKind,
}

/// Why something cannot be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObstacleKind {
    /// It is another user's.
    NotOurs,
    /// It has the attribute `i` or `a` (chattr): not even root may.
    Immutable,
    /// Another file system is mounted there.
    Mounted,
}

impl Obstacle {
    /// The command that gets it out of the way.
    pub fn hint(&self) -> String {
        let path = self.path.display();
        match self.kind {
            ObstacleKind::NotOurs => format!("sudo chown -R \"$(id -un)\" {path}"),
            ObstacleKind::Immutable => format!("sudo chattr -R -f -i -a {path}"),
            ObstacleKind::Mounted => format!("sudo umount {path}"),
        }
    }
}

impl std::fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.path.display();
        match self.kind {
            ObstacleKind::NotOurs => write!(formatter, "{path} cannot be removed by this user"),
            ObstacleKind::Immutable => {
                write!(formatter, "{path} cannot be removed: it is immutable")
            }
            ObstacleKind::Mounted => {
                write!(
                    formatter,
                    "{path} cannot be removed: a file system is mounted there"
                )
            }
        }
    }
}

/// The first thing that could not be removed: once it is begun, a removal cannot be taken back.
pub(crate) fn obstacle(release: &Utf8Path) -> Option<Obstacle> {
    let user = Uid::effective();
    let device = release.symlink_metadata().ok()?.dev();
    WalkDir::new(release).into_iter().find_map(|entry| {
        let stands = |path: &Path, kind| {
            let path = path.to_path_buf();
            Some(Obstacle { path, kind })
        };
        let entry = match entry {
            Ok(entry) => entry,
            // A directory of our own is opened up for its removal, whatever its permissions.
            Err(error) => {
                let path = error.path()?;
                let is_ours = path
                    .symlink_metadata()
                    .is_ok_and(|found| found.uid() == user.as_raw());
                return if is_ours {
                    None
                } else {
                    stands(path, ObstacleKind::NotOurs)
                };
            }
        };
        let path = entry.path();
        let found = entry.metadata().ok()?;
        if found.dev() != device {
            return stands(path, ObstacleKind::Mounted);
        }
        if !found.is_symlink() && is_immutable(path) {
            return stands(path, ObstacleKind::Immutable);
        }
        if !found.is_dir() || user.is_root() || found.uid() == user.as_raw() {
            return None;
        }
        let may = AccessFlags::W_OK | AccessFlags::X_OK;
        access(path, may).err()?;
        stands(path, ObstacleKind::NotOurs)
    })
}

/// A file system that has no such attributes says that nothing has them.
fn is_immutable(path: &Path) -> bool {
    let found = statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty());
    let barred = StatxAttributes::IMMUTABLE | StatxAttributes::APPEND;
    found.is_ok_and(|found| found.stx_attributes.intersects(barred))
}

/// The bytes that removing it would free: what has another name as well stays.
pub(crate) fn size(directory: &Path) -> u64 {
    WalkDir::new(directory)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let found = entry.metadata().ok()?;
            (found.is_dir() || found.nlink() == 1).then(|| found.blocks() * 512)
        })
        .sum()
}
