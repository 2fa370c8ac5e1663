//! `permissions`: this user may write wherever a deploy writes.

use super::{Check, places};
use crate::finding::Finding;
use crate::given::Given;
use camino::{Utf8Path, Utf8PathBuf};
use deadline::Deadline;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::unistd::{AccessFlags, User, faccessat, geteuid};

pub(super) const CHECK: Check = Check {
    name: "permissions",
    about: "this user may write wherever a deploy writes",
    needs: "--root",
    given: |given| given.application.is_some(),
    run,
};

fn run(given: &Given, _: &Deadline) -> Finding {
    let barred = places::written(given)
        .into_iter()
        .filter_map(|place| Some((may_write(&place).err()?, place)))
        .collect::<Vec<_>>();
    judge(&barred)
}

/// The kernel is asked, with the rights that a write would have: ACLs and read-only mounts count too.
fn may_write(place: &Utf8Path) -> Result<(), Errno> {
    let flags = AccessFlags::W_OK | AccessFlags::X_OK;
    faccessat(AT_FDCWD, place.as_std_path(), flags, AtFlags::AT_EACCESS)
}

fn judge(barred: &[(Errno, Utf8PathBuf)]) -> Finding {
    let Some((error, place)) = barred.first() else {
        return Finding::pass("every directory that a deploy writes into is writable");
    };
    let hint = if *error == Errno::EROFS {
        format!("mount -o remount,rw \"$(findmnt -no TARGET -T {place})\"")
    } else {
        format!("sudo chown {} {place}", who())
    };
    let places: Vec<String> = barred.iter().map(|(_, place)| place.to_string()).collect();
    Finding::fail(
        format!(
            "{} may not write into {}: {}",
            who(),
            places.join(", "),
            error.desc()
        ),
        hint,
    )
}

fn who() -> String {
    let user = User::from_uid(geteuid()).ok().flatten();
    user.map_or_else(|| geteuid().to_string(), |user| user.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Status;

    #[test]
    fn what_is_barred_is_named() {
        assert_eq!(judge(&[]).status, Status::Pass);
        let finding = judge(&[(Errno::EACCES, "/srv/shop".into())]);
        assert_eq!(finding.status, Status::Fail);
        assert!(finding.message.contains("/srv/shop"));
        assert!(finding.hint.is_some_and(|hint| hint.contains("chown")));
    }
}
