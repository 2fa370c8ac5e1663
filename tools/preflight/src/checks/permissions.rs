//! `permissions`: this user may write wherever a deploy writes.

use super::{Check, places};
use crate::finding::Finding;
use crate::given::Given;
use camino::{Utf8Path, Utf8PathBuf};
use deadline::Deadline;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::unistd::{AccessFlags, User, faccessat, geteuid};
use releases::Layout;
use service::{Name, Service};

pub(super) const CHECK: Check = Check {
    name: "permissions",
    about: "this user may write wherever a deploy writes",
    needs: "--root",
    given: |given| given.application.is_some(),
    run,
};

fn run(given: &Given, _: &Deadline) -> Finding {
    let Some(application) = &given.application else {
        return Finding::skip("there is no root");
    };
    let layout = &application.layout;
    let mut places = places::written(given);
    places.extend(also(layout, given.service.as_ref().map(Service::name)));
    let barred: Vec<(Errno, Utf8PathBuf)> = places
        .into_iter()
        .filter_map(|place| Some((may_write(&place).err()?, place)))
        .collect();
    judge(&barred, &layout.root)
}

/// What another user may have made there before: each is written to as it is.
fn also(layout: &Layout, service: Option<&Name>) -> Vec<Utf8PathBuf> {
    let mut places = vec![
        layout.state.clone(),
        layout.lock(),
        layout.history(),
        layout.root.join("log"),
    ];
    let files = match service {
        Some(Name::Process(name)) => vec![format!("{name}.json"), format!("{name}.log")],
        Some(Name::Pm2(name)) => vec![format!("{name}.pm2.lock")],
        Some(Name::Compose { .. }) => vec![service::COMPOSE.to_owned()],
        Some(Name::Command(file)) => {
            let name = Utf8Path::new(file).file_name().unwrap_or_default();
            vec![format!("{name}.log")]
        }
        Some(Name::Systemd(_) | Name::SystemdUser(_)) | None => Vec::new(),
    };
    if !files.is_empty() {
        places.push(layout.run());
        places.extend(files.into_iter().map(|file| layout.run().join(file)));
    }
    places.retain(|place| place.exists());
    places
}

/// The kernel is asked, with the rights that a write would have: ACLs and read-only mounts count too.
fn may_write(place: &Utf8Path) -> Result<(), Errno> {
    let mut flags = AccessFlags::W_OK;
    if place.is_dir() {
        flags |= AccessFlags::X_OK;
    }
    faccessat(AT_FDCWD, place.as_std_path(), flags, AtFlags::AT_EACCESS)
}

fn judge(barred: &[(Errno, Utf8PathBuf)], root: &Utf8Path) -> Finding {
    let Some((error, place)) = barred.first() else {
        return Finding::pass("everything that a deploy writes to is writable");
    };
    let hint = if *error == Errno::EROFS {
        format!("mount -o remount,rw \"$(findmnt -no TARGET -T {place})\"")
    } else if place.starts_with(root) {
        format!("sudo chown -R {}: {root}", who())
    } else {
        format!("sudo chown {}: {place}", who())
    };
    let places: Vec<String> = barred.iter().map(|(_, place)| place.to_string()).collect();
    Finding::fail(
        format!(
            "{} may not write to {}: {}",
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
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::finding::Status;

    #[test]
    fn what_is_barred_is_named() {
        let root = Utf8Path::new("/srv/shop");
        assert_eq!(judge(&[], root).status, Status::Pass);
        let hint = |place: &str| {
            let finding = judge(&[(Errno::EACCES, place.into())], root);
            assert_eq!(finding.status, Status::Fail);
            assert!(finding.message.contains(place));
            finding.hint.unwrap_or_default()
        };
        let owner = who();
        let all = format!("sudo chown -R {owner}: /srv/shop");
        assert_eq!(hint("/srv/shop"), all);
        assert_eq!(hint("/srv/shop/deploy-state.lock"), all);
        let one = format!("sudo chown {owner}: /var/lib/shop.json");
        assert_eq!(hint("/var/lib/shop.json"), one);
    }

    #[test]
    fn what_is_written_to_as_it_is_is_looked_at_where_it_exists() {
        let root = std::env::temp_dir().join(format!("preflight-also-{}", std::process::id()));
        std::fs::create_dir_all(root.join("log")).unwrap();
        std::fs::create_dir_all(root.join("run")).unwrap();
        let layout = Layout::new(root.to_str().unwrap());
        std::fs::write(layout.lock(), "").unwrap();
        for file in ["shop.json", "shop.pm2.lock", "control.log"] {
            std::fs::write(layout.run().join(file), "").unwrap();
        }
        std::fs::create_dir(layout.run().join("compose")).unwrap();
        let names = |service: Option<&str>| {
            let name: Option<Name> = service.map(|service| service.parse().unwrap());
            let places = also(&layout, name.as_ref());
            let inner = |place: &Utf8PathBuf| place.strip_prefix(&layout.root).unwrap().to_string();
            places.iter().map(inner).collect::<Vec<_>>()
        };
        assert_eq!(names(Some("systemd:shop")), ["deploy-state.lock", "log"]);
        let process = ["deploy-state.lock", "log", "run", "run/shop.json"];
        assert_eq!(names(Some("process:shop")), process);
        for (service, file) in [
            ("pm2:shop", "run/shop.pm2.lock"),
            ("compose:/srv/shop/current", "run/compose"),
            ("command:/etc/shop/control", "run/control.log"),
        ] {
            let expected = ["deploy-state.lock", "log", "run", file];
            assert_eq!(names(Some(service)), expected, "{service}");
        }
        std::fs::remove_dir_all(&root).unwrap();
    }
}
