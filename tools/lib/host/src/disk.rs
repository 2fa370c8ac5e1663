//! How full the file system is that holds a path.

use std::io;
use std::path::Path;

use nix::sys::statvfs::statvfs;

/// How full one file system is. Sizes are bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// All of it.
    pub total: u64,
    /// What is taken.
    pub used: u64,
    /// What an ordinary user may still take; a reserve for root is left out.
    pub available: u64,
    /// How many files it can hold; 0 where it has no such limit (btrfs).
    pub inodes_total: u64,
    /// How many more an ordinary user may make; meaningless where there is no limit.
    pub inodes_available: u64,
    /// How many there are.
    pub inodes_used: u64,
    /// It is mounted read-only.
    pub read_only: bool,
}

impl Usage {
    /// Used, in percent of what an ordinary user can use at all, rounded up: the figure that `df` prints. `None` for a
    /// file system without blocks (`/proc`).
    pub fn used_percent(&self) -> Option<u64> {
        percent(self.used, self.available)
    }

    /// The same for the number of files, as `df -i` prints it; `None` where there is no limit.
    pub fn inodes_used_percent(&self) -> Option<u64> {
        if self.inodes_total == 0 {
            return None;
        }
        percent(self.inodes_used, self.inodes_available)
    }
}

/// The file system that holds `path`, which must exist; a link is followed.
pub fn usage(path: &Path) -> io::Result<Usage> {
    let answer = statvfs(path).map_err(|error| crate::proc::named(path, &error.into()))?;
    let unit = answer.fragment_size();
    let (blocks, free) = (answer.blocks(), answer.blocks_free());
    Ok(Usage {
        total: blocks.saturating_mul(unit),
        used: blocks.saturating_sub(free).saturating_mul(unit),
        available: answer.blocks_available().saturating_mul(unit),
        inodes_total: answer.files(),
        inodes_available: answer.files_available(),
        inodes_used: answer.files().saturating_sub(answer.files_free()),
        read_only: answer
            .flags()
            .contains(nix::sys::statvfs::FsFlags::ST_RDONLY),
    })
}

fn percent(used: u64, available: u64) -> Option<u64> {
    let whole = u128::from(used) + u128::from(available);
    if whole == 0 {
        return None;
    }
    u64::try_from((u128::from(used) * 100).div_ceil(whole)).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rounded_up_as_df_does() {
        assert_eq!(percent(0, 100), Some(0));
        assert_eq!(percent(1, 999), Some(1));
        assert_eq!(percent(80, 20), Some(80));
        assert_eq!(percent(801, 199), Some(81));
        assert_eq!(percent(0, 0), None);
        assert_eq!(percent(u64::MAX, u64::MAX), Some(50));
    }

    #[test]
    fn the_figure_that_df_prints() {
        let directory = std::env::temp_dir();
        let output = std::process::Command::new("df")
            .arg("--output=pcent")
            .arg(&directory)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let printed: u64 = text
            .lines()
            .nth(1)
            .unwrap()
            .trim()
            .trim_end_matches('%')
            .parse()
            .unwrap();
        let ours = usage(&directory).unwrap().used_percent().unwrap();
        // Others write while we look.
        assert!(ours.abs_diff(printed) <= 1, "{ours} {printed}");
    }

    #[test]
    fn a_missing_path_is_named() {
        let error = usage(Path::new("/nowhere/at/all")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().starts_with("/nowhere/at/all: "));
    }
}
