//! A gate: whoever comes to it says so and waits.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use slipway_tests::{Fixture, binaries, pm2_programs, until_some};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where in a tool's life its gate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// It has been called and has done nothing yet.
    Before,
    /// It goes on at once; the gate only says that it has begun.
    Within,
    /// It is done, and nobody has seen its report yet.
    After,
}

/// One gate. Dropped, it lets everybody through.
#[derive(Debug)]
pub(crate) struct Gate {
    directory: PathBuf,
    /// Open on both sides, so that neither side ever waits to open it.
    pipe: File,
}

impl Gate {
    /// A gate at a tool that is to do something, named with the subcommand where it has one: `deploy-state end`.
    pub(crate) fn at(fixture: &Fixture, moment: Moment, tool: &str) -> Self {
        let gate = Self::new(fixture);
        let (tool, subcommand) = tool.split_once(' ').unwrap_or((tool, ""));
        let real = binaries().join(tool);
        let (real, at) = (real.display(), gate.directory.display());
        let arrive = arrive(&gate.directory);
        let pass = match moment {
            Moment::Before => format!(
                "{arrive}\n[ -e '{at}/open' ] || read -r _ <'{at}/pipe'\nexec '{real}' \"$@\""
            ),
            Moment::Within => format!("{arrive}\nexec '{real}' \"$@\""),
            Moment::After => format!(
                "'{real}' \"$@\" >'{at}/report'\ncode=$?\n{arrive}\n[ -e '{at}/open' ] || read -r _ <'{at}/pipe'\ncat '{at}/report'\nexit $code"
            ),
        };
        let script = format!(
            "#!/bin/sh\ncase \" $* \" in *' --dry-run '*) exec '{real}' \"$@\" ;; \" {subcommand}\"*) ;; *) exec '{real}' \"$@\" ;; esac\n{pass}\n"
        );
        program(&gate.directory.join("bin").join(tool), &script);
        gate
    }

    /// A gate that is a command of its own, for whatever a tool is told to run.
    pub(crate) fn command(fixture: &Fixture) -> (Self, String) {
        let gate = Self::new(fixture);
        let script = format!(
            "#!/bin/sh\n{}\nread -r _ <'{}/pipe'\n",
            arrive(&gate.directory),
            gate.directory.display()
        );
        let path = gate.directory.join("wait-for-the-test");
        program(&path, &script);
        (gate, path.to_str().unwrap().to_owned())
    }

    fn new(fixture: &Fixture) -> Self {
        let number = (0..1000)
            .find(|number| !fixture.directory.join(format!("gate-{number}")).exists())
            .unwrap();
        let directory = fixture.directory.join(format!("gate-{number}"));
        fs::create_dir_all(directory.join("bin")).unwrap();
        let pipe = directory.join("pipe");
        let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        // The tools may run as another user.
        fs::set_permissions(&directory, Permissions::from_mode(0o777)).unwrap();
        fs::set_permissions(&pipe, Permissions::from_mode(0o666)).unwrap();
        let pipe = OpenOptions::new()
            .read(true)
            .write(true)
            .open(pipe)
            .unwrap();
        Self { directory, pipe }
    }

    /// The `PATH` on which whoever comes by meets this gate.
    pub(crate) fn path(&self) -> String {
        let before = self.directory.join("bin");
        let mut path = std::env::var("PATH").unwrap();
        if let Some(pm2) = pm2_programs() {
            path = format!("{}:{path}", pm2.display());
        }
        format!("{}:{}:{path}", before.display(), binaries().display())
    }

    /// Waits until somebody has come to it, and says who.
    pub(crate) fn reached(&self) -> u32 {
        until_some("the gate is reached", || {
            let pid = fs::read_to_string(self.directory.join("pid")).ok()?;
            pid.trim().parse().ok()
        })
    }

    /// Lets whoever waits go on, and whoever comes later.
    pub(crate) fn open(&self) {
        fs::write(self.directory.join("open"), "").unwrap();
        (&self.pipe).write_all(b"go on\n").unwrap();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        // Nobody is to wait for a test that is over; who is dead or gone through does not mind.
        let pid = fs::read_to_string(self.directory.join("pid")).unwrap_or_default();
        if let Ok(pid) = pid.trim().parse()
            && waits(pid, &self.directory)
        {
            kill(Pid::from_raw(pid), Signal::SIGKILL).ok();
        }
    }
}

/// Whether that process still waits at the gate; its number may have become another's.
fn waits(pid: i32, directory: &Path) -> bool {
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|words| {
        String::from_utf8_lossy(&words).contains(&directory.display().to_string())
    })
}

/// The lines that say who has come.
fn arrive(directory: &Path) -> String {
    let at = directory.display();
    format!("echo $$ >'{at}/pid.new' && mv '{at}/pid.new' '{at}/pid'")
}

fn program(path: &Path, script: &str) {
    fs::write(path, script).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}
