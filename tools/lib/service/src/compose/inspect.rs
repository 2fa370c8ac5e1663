//! What the engine says of a container: `docker inspect`, as far as it is of use here.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A service's name among the labels that Compose gives.
pub(super) const SERVICE: &str = "com.docker.compose.service";
/// The project's.
pub(super) const PROJECT: &str = "com.docker.compose.project";
/// The directory that the container was made out of.
const DIRECTORY: &str = "com.docker.compose.project.working_dir";
/// The files that describe it.
const FILES: &str = "com.docker.compose.project.config_files";
/// Its number among the containers of its service.
const NUMBER: &str = "com.docker.compose.container-number";
/// Whether it is only a command that somebody runs beside the service (`docker-compose run`).
const ONE_OFF: &str = "com.docker.compose.oneoff";
/// How many characters of a container's or an image's name are shown, as Docker itself does.
const SHORT: usize = 12;

/// One container.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Container {
    pub(super) id: String,
    /// The image that it was made of, by its id.
    pub(super) image: String,
    pub(super) restart_count: u64,
    pub(super) state: State,
    pub(super) config: Config,
    pub(super) host_config: HostConfig,
    pub(super) network_settings: NetworkSettings,
}

/// In which state it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct State {
    /// `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`.
    pub(super) status: String,
    #[serde(rename = "OOMKilled")]
    pub(super) oom_killed: bool,
    pub(super) pid: u32,
    pub(super) exit_code: i32,
    /// Why it could not be started.
    pub(super) error: String,
    pub(super) started_at: String,
    pub(super) health: Option<Health>,
}

/// What its own health check says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Health {
    /// `none`, `starting`, `healthy` or `unhealthy`.
    pub(super) status: String,
    /// The last times that it was made, oldest first.
    pub(super) log: Option<Vec<Checked>>,
}

/// One time that a health check was made.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Checked {
    pub(super) exit_code: i32,
    pub(super) output: String,
}

impl Health {
    /// What it said when it last failed; nothing where it has not, or said nothing.
    pub(super) fn complaint(&self) -> Option<&str> {
        let last = self.log.as_ref()?.last()?;
        let line = last.output.lines().rfind(|line| !line.trim().is_empty());
        line.map(str::trim).filter(|_| last.exit_code != 0)
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Config {
    pub(super) user: String,
    pub(super) labels: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct HostConfig {
    pub(super) restart_policy: RestartPolicy,
}

/// When the engine starts it anew by itself.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct RestartPolicy {
    /// `no` or nothing, `always`, `unless-stopped` or `on-failure`.
    pub(super) name: String,
    /// How often at most, for `on-failure`; 0 is without end.
    pub(super) maximum_retry_count: u64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct NetworkSettings {
    pub(super) networks: Option<BTreeMap<String, Network>>,
    /// By the container's own port, as `80/tcp`; none behind one that is not published.
    pub(super) ports: Option<BTreeMap<String, Option<Vec<Published>>>>,
}

/// Where one of its ports is published.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Published {
    /// The host's port.
    pub(super) host_port: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Network {
    #[serde(rename = "IPAddress")]
    pub(super) address: String,
    #[serde(rename = "GlobalIPv6Address")]
    pub(super) address_6: String,
}

impl Container {
    fn label(&self, name: &str) -> Option<&str> {
        self.config.labels.as_ref()?.get(name).map(String::as_str)
    }

    /// Which of the project's services it belongs to.
    pub(super) fn service(&self) -> &str {
        self.label(SERVICE).unwrap_or_default()
    }

    /// The directory that it was made out of.
    pub(super) fn directory(&self) -> Option<&str> {
        self.label(DIRECTORY)
    }

    /// The files that describe it.
    pub(super) fn files(&self) -> Option<&str> {
        self.label(FILES)
    }

    /// Its place among the containers of its service.
    pub(super) fn number(&self) -> u64 {
        let number = self.label(NUMBER).and_then(|number| number.parse().ok());
        number.unwrap_or(1)
    }

    /// It is a command beside the service, not the service.
    pub(super) fn is_one_off(&self) -> bool {
        self.label(ONE_OFF)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The container's name as people see it: `web`, or `web 2`.
    pub(super) fn called(&self) -> String {
        match self.number() {
            1 => self.service().to_owned(),
            number => format!("{} {number}", self.service()),
        }
    }

    /// The first characters of its id.
    pub(super) fn short(&self) -> &str {
        self.id.get(..SHORT).unwrap_or(&self.id)
    }

    /// Its processes live.
    pub(super) fn lives(&self) -> bool {
        matches!(self.state.status.as_str(), "running" | "paused") && self.state.pid != 0
    }

    /// The host's ports that it is published at.
    pub(super) fn host_ports(&self) -> impl Iterator<Item = &str> {
        let ports = self.network_settings.ports.iter().flatten();
        ports
            .flat_map(|(_, published)| published.iter().flatten())
            .map(|one| one.host_port.as_str())
    }

    /// The addresses that a proxy for its published ports leads to.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &str> {
        let networks = self.network_settings.networks.iter().flatten();
        networks
            .flat_map(|(_, network)| [network.address.as_str(), network.address_6.as_str()])
            .filter(|address| !address.is_empty())
    }
}

/// The containers in the answer of `docker inspect`, by their services and numbers.
pub(super) fn containers(text: &str) -> Result<Vec<Container>, serde_json::Error> {
    let mut containers: Vec<Container> = serde_json::from_str(text)?;
    containers.retain(|container| !container.is_one_off());
    containers.sort_by(|one, other| {
        (one.service(), one.number(), &one.id).cmp(&(other.service(), other.number(), &other.id))
    });
    Ok(containers)
}
