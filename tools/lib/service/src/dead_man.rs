//! The dead-man's switch: something outside the deploy that starts the service again if nobody has by then.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use deadline::Deadline;
use host::{Identity, Proc};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::detached::Detached;
use crate::processes::Known;
use crate::status::milliseconds;

/// What the switch is to do.
#[derive(Debug, Clone, Default)]
pub struct StartAgain {
    /// What starts the service if it does not run, in the directory `/`.
    pub command: Vec<OsString>,
    /// Whether it does more than that, and is run also where the supervisor could start the service by itself.
    pub does_more: bool,
}

/// A switch that is armed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadMan {
    /// What will act.
    pub by: DeadManBy,
    /// How long after it was armed.
    #[serde(rename = "afterMs", serialize_with = "milliseconds")]
    pub after: Duration,
    /// Why it is the weaker kind, where the supervisor's own would have been better.
    pub note: Option<String>,
}

/// What acts when nobody has disarmed the switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DeadManBy {
    /// A transient timer of systemd, by its name. It outlives every process of the deploy.
    Timer(String),
    /// A process in a session of its own. It outlives the deploy, but not a supervisor that ends everything that the deploy
    /// ever started (a CI agent's unit that is stopped), nor a reboot.
    Process(u32),
}

/// What disarming came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Disarmed {
    /// It was armed and is not any more.
    Now,
    /// There was none, or it has acted already.
    NotArmed,
}

/// Waits, then becomes the command.
const SCRIPT: &str = r#"sleep "$1" && shift && exec "$@""#;

/// What is written down about the process.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    schema: u32,
    identity: Identity,
    armed_at: String,
    after_ms: u64,
}

/// A switch that is a process.
#[derive(Debug, Clone)]
pub(crate) struct Switch {
    record: PathBuf,
    log: PathBuf,
    proc: Proc,
}

impl Switch {
    /// The switch of the service `name`, with its files in the directory `run`.
    pub(crate) fn new(run: &Path, name: &str) -> Self {
        Self {
            record: run.join(format!("{name}.dead-man.json")),
            log: run.join(format!("{name}.dead-man.log")),
            proc: Proc::system(),
        }
    }

    /// Starts the process that runs `command` after that time, in the place of an earlier one.
    pub(crate) fn arm(
        &self,
        after: Duration,
        command: &[OsString],
        deadline: &Deadline,
    ) -> Result<DeadMan, Error> {
        if let Some(directory) = self.record.parent() {
            durable::create_directory(directory, 0o755)?;
        }
        let earlier = self.read()?;
        let log = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o640)
            // The directory may be another user's, who must not choose what root writes to.
            .custom_flags(nix::libc::O_NOFOLLOW)
            .open(&self.log)
            .map_err(Error::io(format!("write {}", self.log.display())))?;
        let errors = log
            .try_clone()
            .map_err(Error::io(format!("write {}", self.log.display())))?;
        let seconds = format!("{}.{:03}", after.as_secs(), after.subsec_millis());
        let mut arguments: Vec<OsString> = ["/bin/sh", "-c", SCRIPT, "slipway-dead-man", &seconds]
            .map(OsString::from)
            .into();
        arguments.extend(command.iter().cloned());
        let marks: Vec<OsString> = std::env::vars_os()
            .map(|(name, _)| name)
            .filter(|name| name.to_string_lossy().starts_with("SLIPWAY_"))
            .collect();
        let process = Detached::start(
            &self.proc,
            &arguments,
            |command| {
                // Whoever kills what a tool or a service started finds it by these.
                for mark in &marks {
                    command.env_remove(mark);
                }
                command
                    .current_dir("/")
                    .stdout(Stdio::from(log))
                    .stderr(Stdio::from(errors))
            },
            deadline,
        )?;
        let record = Record {
            schema: 1,
            identity: process.identity.clone(),
            armed_at: clock::rfc3339(std::time::SystemTime::now()),
            after_ms: u64::try_from(after.as_millis()).unwrap_or(u64::MAX),
        };
        let pid = record.identity.pid;
        let text = serde_json::to_vec_pretty(&record)
            .map_err(|error| Error::io("write the dead-man's record")(error.into()))?;
        durable::replace(&self.record, &text, 0o644)?;
        process.go()?;
        // Only now: an interruption above leaves the earlier one armed.
        if let Some(earlier) = earlier {
            end(&self.proc, &earlier.identity);
        }
        Ok(DeadMan {
            by: DeadManBy::Process(pid),
            after,
            note: None,
        })
    }

    /// Ends the process, by its identity, if it still waits.
    pub(crate) fn disarm(&self) -> Result<Disarmed, Error> {
        let Some(record) = self.read()? else {
            return Ok(Disarmed::NotArmed);
        };
        let ended = end(&self.proc, &record.identity);
        durable::remove(&self.record)?;
        Ok(if ended {
            Disarmed::Now
        } else {
            Disarmed::NotArmed
        })
    }

    fn read(&self) -> Result<Option<Record>, Error> {
        let bytes = match durable::read(&self.record, 64 * 1024) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| Error::Damaged {
                path: self.record.clone(),
                why: error.to_string(),
            })
    }
}

/// Kills the waiting process with its `sleep`. What the command has started by then is in a session of its own.
fn end(proc: &Proc, identity: &Identity) -> bool {
    if !matches!(
        proc.alive(identity),
        host::Alive::Yes | host::Alive::Stopped
    ) {
        return false;
    }
    let mut pids = vec![identity.pid];
    pids.extend(proc.session_members(identity.pid).unwrap_or_default());
    pids.dedup();
    for one in Known::of(proc, &pids) {
        one.signal(proc, nix::sys::signal::Signal::SIGKILL).ok();
    }
    true
}
