//! A fixture's service, seen through its supervisor.

use crate::fixture::Fixture;
use crate::supervisor::{Supervisor, manage};
use crate::unit::Unit;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Output};

impl Fixture {
    /// Changes the service's unit and has systemd read it.
    pub fn change_unit(&self, change: impl FnOnce(Unit) -> Unit) {
        let changed = change(self.unit.lock().unwrap().clone());
        self.install_unit(&format!("{}.service", self.name), &changed.text());
        *self.unit.lock().unwrap() = changed;
    }

    /// Installs a unit beside the service's own. Its name must begin with this fixture's.
    pub fn install_unit(&self, name: &str, text: &str) {
        assert!(
            name.starts_with(&self.name),
            "{name} would outlive the test"
        );
        let directory = self.units();
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(name), text).unwrap();
        if let Some(user) = &self.user {
            user.own(&user.runtime_directory().join("systemd"));
        }
        // A new unit is found without it, and every reload makes systemd forget how often units were started.
        let known = self.systemctl(["show", "--property=LoadState,NeedDaemonReload", name]);
        let known = String::from_utf8(known.stdout).unwrap();
        if known.contains("LoadState=not-found") || known.contains("NeedDaemonReload=yes") {
            let _alone = Flock::lock(reloads(), FlockArg::LockExclusive).unwrap();
            let reloaded = self.systemctl(["daemon-reload"]);
            assert!(reloaded.status.success(), "daemon-reload: {reloaded:?}");
        }
    }

    /// Keeps the other tests from having systemd reload its units until the answer is dropped. A reload makes it count
    /// anew for every start limit, so a test of one begins with this, once its units are as they shall be.
    pub fn without_reloads(&self) -> Flock<File> {
        Flock::lock(reloads(), FlockArg::LockShared).unwrap()
    }

    /// Where the unit files of this fixture are.
    pub fn units(&self) -> PathBuf {
        match &self.user {
            Some(user) => user.runtime_directory().join("systemd/user"),
            None => PathBuf::from("/run/systemd/system"),
        }
    }

    /// Runs `systemctl` where the service is.
    pub fn systemctl<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Output {
        manage(self.user.as_ref(), arguments).unwrap()
    }

    /// A property of the service's unit. Of PM2's list those that it has too, in systemd's words.
    pub fn property(&self, name: &str) -> String {
        if self.supervisor.is_pm2() {
            return self.pm2_property(name);
        }
        let unit = format!("{}.service", self.name);
        let output = self.systemctl(["show", "--value", "--property", name, &unit]);
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Starts the service by the supervisor's own means, whatever comes of it; a plain process, or a project, is
    /// started by `service-start`, and must then be ready.
    pub fn start(&self) {
        if self.supervisor.is_pm2() {
            self.pm2_starts();
        } else if self.supervisor.is_systemd() {
            let unit = format!("{}.service", self.name);
            self.systemctl(["start", &unit]);
        } else {
            let _ = self.tool("service-start").stderr_any().spawn().finish(0);
        }
    }

    /// The service's own log, whoever keeps it.
    pub fn log(&self) -> String {
        if self.supervisor == Supervisor::Command {
            return fs::read_to_string(self.command_log()).unwrap_or_default();
        }
        if self.supervisor == Supervisor::Process {
            let log = self.root.join("run").join(format!("{}.log", self.name));
            return fs::read_to_string(log).unwrap_or_default();
        }
        if let Some(engine) = &self.engine {
            let every = engine.say(&["ps", "--all", "--quiet"]);
            let logs = every.split_whitespace().map(|id| {
                let output = engine.run(&["logs", id]);
                let streams = [output.stdout, output.stderr].concat();
                String::from_utf8_lossy(&streams).into_owned()
            });
            return logs.collect();
        }
        if self.supervisor.is_pm2() {
            return self.pm2_logs();
        }
        // Root reads a user's units from the same journal; the user's own journal may not be kept apart.
        let key = if self.user.is_some() {
            "_SYSTEMD_USER_UNIT"
        } else {
            "_SYSTEMD_UNIT"
        };
        let of = format!("{key}={}.service", self.name);
        let output = Command::new("journalctl")
            .args(["--no-pager", "--output=cat", &of])
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// The file that reloads are locked by.
fn reloads() -> File {
    let path = std::env::temp_dir().join("slipway-tests-reloads");
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .unwrap()
}
