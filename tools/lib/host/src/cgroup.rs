//! Control groups: which processes a unit has.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::Proc;

/// Where a process stands in one hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cgroup {
    /// The controllers of a version 1 hierarchy (`memory`, `cpu,cpuacct`), or its name (`name=systemd`); empty for version 2.
    pub hierarchy: String,
    /// The path in that hierarchy, as seen from the reader's own cgroup namespace: `/system.slice/app.service`.
    pub path: PathBuf,
}

impl Cgroup {
    /// Whether this is one of the two hierarchies by which systemd tells its units apart: version 2, or the version 1
    /// hierarchy named `systemd`.
    pub fn tells_units(&self) -> bool {
        self.hierarchy.is_empty() || self.hierarchy == "name=systemd"
    }
}

impl Proc {
    /// Where that process stands, in every hierarchy that the kernel has.
    pub fn cgroups_of(&self, pid: u32) -> io::Result<Vec<Cgroup>> {
        let text = self.text(Self::of(pid, "cgroup"))?;
        Ok(text.lines().filter_map(parse).collect())
    }

    /// Every process in that group and in the groups beneath it, ascending. `path` is as [`Cgroup::path`] and as systemd
    /// says it (`ControlGroup=`). Looked for in the hierarchies that tell units apart (version 2, and `name=systemd` of
    /// version 1); empty where the group does not exist, as after a unit has stopped. An error where no such hierarchy is
    /// mounted, or one cannot be read: an empty list would then be no proof.
    pub fn cgroup_members(&self, path: &Path) -> io::Result<Vec<u32>> {
        let inside = path.strip_prefix("/").unwrap_or(path);
        if inside.as_os_str().is_empty() || inside.components().any(|part| part.as_os_str() == "..")
        {
            let message = format!("{}: not a unit's control group", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let mut mounted = false;
        let mut members = Vec::new();
        for mount in self.mounts("self")? {
            let first = mount.kind == "cgroup"
                && mount.options.iter().any(|option| option == "name=systemd");
            if !first && mount.kind != "cgroup2" {
                continue;
            }
            mounted = true;
            // In a container without a cgroup namespace the mount shows only the container's own part.
            let part = mount.root.strip_prefix("/").unwrap_or(&mount.root);
            let inside = inside.strip_prefix(part).unwrap_or(inside);
            collect(&mount.point.join(inside), &mut members)?;
        }
        if !mounted {
            let message = "no control group hierarchy is mounted that tells units apart";
            return Err(io::Error::new(io::ErrorKind::Unsupported, message));
        }
        members.sort_unstable();
        members.dedup();
        Ok(members)
    }
}

fn parse(line: &str) -> Option<Cgroup> {
    // A version 1 controller name cannot hold a colon, the path can.
    let mut fields = line.splitn(3, ':').skip(1);
    let hierarchy = fields.next()?.to_owned();
    let path = fields.next()?;
    // A group that was removed under a process that was still ending.
    let path = PathBuf::from(path.strip_suffix(" (deleted)").unwrap_or(path));
    Some(Cgroup { hierarchy, path })
}

fn collect(group: &Path, members: &mut Vec<u32>) -> io::Result<()> {
    match fs::read_to_string(group.join("cgroup.procs")) {
        Ok(text) => members.extend(
            text.lines()
                .filter_map(|line| line.trim().parse::<u32>().ok())
                .filter(|pid| *pid > 0),
        ),
        Err(error) if is_gone(&error) => return Ok(()),
        // A threaded group: its processes are listed in its nearest ancestor that is not.
        Err(error) if error.raw_os_error() == Some(nix::errno::Errno::EOPNOTSUPP as i32) => {}
        Err(error) => return Err(crate::proc::named(group, &error)),
    }
    let entries = match fs::read_dir(group) {
        Ok(entries) => entries,
        Err(error) if is_gone(&error) => return Ok(()),
        Err(error) => return Err(crate::proc::named(group, &error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| crate::proc::named(group, &error))?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&entry.path(), members)?;
        }
    }
    Ok(())
}

/// A group that was removed, before or while it was read.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
        || error.raw_os_error() == Some(nix::errno::Errno::ENODEV as i32)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn both_versions_and_a_path_with_a_colon() {
        assert_eq!(
            parse("1:name=systemd:/system.slice/a:b.service").unwrap(),
            Cgroup {
                hierarchy: "name=systemd".to_owned(),
                path: "/system.slice/a:b.service".into()
            }
        );
        let second = parse("0::/user.slice/x.service (deleted)").unwrap();
        assert!(second.tells_units());
        assert_eq!(second.path, Path::new("/user.slice/x.service"));
        assert!(!parse("4:memory:/a").unwrap().tells_units());
        assert_eq!(parse("nonsense"), None);
    }
}
