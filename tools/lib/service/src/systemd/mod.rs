//! `systemd:UNIT` and `systemd-user:UNIT`, through systemd's own programs.

mod control;
mod journal;
mod show;
mod timer;

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use deadline::Deadline;
use host::Proc;

use crate::dead_man::{StartAgain, Switch};
use crate::processes::Known;
use crate::supervisor::{AtRest, Stopping, Supervisor};
use crate::{Active, DeadMan, Disarmed, Error, LogErrors, Mark, Setting, Status};
use control::{Control, Manager};

/// How often systemd is asked again that has answered nothing.
const AGAIN: u32 = 5;
/// How long it is left alone before that.
const BEFORE_AGAIN: Duration = Duration::from_millis(200);

/// One unit.
#[derive(Debug)]
pub(crate) struct Systemd {
    unit: String,
    control: Control,
    switch: Switch,
    proc: Proc,
}

impl Systemd {
    pub(crate) fn system(unit: &str, setting: &Setting) -> Self {
        Self::new(unit, Manager::System, setting)
    }

    pub(crate) fn user(unit: &str, setting: &Setting) -> Self {
        Self::new(unit, Manager::User, setting)
    }

    fn new(unit: &str, manager: Manager, setting: &Setting) -> Self {
        Self {
            unit: unit.to_owned(),
            control: Control::new(manager, unit),
            switch: Switch::new(&setting.root.join("run"), unit),
            proc: Proc::system(),
        }
    }

    fn order(&self, arguments: &[&str], deadline: &Deadline) -> Result<(), Error> {
        self.control.order(arguments, deadline)
    }
}

impl Supervisor for Systemd {
    fn status(&self, deadline: &Deadline) -> Result<Status, Error> {
        let properties = show::PROPERTIES.join(",");
        let mut again = AGAIN;
        loop {
            let text = self.control.ask(
                &["show", "-p", &properties, &self.unit],
                &format!("ask for the state of {}", self.control.service()),
                deadline,
            )?;
            match show::status(&show::Properties::parse(&text), self.control.service()) {
                // While systemd reads its units anew it may have nothing to say.
                Err(Error::Unavailable { .. })
                    if again > 0 && deadline.sleep(BEFORE_AGAIN).is_ok() =>
                {
                    again -= 1;
                }
                told => return told,
            }
        }
    }

    fn start(&self, deadline: &Deadline) -> Result<(), Error> {
        self.order(&["start", "--no-block", &self.unit], deadline)
    }

    fn restart(&self, deadline: &Deadline) -> Result<bool, Error> {
        self.order(&["restart", "--no-block", &self.unit], deadline)?;
        Ok(true)
    }

    fn members(&self, status: &Status, _: &Deadline) -> Result<Vec<u32>, Error> {
        let listed = match (&status.control_group, status.main_pid) {
            (Some(group), _) => self.proc.cgroup_members(group),
            // A unit of a manager that keeps no groups: what descends from the main process is all there is to go by.
            (None, Some(pid)) => self.proc.descendants(pid).map(|mut pids| {
                pids.insert(0, pid);
                pids
            }),
            (None, None) => Ok(Vec::new()),
        };
        let mut pids = listed.map_err(Error::io(format!(
            "list the processes of {}",
            self.control.service()
        )))?;
        pids.retain(|pid| self.proc.stat(*pid).is_ok_and(|stat| !stat.is_over()));
        Ok(pids)
    }

    fn hold(&self, _: &Deadline) -> Result<Option<durable::Mutex>, Error> {
        Ok(None)
    }

    fn ask_to_stop(&self, _: &[Known], _: Duration, deadline: &Deadline) -> Result<(), Error> {
        forgotten(self.order(&["stop", "--no-block", &self.unit], deadline))
    }

    fn at_rest(&self, stopping: &Stopping<'_>, deadline: &Deadline) -> Result<AtRest, Error> {
        let now = self.status(deadline)?;
        if now.active.is_over() {
            let killed = !stopping.before.active.is_over()
                && matches!(now.result.as_deref(), Some("timeout"));
            return Ok(AtRest::Yes { killed });
        }
        let another = now.invocation.is_some() && now.invocation != stopping.before.invocation;
        let up = matches!(now.active, Active::Running | Active::Starting);
        Ok(if another && up {
            AtRest::StartedAgain
        } else {
            AtRest::No
        })
    }

    fn cut(&self, _: &[Known], deadline: &Deadline) -> Result<(), Error> {
        match self.order(&["kill", "--signal=SIGKILL", &self.unit], deadline) {
            // It ended by itself in the same moment.
            Err(Error::Refused { said, .. }) if said.contains("No main process to kill") => Ok(()),
            other => forgotten(other),
        }
    }

    fn stopped(&self) -> Result<(), Error> {
        Ok(())
    }

    fn clear_start_limit(&self, deadline: &Deadline) -> Result<(), Error> {
        forgotten(self.order(&["reset-failed", &self.unit], deadline))
    }

    fn socket_keepers(&self, status: &Status) -> Vec<(u32, String)> {
        if status.socket_units.is_empty() {
            return Vec::new();
        }
        let units = status.socket_units.join(", ");
        self.control
            .manager_pid(&self.proc, status.main_pid)
            .map(|pid| (pid, format!("(systemd) for {units}")))
            .into_iter()
            .collect()
    }

    fn mark(&self, deadline: &Deadline) -> Result<Mark, Error> {
        journal::mark(&self.control, deadline)
    }

    fn log(
        &self,
        mark: Option<&Mark>,
        most: usize,
        deadline: &Deadline,
    ) -> Result<Vec<String>, Error> {
        journal::lines(&self.control, mark, most, deadline)
    }

    fn log_errors(&self, mark: &Mark, deadline: &Deadline) -> Result<LogErrors, Error> {
        journal::errors(&self.control, mark, deadline)
    }

    fn switch(&self) -> &Switch {
        &self.switch
    }

    fn arm(
        &self,
        after: Duration,
        again: &StartAgain,
        deadline: &Deadline,
    ) -> Result<DeadMan, Error> {
        match timer::arm(&self.control, after, again, deadline) {
            Ok(armed) => {
                self.switch.disarm()?;
                Ok(armed)
            }
            // What may not be asked of systemd, the tool can do by itself once the time is over.
            Err(error @ (Error::Denied { .. } | Error::MissingProgram { .. }))
                if !again.command.is_empty() =>
            {
                let armed = self.switch.arm(after, &again.command, deadline)?;
                Ok(DeadMan {
                    note: Some(error.to_string()),
                    ..armed
                })
            }
            Err(error) => Err(error),
        }
    }

    fn disarm(&self, deadline: &Deadline) -> Result<Disarmed, Error> {
        let process = self.switch.disarm()?;
        let timer = timer::disarm(&self.control, deadline)?;
        Ok(if [process, timer].contains(&Disarmed::Now) {
            Disarmed::Now
        } else {
            Disarmed::NotArmed
        })
    }
}

/// A unit that ended well is forgotten (`not loaded`), its count of starts too: that is no error for whoever wanted it ended.
fn forgotten(result: Result<(), Error>) -> Result<(), Error> {
    match result {
        Err(Error::NotFound { .. }) => Ok(()),
        other => other,
    }
}

/// The runtime directory of a user whose login did not set one (a cron job, `sudo -u`).
fn runtime_directory() -> OsString {
    match std::env::var_os("XDG_RUNTIME_DIR") {
        Some(directory) if Path::new(&directory).is_absolute() => directory,
        _ => format!("/run/user/{}", nix::unistd::getuid()).into(),
    }
}
