//! `space`: what is to be staged fits.

use super::{Check, places};
use crate::finding::Finding;
use crate::given::Given;
use camino::Utf8Path;
use deadline::{Deadline, Ended};
use host::disk::Usage;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

pub(super) const CHECK: Check = Check {
    name: "space",
    about: "the releases' file system has room for the source, as if nothing of it could be linked",
    needs: "--source and --root",
    given: |given| given.application.is_some() && given.args.source.is_some(),
    run,
};

/// What a tree takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Need {
    bytes: u64,
    inodes: u64,
}

fn run(given: &Given, deadline: &Deadline) -> Finding {
    let (Some(application), Some(source)) = (&given.application, &given.args.source) else {
        return Finding::skip("there is no source");
    };
    let place = places::nearest(&application.layout.releases);
    let usage = match host::disk::usage(place.as_std_path()) {
        Ok(usage) => usage,
        Err(error) => return Finding::fail(error.to_string(), format!("df {place}")),
    };
    match measure(source.as_std_path(), deadline) {
        Ok(Ok(need)) => judge(need, &usage, &place),
        Ok(Err(error)) => Finding::fail(
            format!("{source} cannot be measured: {error}"),
            format!("du -s {source}"),
        ),
        Err(ended) => Finding::fail(
            format!("{source} could not be measured: {ended}"),
            "preflight --check-timeout 1m",
        ),
    }
}

/// Bytes on disk and inodes; links are not followed. What goes away meanwhile takes nothing.
fn measure(tree: &Path, deadline: &Deadline) -> Result<io::Result<Need>, Ended> {
    let mut need = Need::default();
    let mut directories: Vec<PathBuf> = vec![tree.to_owned()];
    while let Some(directory) = directories.pop() {
        deadline.check()?;
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound && directory != tree => continue,
            Err(error) => return Ok(Err(error)),
        };
        for entry in entries {
            let data = entry.and_then(|entry| Ok((entry.path(), entry.metadata()?)));
            match data {
                Ok((path, data)) => {
                    need.inodes += 1;
                    need.bytes += data.blocks() * 512;
                    if data.is_dir() {
                        directories.push(path);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Ok(Err(error)),
            }
        }
    }
    Ok(Ok(need))
}

fn judge(need: Need, usage: &Usage, place: &Utf8Path) -> Finding {
    let hint = || "release-prune --dry-run, to see what can go".to_owned();
    if need.bytes >= usage.available {
        let message = format!(
            "{} MiB are to be staged, and {} MiB are free at {place}",
            need.bytes >> 20,
            usage.available >> 20
        );
        return Finding::fail(message, hint()).measured(need.bytes, usage.available);
    }
    if usage.inodes_total > 0 && need.inodes >= usage.inodes_available {
        let message = format!(
            "{} files are to be staged, and {} inodes are free at {place}",
            need.inodes, usage.inodes_available
        );
        return Finding::fail(message, hint()).measured(need.inodes, usage.inodes_available);
    }
    let message = format!("{} MiB in {} files fit", need.bytes >> 20, need.inodes);
    Finding::pass(message).measured(need.bytes, usage.available)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Status;

    #[test]
    fn bytes_and_inodes_must_fit() {
        let usage = Usage {
            total: 100,
            used: 0,
            available: 100,
            inodes_total: 10,
            inodes_available: 10,
            inodes_used: 0,
            read_only: false,
        };
        let verdict = |bytes, inodes| {
            let need = Need { bytes, inodes };
            judge(need, &usage, Utf8Path::new("/srv")).status
        };
        assert_eq!(verdict(99, 9), Status::Pass);
        assert_eq!(verdict(100, 9), Status::Fail);
        assert_eq!(verdict(99, 10), Status::Fail);
    }
}
