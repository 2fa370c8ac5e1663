//! What keeps a fixture's service running.

use crate::command;
use crate::engine::Engine;
use crate::user::User;
use std::path::Path;
use std::process::{Command, Output};

/// The supervisors that a test can be run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supervisor {
    /// A unit of the system's own systemd.
    Systemd,
    /// A unit of a user's systemd; tools run as that user.
    SystemdUser,
    /// A plain process.
    Process,
    /// A command that speaks for a supervisord.
    Command,
    /// A Compose project, on a Docker engine of the fixture's own.
    Compose,
    /// PM2, in fork mode: one instance, which has the port itself.
    Pm2Fork,
    /// PM2, in cluster mode: two instances, for which PM2's daemon has the port.
    Pm2Cluster,
}

impl Supervisor {
    /// Whether it is a systemd, so that the service is a unit.
    pub fn is_systemd(self) -> bool {
        matches!(self, Self::Systemd | Self::SystemdUser)
    }

    /// Whether it is PM2, in either mode.
    pub fn is_pm2(self) -> bool {
        matches!(self, Self::Pm2Fork | Self::Pm2Cluster)
    }

    /// Whether it is there; else why not.
    pub fn available(self) -> Result<(), String> {
        match self {
            Self::Process => return Ok(()),
            Self::Compose => return Engine::available(),
            Self::Command => return command::available(),
            Self::Pm2Fork | Self::Pm2Cluster => return crate::pm2::available(),
            Self::Systemd | Self::SystemdUser => {}
        }
        if self == Self::Systemd {
            // Units are only made on a machine made for it, never on somebody's own.
            if std::env::var_os("SLIPWAY_MACHINE").is_none() {
                let why = std::env::var("SLIPWAY_NO_SYSTEMD");
                return Err(why.unwrap_or_else(|_| {
                    "not on a machine of its own (tests/machine run)".to_owned()
                }));
            }
        }
        let user = if self == Self::SystemdUser {
            Some(User::deploy()?)
        } else {
            None
        };
        let output = manage(user.as_ref(), ["show", "--property=Version", "--value"])?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(format!("its systemd does not answer: {said}"))
    }
}

/// Runs `systemctl` for the system, or for a user as that user.
pub(crate) fn manage<'a>(
    user: Option<&User>,
    arguments: impl IntoIterator<Item = &'a str>,
) -> Result<Output, String> {
    let program = Path::new("systemctl");
    let mut command = match user {
        Some(user) => {
            let mut command = user.command(program);
            command.arg("--user");
            command
        }
        None => Command::new(program),
    };
    command
        .args(arguments)
        .output()
        .map_err(|error| format!("systemctl: {error}"))
}
