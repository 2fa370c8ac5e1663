//! Whether `/proc` keeps other users' processes out of sight.

use nix::unistd::{getegid, geteuid, getgroups};

use crate::Proc;
use crate::mounts::Mount;

impl Proc {
    /// Whether this `/proc` leaves out processes of other users when it is listed (mount option `hidepid`), for the user
    /// who asks. What cannot be found out counts as hidden.
    pub(crate) fn hides_processes(&self) -> bool {
        let Ok(mounts) = self.mounts("self") else {
            return true;
        };
        let of_this = |mount: &&Mount| mount.kind == "proc" && mount.point == self.root();
        let Some(mount) = mounts.iter().rev().find(of_this) else {
            return false;
        };
        let mut groups: Vec<u32> = getgroups()
            .unwrap_or_default()
            .iter()
            .map(|group| group.as_raw())
            .collect();
        groups.push(getegid().as_raw());
        hides(&mount.options, geteuid().is_root(), &groups)
    }
}

/// `hidepid=1` (`noaccess`) still lists every process; 2 (`invisible`) does not, but for one group; 4 (`ptraceable`) lists only
/// what may be traced, whatever the group.
fn hides(options: &[String], root: bool, groups: &[u32]) -> bool {
    if root {
        return false;
    }
    let value = |name: &str| {
        options
            .iter()
            .find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
    };
    match value("hidepid") {
        Some("2" | "invisible") => {
            let group = value("gid")
                .and_then(|group| group.parse().ok())
                .unwrap_or(0);
            !groups.contains(&group)
        }
        None | Some("0" | "off" | "1" | "noaccess") => false,
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(options: &str, root: bool, groups: &[u32]) -> bool {
        hides(
            &options.split(',').map(str::to_owned).collect::<Vec<_>>(),
            root,
            groups,
        )
    }

    #[test]
    fn each_way_of_hiding() {
        assert!(!asked("rw", false, &[1000]));
        assert!(!asked("rw,hidepid=1", false, &[1000]));
        assert!(asked("rw,hidepid=2", false, &[1000]));
        assert!(asked("rw,gid=27,hidepid=invisible", false, &[1000]));
        assert!(!asked("rw,gid=27,hidepid=invisible", false, &[1000, 27]));
        assert!(asked("rw,gid=27,hidepid=ptraceable", false, &[27]));
        assert!(!asked("rw,hidepid=ptraceable", true, &[0]));
    }
}
