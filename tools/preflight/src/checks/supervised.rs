//! What the checks of a service share.

use crate::finding::Finding;
use crate::given::{Given, Problem};
use releases::Layout;
use service::{Name, Service};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use step::quoted;

/// The commands of a service's supervisor, for hints.
pub(super) struct Commands {
    service: String,
    systemctl: Option<String>,
    /// Compose as a person types it for the project.
    docker: Option<String>,
    /// As a shell takes it: systemd's own escapes have backslashes.
    unit: String,
    /// Where a plain process has its log.
    run: String,
    by_pm2: bool,
}

impl Commands {
    pub(super) fn of(service: &Service, given: &Given) -> Self {
        let layout = given.application.as_ref().map(|one| &one.layout);
        let run = layout.map_or_else(|| "ROOT/run".into(), Layout::run);
        let current = layout.map_or(Path::new(""), |layout| layout.current.as_std_path());
        Self::named(service.name(), run.as_str(), current)
    }

    /// Those of the service of that name; `run` is where a plain process has its log, `current` the link to the live release.
    pub(super) fn named(name: &Name, run: &str, current: &Path) -> Self {
        Self {
            service: quoted(&name.to_string()),
            systemctl: match name {
                Name::Systemd(_) => Some("systemctl".to_owned()),
                Name::SystemdUser(_) => Some("systemctl --user".to_owned()),
                Name::Pm2(_) | Name::Process(_) | Name::Compose { .. } | Name::Command(_) => None,
            },
            docker: match name {
                Name::Compose { directory, .. } => {
                    Some(service::compose_by_hand(Path::new(directory), current))
                }
                _ => None,
            },
            by_pm2: matches!(name, Name::Pm2(_)),
            unit: quoted(&name.bare()),
            run: run.to_owned(),
        }
    }

    /// Clears what keeps it from starting, and starts it.
    pub(super) fn start_anew(&self) -> String {
        match &self.systemctl {
            Some(systemctl) => {
                let unit = &self.unit;
                format!("{systemctl} reset-failed {unit} && {systemctl} start {unit}")
            }
            None => format!("service-start --service {}", self.service),
        }
    }

    /// Has its supervisor wait for so long at a stop before it kills.
    pub(super) fn stop_within(&self, time: Duration) -> String {
        let unit = &self.unit;
        let seconds = time.as_secs_f64().ceil();
        match (&self.systemctl, &self.docker) {
            (Some(_), _) => self.drop_in(
                "slipway-stop",
                &format!("[Service]\\nTimeoutStopSec={seconds}s\\n"),
            ),
            (None, Some(directory)) => format!("cd {} && docker-compose config", quoted(directory)),
            // Of the others PM2 alone has such a time. It restarts what it has, as that was started but for this.
            (None, None) => {
                let pm2 = service::pm2_by_hand();
                format!("{pm2} restart {unit} --kill-timeout {}", time.as_millis())
            }
        }
    }

    /// Where that is written down for the starts to come, where the supervisor does not keep it.
    pub(super) fn stop_within_lastingly(&self, time: Duration) -> String {
        if self.docker.is_some() {
            let seconds = time.as_secs_f64().ceil();
            return format!(": stop_grace_period: {seconds}s in the project's file");
        }
        if !self.by_pm2 {
            return String::new();
        }
        let milliseconds = time.as_millis();
        format!(
            ". So that the next start asks for it as well: kill_timeout: {milliseconds} in the ecosystem file, or --kill-timeout {milliseconds} in DEPLOY_START"
        )
    }

    /// Writes a file of that name beside the unit's own, as `systemctl edit` does, and has systemd read it.
    fn drop_in(&self, name: &str, lines: &str) -> String {
        let systemctl = self.systemctl.as_deref().unwrap_or("systemctl");
        let place = match systemctl {
            "systemctl" => "/etc/systemd/system",
            _ => "~/.config/systemd/user",
        };
        let place = format!("{place}/{}.d", self.unit);
        format!(
            "mkdir -p {place} && printf '{lines}' >{place}/{name}.conf && {systemctl} daemon-reload"
        )
    }

    /// Has it started at boot; a unit without an `[Install]` section needs one first.
    pub(super) fn enable(&self, lacks_install: bool) -> String {
        if self.by_pm2 {
            return format!("{} save", service::pm2_by_hand());
        }
        let systemctl = self.systemctl.as_deref().unwrap_or("systemctl");
        let enable = format!("{systemctl} enable {}", self.unit);
        if !lacks_install {
            return enable;
        }
        let target = if systemctl == "systemctl" {
            "multi-user.target"
        } else {
            "default.target"
        };
        let install = self.drop_in("slipway-boot", &format!("[Install]\\nWantedBy={target}\\n"));
        format!("{install} && {enable}")
    }

    /// A question to its manager, its words still to come; nothing where it has none.
    pub(super) fn systemctl(&self) -> Option<Command> {
        let mut words = self.systemctl.as_deref()?.split(' ');
        let mut command = Command::new(words.next()?);
        command.args(words).arg("--no-pager");
        Some(command)
    }

    /// Looks for it where nothing of it runs. A question to PM2 would start a daemon where there is none.
    pub(super) fn look_for(&self) -> String {
        if self.by_pm2 {
            return "pgrep -af 'God Daemon'".to_owned();
        }
        self.show()
    }

    /// Shows how it stands.
    fn show(&self) -> String {
        if self.docker.is_some() {
            return "docker ps --all".to_owned();
        }
        match &self.systemctl {
            Some(systemctl) => format!("{systemctl} status {}", self.unit),
            None => format!("service-start --service {}", self.service),
        }
    }

    /// Shows what it wrote.
    pub(super) fn log(&self) -> String {
        if let Some(compose) = &self.docker {
            return format!("{compose} logs --tail 50");
        }
        match self.systemctl.as_deref() {
            Some("systemctl") => format!("journalctl -u {} -n 50", self.unit),
            Some(_) => format!("journalctl --user -u {} -n 50", self.unit),
            None if self.by_pm2 => {
                let pm2 = service::pm2_by_hand();
                format!("{pm2} logs {} --lines 50 --nostream", self.unit)
            }
            None => format!("tail -n 50 {}/{}.log", quoted(&self.run), self.unit),
        }
    }
}

/// A failed check that says why something could not be found out.
pub(super) fn not_known(problem: &Problem) -> Finding {
    let hint = problem.hint.clone();
    Finding::fail(
        problem.message.clone(),
        hint.unwrap_or_else(|| "deploy-state show".to_owned()),
    )
}

/// The same of a service.
pub(super) fn not_asked(problem: &Problem, commands: &Commands) -> Finding {
    let hint = problem.hint.clone();
    Finding::fail(
        problem.message.clone(),
        hint.unwrap_or_else(|| commands.show()),
    )
}
