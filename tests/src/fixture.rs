//! A service with releases, under a real supervisor, that leaves nothing behind.

use crate::engine::{BASE, Engine};
use crate::left_out;
use crate::paths::{binary, text};
use crate::port::Port;
use crate::supervisor::Supervisor;
use crate::tool::{Tool, tool};
use crate::unit::Unit;
use crate::user::User;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

/// One service of one test. Dropping it, also in a panic, ends every process and unit of it and removes its files;
/// a test that failed shows its logs first.
#[derive(Debug)]
pub struct Fixture {
    /// What keeps the service running.
    pub supervisor: Supervisor,
    /// All of its files; the tools run here.
    pub directory: PathBuf,
    /// The application's root, with `releases` and `current`.
    pub root: PathBuf,
    /// The port the service listens on, on 127.0.0.1.
    pub port: Port,
    /// The service's name with nobody else: the unit without its suffix, or the process.
    pub name: String,
    /// The engine of a Compose project.
    pub engine: Option<Engine>,
    pub(crate) user: Option<User>,
    pub(crate) unit: Mutex<Unit>,
}

impl Fixture {
    /// A fixture on this supervisor; nothing, said through [`left_out`], where the supervisor is not there.
    ///
    /// It has an empty root, an application file and, under systemd, an installed unit; releases are the test's to make.
    pub fn on(supervisor: Supervisor) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        if let Err(reason) = supervisor.available() {
            left_out(&format!("{supervisor:?}: {reason}"));
            return None;
        }
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("slipway-test-{}-{count}", std::process::id());
        let temporary = fs::canonicalize(std::env::temp_dir()).unwrap();
        let directory = temporary.join(&name);
        let _ = fs::remove_dir_all(&directory); // Of a test that was killed, long ago, with the same pid.
        let root = directory.join("root");
        fs::create_dir_all(root.join("releases")).unwrap();
        let engine =
            (supervisor == Supervisor::Compose).then(|| Engine::start(&directory.join("engine")));
        let user = (supervisor == Supervisor::SystemdUser).then(|| User::deploy().unwrap());
        let port = Port::reserve();
        let unit = Mutex::new(Unit::demo(&root, port.number));
        let fixture = Self {
            supervisor,
            directory,
            root,
            port,
            name,
            engine,
            user,
            unit,
        };
        fixture.configure("DEPLOY_ROOT", &text(&fixture.root));
        fixture.configure("DEPLOY_SERVICE", &fixture.service());
        fixture.configure("DEPLOY_PORT", &fixture.port.number.to_string());
        fixture.configure("DEPLOY_HEALTH_URL", &fixture.url("/health"));
        // A test deploys and fails as often as it likes; one of these limits sets them in its environment.
        fixture.configure("DEPLOY_MAX_DEPLOYS", "none");
        fixture.configure("DEPLOY_STATE_PAUSE_AFTER", "0");
        match supervisor {
            Supervisor::Process => fixture.configure(
                "DEPLOY_START",
                &format!("./demo-service --port {}", fixture.port.number),
            ),
            Supervisor::Compose => fixture.configure("SERVICE_START_BUILD", "yes"),
            Supervisor::Command => fixture.start_supervisord(),
            Supervisor::Systemd | Supervisor::SystemdUser => fixture.change_unit(|unit| unit),
            Supervisor::Pm2Fork => fixture.configure("DEPLOY_START", &fixture.pm2_start()),
            // Each release has an ecosystem file.
            Supervisor::Pm2Cluster => {}
        }
        fixture.give();
        Some(fixture)
    }

    /// The service as `--service` names it.
    pub fn service(&self) -> String {
        match self.supervisor {
            Supervisor::Systemd => format!("systemd:{}.service", self.name),
            Supervisor::SystemdUser => format!("systemd-user:{}.service", self.name),
            Supervisor::Process => format!("process:{}", self.name),
            Supervisor::Compose => format!("compose:{}", text(&self.root.join("current"))),
            Supervisor::Command => format!("command:{}", self.command().display()),
            Supervisor::Pm2Fork | Supervisor::Pm2Cluster => format!("pm2:{}", self.name),
        }
    }

    /// The application file, for `--app`.
    pub fn app(&self) -> PathBuf {
        self.directory.join("app.env")
    }

    /// Sets a variable in the application file. The value must not hold a single quote.
    pub fn configure(&self, key: &str, value: &str) {
        let before = fs::read_to_string(self.app()).unwrap_or_default();
        let others = before
            .lines()
            .filter(|line| !line.starts_with(&format!("{key}=")));
        let mut text: String = others.map(|line| format!("{line}\n")).collect();
        let _ = writeln!(text, "{key}='{value}'");
        fs::write(self.app(), text).unwrap();
    }

    /// A tool that acts on this application, as the user the service belongs to.
    pub fn tool(&self, name: &str) -> Tool {
        self.at_home(tool(name))
    }

    /// The runbook `deploy` for this application.
    pub fn deploy(&self) -> Tool {
        self.at_home(crate::runbook("deploy")).arg(self.app())
    }

    /// Another runbook for this application.
    pub fn runbook(&self, name: &str) -> Tool {
        self.at_home(crate::runbook(name)).arg(self.app())
    }

    /// A script that acts on this application, as the user the service belongs to.
    pub fn shell(&self, script: &str) -> Tool {
        self.at_home(crate::shell(script))
    }

    fn at_home(&self, tool: Tool) -> Tool {
        let tool = match &self.engine {
            Some(engine) => tool.env("DOCKER_HOST", engine.address()),
            None if self.supervisor.is_pm2() => tool.env("PM2_HOME", self.pm2_home()),
            None => tool,
        };
        tool.env("DEPLOY_APP", self.app())
            .in_directory(&self.directory)
            .as_user(self.user.as_ref())
    }

    /// A directory to stage from: the demo service with this version and behaviour (see `demo-service --help`).
    pub fn source(&self, name: &str, version: &str, behaviour: &str) -> PathBuf {
        self.tree(
            &self.directory.join("sources").join(name),
            version,
            behaviour,
        )
    }

    /// A release put in place by hand, without a manifest, as something else than `release-stage` would.
    pub fn release(&self, name: &str, version: &str, behaviour: &str) -> PathBuf {
        self.tree(&self.root.join("releases").join(name), version, behaviour)
    }

    fn tree(&self, directory: &Path, version: &str, behaviour: &str) -> PathBuf {
        fs::create_dir_all(directory).unwrap();
        if self.supervisor.is_pm2() {
            self.node_program(directory);
        } else {
            fs::copy(binary("demo-service"), directory.join("demo-service")).unwrap();
        }
        fs::write(directory.join("VERSION"), format!("{version}\n")).unwrap();
        fs::write(directory.join("behaviour"), format!("{behaviour}\n")).unwrap();
        if self.supervisor == Supervisor::Compose {
            self.compose(directory, "always");
        }
        self.give();
        directory.to_owned()
    }

    /// Makes a Compose project of a directory that holds the demo service. Its processes have the host's numbers and ports,
    /// and the engine starts them anew as `restart` says.
    pub fn compose(&self, directory: &Path, restart: &str) {
        let port = self.port.number;
        let dockerfile = format!(
            "FROM {BASE}\nWORKDIR /app\nCOPY demo-service VERSION behaviour ./\n\
             CMD [\"./demo-service\", \"--port\", \"{port}\"]\n"
        );
        fs::write(directory.join("Dockerfile"), dockerfile).unwrap();
        let project = format!(
            "version: '3.4'\nservices:\n  demo:\n    build: .\n    network_mode: host\n    pid: host\n    \
             restart: {restart}\n"
        );
        fs::write(directory.join("docker-compose.yml"), project).unwrap();
    }

    /// Lets `current` show this release, without any tool.
    pub fn select(&self, release: &str) {
        let link = self.root.join("current");
        let _ = fs::remove_file(&link);
        symlink(Path::new("releases").join(release), link).unwrap();
        self.give();
    }

    /// The release that `current` shows.
    pub fn selected(&self) -> Option<String> {
        let target = fs::read_link(self.root.join("current")).ok()?;
        Some(target.file_name()?.to_str()?.to_owned())
    }

    /// Lets the service's user own all of it.
    pub fn give(&self) {
        if let Some(user) = &self.user {
            user.own(&self.directory);
        }
    }
}
