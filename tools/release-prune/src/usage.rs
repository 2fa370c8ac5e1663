//! Which releases living processes have open, and what stands in the way of removing one.

use camino::{Utf8Path, Utf8PathBuf};
use host::{Proc, Tri};
use nix::unistd::{AccessFlags, Uid, access};
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
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

/// The first thing that this user could not remove: once it is begun, a removal cannot be taken back.
pub(crate) fn obstacle(release: &Utf8Path) -> Option<PathBuf> {
    let user = Uid::effective();
    if user.is_root() {
        return None;
    }
    WalkDir::new(release).into_iter().find_map(|entry| {
        let entry = match entry {
            Ok(entry) if !entry.file_type().is_dir() => return None,
            Ok(entry) => entry,
            // A directory of our own is opened up for its removal, whatever its permissions.
            Err(error) => {
                let path = error.path()?.to_path_buf();
                let is_ours = path
                    .symlink_metadata()
                    .is_ok_and(|found| found.uid() == user.as_raw());
                return (!is_ours).then_some(path);
            }
        };
        let is_ours = entry
            .metadata()
            .is_ok_and(|found| found.uid() == user.as_raw());
        let may = AccessFlags::W_OK | AccessFlags::X_OK;
        (!is_ours && access(entry.path(), may).is_err()).then(|| entry.into_path())
    })
}

/// The bytes that removing it would free: what has another name as well stays.
pub(crate) fn size(directory: &std::path::Path) -> u64 {
    WalkDir::new(directory)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let found = entry.metadata().ok()?;
            (found.is_dir() || found.nlink() == 1).then(|| found.blocks() * 512)
        })
        .sum()
}
