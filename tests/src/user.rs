//! Who runs a tool or a service.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The user that `tests/machine` makes, whose own systemd runs there from the start.
const NAME: &str = "slipway-tests";

/// Somebody who is not root: on the machine the user made for it, elsewhere whoever runs the tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The user's number.
    pub uid: u32,
    gid: u32,
    home: PathBuf,
    name: String,
}

impl User {
    /// That user, or why there is none.
    pub fn deploy() -> Result<Self, String> {
        let own = nix::unistd::geteuid();
        let found = if own.is_root() {
            nix::unistd::User::from_name(NAME)
        } else {
            nix::unistd::User::from_uid(own)
        };
        let found = found
            .ok()
            .flatten()
            .ok_or_else(|| format!("there is no user {NAME}"))?;
        let (uid, gid) = (found.uid.as_raw(), found.gid.as_raw());
        Ok(Self {
            uid,
            gid,
            home: found.dir,
            name: found.name,
        })
    }

    /// The directory where the user's own systemd keeps what lives until it ends.
    pub fn runtime_directory(&self) -> PathBuf {
        PathBuf::from(format!("/run/user/{}", self.uid))
    }

    /// A command that runs as this user, as after a login: the user's home, name and way to its own systemd.
    pub fn command(&self, program: &Path) -> Command {
        let runtime = self.runtime_directory();
        let mut bus = OsString::from("unix:path=");
        bus.push(runtime.join("bus"));
        let mut command = if nix::unistd::geteuid().as_raw() == self.uid {
            Command::new(program)
        } else {
            // It becomes the program, so pid and signals are the program's own.
            let mut command = Command::new("setpriv");
            let ids = [
                format!("--reuid={}", self.uid),
                format!("--regid={}", self.gid),
            ];
            command.args(ids).arg("--init-groups").arg(program);
            command
        };
        command
            .env("HOME", &self.home)
            .env("USER", &self.name)
            .env("LOGNAME", &self.name)
            .env("XDG_RUNTIME_DIR", runtime)
            .env("DBUS_SESSION_BUS_ADDRESS", bus);
        command
    }

    /// Gives everything beneath `path` to this user; links are left, as they are.
    pub fn own(&self, path: &Path) {
        let metadata = fs::symlink_metadata(path).unwrap();
        if metadata.is_symlink() {
            std::os::unix::fs::lchown(path, Some(self.uid), Some(self.gid)).unwrap();
            return;
        }
        if metadata.uid() != self.uid {
            chown(path, Some(self.uid), Some(self.gid)).unwrap();
        }
        if metadata.is_dir() {
            for entry in fs::read_dir(path).unwrap() {
                self.own(&entry.unwrap().path());
            }
        }
    }
}
