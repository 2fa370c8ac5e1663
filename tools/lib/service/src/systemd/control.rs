//! `systemctl` and its kin: called the same way each time, their refusals sorted.

use std::process::Command;
use std::time::Duration;

use deadline::Deadline;
use deadline::child::{Answer, ChildError, Finished, Options, ask, quoted, run};
use host::Proc;
use nix::unistd::{User, geteuid};

use super::runtime_directory;
use crate::Error;

/// The longest that one call may take: none of them waits for a job.
const ONE_CALL: Duration = Duration::from_secs(20);

/// How many of its last lines an error quotes of what a call said.
pub(super) const LAST_WORDS: usize = 3;

/// Which of the managers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manager {
    System,
    User,
}

/// How to speak to the manager of one unit.
#[derive(Debug)]
pub(super) struct Control {
    pub(super) manager: Manager,
    pub(super) unit: String,
    service: String,
}

impl Control {
    pub(super) fn new(manager: Manager, unit: &str) -> Self {
        let kind = match manager {
            Manager::System => "systemd",
            Manager::User => "systemd-user",
        };
        Self {
            manager,
            unit: unit.to_owned(),
            service: format!("{kind}:{unit}"),
        }
    }

    /// The service as `--service` names it.
    pub(super) fn service(&self) -> &str {
        &self.service
    }

    /// A question, for which nobody needs to be anybody: `systemctl ARGUMENTS`, and what it answers.
    pub(super) fn ask(
        &self,
        arguments: &[&str],
        action: &str,
        deadline: &Deadline,
    ) -> Result<String, Error> {
        let finished = self.call("systemctl", &["--no-pager"], arguments, action, deadline)?;
        self.judge(&finished, action)
            .map(|()| finished.stdout_text())
    }

    /// An order to systemd about the unit: `systemctl ARGUMENTS`, the first of which says what.
    pub(super) fn order(&self, arguments: &[&str], deadline: &Deadline) -> Result<(), Error> {
        let action = format!("{} {}", arguments.first().unwrap_or(&""), self.service);
        self.order_by("systemctl", arguments, &action, deadline)
    }

    /// The same through another of systemd's programs.
    ///
    /// Where a user who is not root is refused, `sudo -n` is tried once with exactly these arguments: a rule in sudoers can
    /// name them word for word.
    pub(super) fn order_by(
        &self,
        program: &str,
        arguments: &[&str],
        action: &str,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        let finished = self.call(program, &["--no-ask-password"], arguments, action, deadline)?;
        match self.judge(&finished, action) {
            Err(Error::Denied { said, hint, .. })
                if self.manager == Manager::System && !geteuid().is_root() =>
            {
                let denied = |more: &str| Error::Denied {
                    action: action.to_owned(),
                    said: format!("{said}; {more}"),
                    hint,
                };
                let mut command = Command::new("sudo");
                command
                    .args(["-n", program])
                    .args(arguments)
                    .env("LC_ALL", "C");
                match run(command, Options::default(), &deadline.or_after(ONE_CALL)) {
                    Ok(finished) if finished.status.success() => Ok(()),
                    Ok(finished) => {
                        match sort(finished.last_words(LAST_WORDS), action, &self.service) {
                            // systemd's own answer, once sudo let it through.
                            error @ (Error::NotFound { .. } | Error::Unavailable { .. }) => {
                                Err(error)
                            }
                            error @ Error::Refused { .. } if !is_from_sudo(&error) => Err(error),
                            _ => Err(denied(&finished.last_words(LAST_WORDS))),
                        }
                    }
                    Err(ChildError::NotFound { .. }) => Err(denied("and there is no sudo")),
                    Err(error) => Err(Error::of_child(error, action)),
                }
            }
            other => other,
        }
    }

    /// A call of any of systemd's programs, its outcome not judged yet.
    pub(super) fn call(
        &self,
        program: &str,
        options: &[&str],
        arguments: &[&str],
        action: &str,
        deadline: &Deadline,
    ) -> Result<Answer, Error> {
        let command = self.command(program, options, arguments);
        ask(command, Options::default(), &deadline.or_after(ONE_CALL))
            .map_err(|error| Error::of_child(error, action))
    }

    /// The call itself, speaking English and asking nobody anything.
    pub(super) fn command(&self, program: &str, options: &[&str], arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .env("LC_ALL", "C")
            .env_remove("SYSTEMD_LOG_LEVEL")
            .env_remove("SYSTEMCTL_FORCE_BUS");
        if self.manager == Manager::User {
            command.env("XDG_RUNTIME_DIR", runtime_directory());
            if program != "journalctl" {
                command.arg("--user");
            }
        }
        command.args(options).args(arguments);
        command
    }

    fn judge(&self, finished: &Finished, action: &str) -> Result<(), Error> {
        if finished.status.success() {
            return Ok(());
        }
        match sort(finished.last_words(LAST_WORDS), action, &self.service) {
            Error::Denied { action, said, .. } => Err(Error::Denied {
                action,
                said,
                hint: self.permission_hint(),
            }),
            Error::Refused { action, said, .. } => Err(Error::Refused {
                hint: Some(self.refusal_hint(&said)),
                action,
                said,
            }),
            other => Err(other),
        }
    }

