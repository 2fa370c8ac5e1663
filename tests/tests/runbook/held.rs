//! A deploy under way, with every one of its processes known.

use super::{Gate, runbook, state};
use host::Proc;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use slipway_tests::{Ended, Fixture, Running, until, until_some};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// A deploy in a process group of its own, as a terminal makes one.
#[derive(Debug)]
pub(crate) struct Held {
    running: Option<Running>,
    /// `deploy-state run`, which leads the group.
    pub(crate) run: u32,
    /// Its id.
    pub(crate) id: String,
    /// What all of its processes say to people; a pipe would tell us nothing while one of them is left behind.
    said: PathBuf,
}

impl Held {
    /// Starts the runbook on the way to these gates; `report` is whether it lives to make one.
    pub(crate) fn deploy(fixture: &Fixture, gate: &Gate, report: bool) -> Self {
        Self::deploy_with(fixture, gate, report, &[])
    }

    /// The same, with these variables.
    pub(crate) fn deploy_with(
        fixture: &Fixture,
        gate: &Gate,
        report: bool,
        variables: &[(&str, &str)],
    ) -> Self {
        let command = format!("{} \"$DEPLOY_APP\"", runbook().display());
        Self::command_with(fixture, &command, gate, report, variables)
    }

    /// Starts any command that runs a deploy, and waits until that has begun.
    pub(crate) fn command_with(
        fixture: &Fixture,
        command: &str,
        gate: &Gate,
        report: bool,
        variables: &[(&str, &str)],
    ) -> Self {
        let number = (0..1000)
            .find(|number| !fixture.directory.join(format!("said-{number}")).exists())
            .unwrap();
        let said = fixture.directory.join(format!("said-{number}"));
        fs::write(&said, "").unwrap();
        // The runbook may be another user's.
        fs::set_permissions(&said, Permissions::from_mode(0o666)).unwrap();
        let before = fs::read_to_string(fixture.root.join("deploy-state.json")).unwrap_or_default();
        // The shell leads no group, so setsid need not fork and the pid stays what it is.
        let mut shell = fixture
            .shell(&format!("exec setsid {command} 2>'{}'", said.display()))
            .env("PATH", gate.path())
            .stderr_any();
        for (key, value) in variables {
            shell = shell.env(key, value);
        }
        if !report {
            shell = shell.no_report();
        }
        let running = shell.spawn();
        let id = until_some("the deploy begins", || {
            let text = fs::read_to_string(fixture.root.join("deploy-state.json")).ok()?;
            if text == before {
                return None;
            }
            Some(state(fixture)["deployId"].as_str()?.to_owned())
        });
        Self {
            run: running.pid(),
            running: Some(running),
            id,
            said,
        }
    }

    /// The process of the runbook's script.
    pub(crate) fn script(&self, tool: u32) -> u32 {
        let mut pid = tool;
        while parent(pid) != self.run {
            pid = parent(pid);
        }
        pid
    }

    /// Sends a signal to all of it, as a terminal does.
    pub(crate) fn signal_all(&self, signal: Signal) {
        killpg(Pid::from_raw(i32::try_from(self.run).unwrap()), signal).unwrap();
    }

    /// Stops it and waits until it stands still.
    pub(crate) fn stop(&self) {
        self.signal_all(Signal::SIGSTOP);
        until("the holder stands still", || {
            let status = fs::read_to_string(format!("/proc/{}/status", self.run)).unwrap();
            status.contains("State:\tT")
        });
    }

    /// Waits for its end, which must be `exit`.
    pub(crate) fn finish(mut self, exit: i32) -> Ended {
        self.running.take().unwrap().finish(exit)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let said = fs::read_to_string(&self.said).unwrap_or_default();
            eprintln!("--- deploy {} said\n{said}", self.id);
        }
        if let Some(running) = &self.running {
            // Stopped or not, it ends with its test.
            killpg(
                Pid::from_raw(i32::try_from(running.pid()).unwrap()),
                Signal::SIGKILL,
            )
            .ok();
        }
    }
}

/// A process's parent.
pub(crate) fn parent(pid: u32) -> u32 {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))
        .unwrap_or_else(|error| panic!("process {pid}: {error}"));
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
    parent.unwrap().trim().parse().unwrap()
}

/// Waits for a process's end, whoever is its parent now.
pub(crate) fn until_gone(pid: u32) {
    until("the process is gone", || !lives(pid));
}

/// Whether it is there and not over: of one that is killed the first thread may have ended before the others.
fn lives(pid: u32) -> bool {
    Proc::system().stat(pid).is_ok_and(|stat| !stat.is_over())
}

/// Waits until a tool has set itself up for signals: from then on one does not just kill it.
pub(crate) fn until_it_heeds(pid: u32, signal: Signal) {
    until("the tool heeds signals", || {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = u64::from_str_radix(caught.unwrap_or("0").trim(), 16).unwrap();
        caught & (1 << (signal as i32 - 1)) != 0
    });
}
