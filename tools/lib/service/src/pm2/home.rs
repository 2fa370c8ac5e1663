//! The directory in which one PM2 keeps its socket, its logs and its list.

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use deadline::child::quoted;
use nix::unistd::{Uid, User, geteuid};

/// `PM2_HOME`, by PM2's own rule: the variable, else `.pm2` in this user's home.
#[derive(Debug, Clone)]
pub(super) struct Home(PathBuf);

impl Home {
    pub(super) fn find() -> Self {
        let told = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let home = told("PM2_HOME").map_or_else(Self::default_one, PathBuf::from);
        Self(std::path::absolute(&home).unwrap_or(home))
    }

    /// Where PM2 is without that variable.
    fn default_one() -> PathBuf {
        // A timer's environment may hold no home.
        let own = || User::from_uid(geteuid()).ok().flatten();
        let home = std::env::var_os("HOME").filter(|home| !home.is_empty());
        home.map(PathBuf::from)
            .or_else(|| own().map(|user| user.dir))
            .unwrap_or_else(|| "/etc".into())
            .join(".pm2")
    }

    /// `pm2` as a person types it to speak with this one, and to start no other.
    pub(super) fn typed(&self) -> String {
        if self.0 == Self::default_one() {
            return "pm2".to_owned();
        }
        format!("PM2_HOME={} pm2", quoted(&self.0.to_string_lossy()))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Where its daemon answers.
    pub(super) fn socket(&self) -> PathBuf {
        self.0.join("rpc.sock")
    }

    /// What the daemon says of its work.
    pub(super) fn daemon_log(&self) -> PathBuf {
        self.0.join("pm2.log")
    }

    /// What is resurrected at the next boot.
    pub(super) fn dump(&self) -> PathBuf {
        self.0.join("dump.pm2")
    }

    /// The process that PM2 has written down as its daemon.
    pub(super) fn daemon_pid(&self) -> Option<u32> {
        let text = std::fs::read_to_string(self.0.join("pm2.pid")).ok()?;
        text.trim().parse().ok().filter(|pid| *pid > 1)
    }

    /// The user whose PM2 it is, where it is not this one.
    pub(super) fn of_another(&self) -> Option<String> {
        let owner = std::fs::metadata(&self.0).ok()?.uid();
        (owner != geteuid().as_raw()).then(|| name_of(owner))
    }

    /// The files to which PM2 writes, by its own rule, what a process of that name says: first those for its output, then
    /// those for its errors.
    pub(super) fn logs_of(&self, name: &str) -> (Vec<PathBuf>, Vec<PathBuf>) {
        let entries = std::fs::read_dir(self.0.join("logs"));
        let mut files: Vec<PathBuf> = entries
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        files.sort();
        let of = |kind: &str| {
            let is_its = |path: &&PathBuf| {
                path.file_name()
                    .is_some_and(|file| is_log(file, name, kind))
            };
            files.iter().filter(is_its).cloned().collect()
        };
        (of("out"), of("error"))
    }
}

/// `NAME-out.log`, `NAME-out-3.log`.
fn is_log(file: &OsStr, name: &str, kind: &str) -> bool {
    let rest = file.to_str().and_then(|file| {
        file.strip_prefix(name)?
            .strip_prefix('-')?
            .strip_prefix(kind)?
            .strip_suffix(".log")
    });
    rest.is_some_and(|rest| {
        rest.is_empty()
            || rest
                .strip_prefix('-')
                .is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// A user's name, or the number where there is none.
pub(super) fn name_of(uid: u32) -> String {
    User::from_uid(Uid::from_raw(uid))
        .ok()
        .flatten()
        .map_or_else(|| format!("#{uid}"), |user| user.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_types_which_pm2_is_meant() {
        assert_eq!(Home(Home::default_one()).typed(), "pm2");
        assert_eq!(Home("/srv/pm2".into()).typed(), "PM2_HOME=/srv/pm2 pm2");
        assert_eq!(Home("/srv/a b".into()).typed(), "PM2_HOME='/srv/a b' pm2");
    }

    #[test]
    fn the_logs_of_one_name_are_not_those_of_a_longer_one() {
        for (file, is) in [
            ("shop-out.log", true),
            ("shop-out-0.log", true),
            ("shop-out-12.log", true),
            ("shop-error-0.log", false),
            ("shop-api-out-0.log", false),
            ("shop-out-api.log", false),
            ("shop-out-.log", false),
            ("shop-out-0.log.1", false),
            ("my-shop-out-0.log", false),
        ] {
            assert_eq!(is_log(OsStr::new(file), "shop", "out"), is, "{file}");
        }
    }
}