    /// What mends a refusal, or tells more about it.
    fn refusal_hint(&self, said: &str) -> String {
        let user = match self.manager {
            Manager::System => "",
            Manager::User => " --user",
        };
        let verb = if said.contains("masked") {
            "unmask"
        } else {
            "status"
        };
        format!("systemctl{user} {verb} {}", quoted(&self.unit))
    }

    /// What would let this user do it: a rule that names each order word for word, which visudo looks at before it counts.
    fn permission_hint(&self) -> String {
        let user = User::from_uid(geteuid())
            .ok()
            .flatten()
            .map_or_else(|| format!("#{}", geteuid()), |user| user.name);
        if self.manager == Manager::User {
            return "loginctl list-users".to_owned();
        }
        let orders: Vec<String> = super::timer::ORDERS
            .iter()
            .map(|order| format!("/usr/bin/systemctl {order} {}", ruled(&self.unit)))
            .collect();
        let rule = format!("{user} ALL=(root) NOPASSWD: {}", orders.join(", "));
        format!(
            "printf '%s\\n' {} | sudo EDITOR='tee -a' visudo -f /etc/sudoers.d/slipway",
            quoted(&rule)
        )
    }

    /// The process that is the unit's manager, and so holds its sockets.
    pub(super) fn manager_pid(&self, proc: &Proc, main_pid: Option<u32>) -> Option<u32> {
        match self.manager {
            Manager::System => Some(1),
            // It starts its services itself: it is the main process's parent.
            Manager::User => proc
                .stat(main_pid?)
                .ok()
                .map(|stat| stat.parent)
                .filter(|parent| *parent > 1),
        }
    }
}

/// A unit's name as a command's argument in sudoers, which takes these for its own and what is left for a pattern: a backslash
/// has to get through both.
fn ruled(unit: &str) -> String {
    let unit = unit.replace('\\', r"\\\\");
    unit.replace(':', r"\:").replace(',', r"\,")
}

fn is_from_sudo(error: &Error) -> bool {
    let said = error.to_string();
    said.contains("sudo:") || said.contains("not allowed to execute")
}

/// Which error a failed call is, by its words: systemd's exit statuses do not tell these apart.
fn sort(said: String, action: &str, service: &str) -> Error {
    let (action, service) = (action.to_owned(), service.to_owned());
    let lower = said.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    // First, since "Failed to connect to bus: Permission denied" is about the bus.
    if says(&[
        "failed to connect to",
        "not been booted with systemd",
        "failed to get d-bus connection",
        "connection refused",
        "host is down",
    ]) {
        Error::Unavailable { service, said }
    } else if says(&[
        "access denied",
        "interactive authentication required",
        "authentication is required",
        "permission denied",
        "operation not permitted",
        "not authorized",
    ]) {
        Error::Denied {
            action,
            said,
            hint: String::new(),
        }
    } else if says(&[
        "could not be found",
        "not found",
        "not loaded",
        "no such file",
    ]) {
        Error::NotFound {
            service,
            hint: None,
        }
    } else {
        Error::Refused {
            action,
            said,
            hint: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(said: &str) -> Error {
        let said = said.replace('\n', " ");
        sort(said, "start systemd:a.service", "systemd:a.service")
    }

    #[test]
    fn refusals_are_told_apart_by_their_words() {
        for (said, code) in [
            (
                "Failed to start a.service: Interactive authentication required.\nSee system logs.",
                "no-permission",
            ),
            (
                "Failed to start a.service: Access denied\n",
                "no-permission",
            ),
            (
                "Failed to start a.service: Unit a.service not found.",
                "service-not-found",
            ),
            (
                "Failed to reset failed state of unit a.service: Unit a.service not loaded.",
                "service-not-found",
            ),
            (
                "System has not been booted with systemd as init system (PID 1). Can't operate.\nFailed to connect to bus: Host is down",
                "supervisor-unavailable",
            ),
            (
                "Failed to connect to bus: Permission denied",
                "supervisor-unavailable",
            ),
            (
                "Failed to start a.service: Unit a.service is masked.",
                "supervisor-refused",
            ),
            ("", "supervisor-refused"),
        ] {
            assert_eq!(sorted(said).code(), code, "{said}");
        }
    }

    #[test]
    fn the_hint_names_each_order_word_for_word() {
        let hint = Control::new(Manager::System, "shop.service").permission_hint();
        assert!(
            hint.contains("/usr/bin/systemctl stop --no-block shop.service"),
            "{hint}"
        );
        assert!(!hint.contains('*'), "{hint}");
        // As `sudo -l` has been seen to match it.
        assert_eq!(ruled(r"a\x2db:c,d.service"), r"a\\\\x2db\:c\,d.service");
    }
}
