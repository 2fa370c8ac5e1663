//! A fixture's service under a PM2 of its own.

use crate::fixture::Fixture;
use crate::paths::{pm2_programs, text};
use crate::processes;
use crate::supervisor::Supervisor;
use nix::sys::signal::Signal;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// PM2's own is 1.6 s, which would cut what the tests let run on; the pre-flight asks for what a stop is given.
const KILL_TIMEOUT: &str = "30000";

/// Whether there is a PM2 to run; else why not.
pub(crate) fn available() -> Result<(), String> {
    if pm2_programs().is_none() {
        return Err("PM2 is not there (tests/setup fetches it)".to_owned());
    }
    let node = Command::new("node").arg("--version").output();
    node.map(drop).map_err(|error| format!("node: {error}"))
}

impl Fixture {
    /// The directory of the fixture's own PM2.
    pub fn pm2_home(&self) -> PathBuf {
        self.directory.join("pm2")
    }

    /// Runs `pm2` in the release that is selected, as somebody who types it there.
    pub fn pm2<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Output {
        let directory =
            fs::canonicalize(self.root.join("current")).unwrap_or(self.directory.clone());
        Command::new(pm2_programs().unwrap().join("pm2"))
            .args(arguments)
            .env("PM2_HOME", self.pm2_home())
            .current_dir(directory)
            .output()
            .unwrap()
    }

    /// The instances of the service, as `pm2 jlist` has them.
    pub fn pm2_list(&self) -> Vec<Value> {
        let listed = self.pm2(["jlist"]).stdout;
        // Before the list it may say that it is new here.
        let begins = listed
            .windows(2)
            .position(|pair| matches!(pair, b"[{" | b"[]"))
            .unwrap();
        let list: Vec<Value> = serde_json::from_slice(&listed[begins..]).unwrap();
        list.into_iter()
            .filter(|one| one["name"] == *self.name)
            .collect()
    }

    /// What `pm2 start` gets where the release has no ecosystem file.
    pub fn pm2_start(&self) -> String {
        format!(
            "server.js --kill-timeout {KILL_TIMEOUT} -- --port {}",
            self.port.number
        )
    }

    pub(crate) fn pm2_starts(&self) {
        let start = self.pm2_start();
        let mut words = vec!["start"];
        if self.supervisor == Supervisor::Pm2Cluster {
            words.push("ecosystem.config.js");
        } else {
            words.extend(["--name", &self.name]);
            words.extend(start.split(' '));
        }
        self.pm2(words);
    }

    /// The Node program, and for cluster mode what tells PM2 how to start it.
    pub(crate) fn node_program(&self, directory: &Path) {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo-node/server.js");
        fs::copy(program, directory.join("server.js")).unwrap();
        if self.supervisor == Supervisor::Pm2Cluster {
            let ecosystem = format!(
                "module.exports = {{ apps: [{{ name: '{}', script: 'server.js', exec_mode: 'cluster', instances: 2, \
                 args: '--port {}', kill_timeout: {KILL_TIMEOUT} }}] }};\n",
                self.name, self.port.number
            );
            fs::write(directory.join("ecosystem.config.js"), ecosystem).unwrap();
        }
    }

    pub(crate) fn pm2_property(&self, name: &str) -> String {
        let list = self.pm2_list();
        let is = |state: &str| list.iter().any(|one| one["pm2_env"]["status"] == state);
        match name {
            "MainPID" => list
                .first()
                .map_or("0".to_owned(), |one| one["pid"].to_string()),
            "NRestarts" => {
                let restarts = |one: &Value| one["pm2_env"]["restart_time"].as_u64().unwrap();
                list.iter().map(restarts).sum::<u64>().to_string()
            }
            "SubState" if is("errored") => "failed".to_owned(),
            "SubState" if !list.is_empty() && !is("stopped") && !is("launching") => {
                "running".to_owned()
            }
            "SubState" => "dead".to_owned(),
            _ => panic!("PM2 has no {name}"),
        }
    }

    pub(crate) fn pm2_logs(&self) -> String {
        let home = self.pm2_home();
        let logs = fs::read_dir(home.join("logs"))
            .into_iter()
            .flatten()
            .flatten();
        let mut files: Vec<PathBuf> = logs.map(|entry| entry.path()).collect();
        files.push(home.join("pm2.log"));
        let told = |path: PathBuf| {
            let said = fs::read(&path).unwrap_or_default();
            format!("--- {}\n{}", text(&path), String::from_utf8_lossy(&said))
        };
        files.into_iter().map(told).collect()
    }

    /// Ends the daemon first, which would start anew whatever else is ended, and then all that it started.
    pub(crate) fn end_pm2(&self) {
        let home = self.pm2_home();
        let Ok(pid) = fs::read_to_string(home.join("pm2.pid")) else {
            return;
        };
        let pid: u32 = pid.trim().parse().unwrap();
        // Its title names the home; the number may be another's by now.
        let title = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        if title.contains(&text(&home)) {
            processes::kill(pid, Signal::SIGKILL);
        }
    }
}
