//! What a supervisor says about its service.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Serialize, Serializer};

/// In which of its states a service is, the same words for every supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Active {
    /// It runs.
    Running,
    /// It was started and has not yet said that it is ready (only where the service says so itself).
    Starting,
    /// It has crashed, and its supervisor is about to try once more. Never confuse this with [`Active::Starting`].
    Restarting,
    /// It was asked to stop and has not ended yet.
    Stopping,
    /// It does not run, and that is as it was told.
    Stopped,
    /// It does not run, and it should.
    Failed,
}

impl Active {
    /// Nothing of it runs, and nobody is about to start it.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Stopped | Self::Failed)
    }
}

/// How many starts a supervisor allows in which time before it gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StartLimit {
    /// So many starts are allowed.
    pub burst: u64,
    /// Within this time.
    #[serde(rename = "intervalMs", serialize_with = "milliseconds")]
    pub interval: Duration,
}

/// One look at a service. What a supervisor does not know is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The state, in the words that all supervisors share.
    pub active: Active,
    /// The state in the supervisor's own words (`running`, `auto-restart`, `dead`).
    pub substate: String,
    /// The main process.
    pub main_pid: Option<u32>,
    /// Names one run of the service: another value means that it was started anew.
    pub invocation: Option<String>,
    /// How often the supervisor has restarted it by itself. Starts and stops by hand set it back to 0.
    pub restarts: Option<u64>,
    /// The supervisor will not start it again until the limit is cleared.
    pub start_limit_hit: bool,
    /// How the last run ended, in the supervisor's words (`success`, `exit-code`, `timeout`, `start-limit-hit`).
    pub result: Option<String>,
    /// The exit status of the last main process, or the signal that ended it.
    pub exit_status: Option<i32>,
    /// For how long it has been in service without a break.
    #[serde(rename = "activeForMs", serialize_with = "milliseconds_or_null")]
    pub active_for: Option<Duration>,
    /// How long the supervisor itself waits at a stop before it kills; `None` where it waits for ever.
    #[serde(rename = "stopTimeoutMs", serialize_with = "milliseconds_or_null")]
    pub stop_timeout: Option<Duration>,
    /// The limit on starts, where there is one.
    pub start_limit: Option<StartLimit>,
    /// Units that hold its sockets and start it when somebody connects.
    pub socket_units: Vec<String>,
    /// Where its processes are kept together.
    pub control_group: Option<PathBuf>,
    /// The user that it runs as, where the supervisor names one.
    pub user: Option<String>,
    /// The directory that it is started in, as configured (links not resolved).
    pub working_directory: Option<PathBuf>,
    /// The file that describes it.
    pub file: Option<PathBuf>,
    /// Whether it is started at boot, in the supervisor's words (`enabled`, `disabled`, `static`; of PM2 `saved`, `unsaved`).
    pub file_state: Option<String>,
    /// Whether an order to it still waits to be carried out: for another service, or for its turn.
    pub job_pending: Option<bool>,
    /// Whether the restarts include those that somebody asked for: PM2 counts both in one number.
    #[serde(skip)]
    pub restarts_by_order: bool,
    /// The images that its containers are made of, where it is made of containers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Image>,
}

/// What a service of a Compose project is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Image {
    /// The service's name in the project.
    pub service: String,
    /// The image's id, `sha256:…`: no tag, for a tag moves.
    pub id: String,
}

impl std::fmt::Display for Image {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}={}", self.service, self.id)
    }
}

impl Status {
    /// A service about which nothing is known but its state.
    pub(crate) fn bare(active: Active, substate: impl Into<String>) -> Self {
        Self {
            active,
            substate: substate.into(),
            main_pid: None,
            invocation: None,
            restarts: None,
            start_limit_hit: false,
            result: None,
            exit_status: None,
            active_for: None,
            stop_timeout: None,
            start_limit: None,
            socket_units: Vec::new(),
            control_group: None,
            user: None,
            working_directory: None,
            file: None,
            file_state: None,
            job_pending: None,
            restarts_by_order: false,
            images: Vec::new(),
        }
    }

    /// It runs, and by the health check that its containers have of their own it is not well any more.
    pub fn is_unhealthy(&self) -> bool {
        self.active == Active::Starting && self.substate.contains("health unhealthy")
    }

    /// The state in one phrase for a person: `failed (dead, start-limit-hit)`.
    pub fn phrase(&self) -> String {
        let word = match self.active {
            Active::Running => "running",
            Active::Starting => "starting",
            Active::Restarting => "restarting after a crash",
            Active::Stopping => "stopping",
            Active::Stopped => "stopped",
            Active::Failed => "failed",
        };
        let mut details = Vec::new();
        if self.substate != word {
            details.push(self.substate.clone());
        }
        match self.result.as_deref() {
            Some("success") | None => {}
            Some(result) if result == self.substate => {}
            Some(result) => details.push(result.to_owned()),
        }
        if self.start_limit_hit && !details.iter().any(|detail| detail == "start-limit-hit") {
            details.push("start limit hit".to_owned());
        }
        if let Some(status) = self.exit_status.filter(|status| *status != 0) {
            details.push(format!("status {status}"));
        }
        if details.is_empty() {
            word.to_owned()
        } else {
            format!("{word} ({})", details.join(", "))
        }
    }
}

pub(crate) fn milliseconds<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

#[allow(clippy::ref_option)] // serde hands over a reference to the field.
fn milliseconds_or_null<S: Serializer>(time: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => milliseconds(time, to),
        None => to.serialize_none(),
    }
}
