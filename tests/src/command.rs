//! A service that Slipway knows only by a command: a supervisord of the fixture's own, and the script that speaks for it.

use crate::fixture::Fixture;
use crate::wait::until;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The script that is delivered for supervisord.
const SCRIPT: &str = "../scripts/commands/supervisord";

/// Whether supervisord is there; else why not.
pub(crate) fn available() -> Result<(), String> {
    match Command::new("supervisord").arg("--version").output() {
        Ok(output) if output.status.success() => Ok(()),
        _ => Err("supervisord is missing (tests/setup installs it)".to_owned()),
    }
}

impl Fixture {
    /// The script that speaks for this fixture's supervisord.
    pub fn command(&self) -> PathBuf {
        self.directory.join("service")
    }

    pub(crate) fn command_log(&self) -> PathBuf {
        self.directory.join("service.log")
    }

    /// Starts a supervisord with the demo service as its program, which is not started; it ends with the fixture.
    pub(crate) fn start_supervisord(&self) {
        let directory = self.directory.display();
        let socket = self.directory.join("supervisor.sock");
        let config = self.directory.join("supervisord.conf");
        let log = self.command_log();
        let text = format!(
            "[unix_http_server]\nfile={}\n\n\
             [supervisord]\nlogfile={directory}/supervisord.log\npidfile={directory}/supervisord.pid\n\
             childlogdir={directory}\n\n\
             [rpcinterface:supervisor]\n\
             supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\n\
             [supervisorctl]\nserverurl=unix://{}\n\n\
             [program:{}]\ncommand={}/current/demo-service --port {}\ndirectory={}/current\nautostart=false\n\
             autorestart=true\nstartsecs=1\nstopwaitsecs=60\nredirect_stderr=true\nstdout_logfile={}\n",
            socket.display(),
            socket.display(),
            self.name,
            self.root.display(),
            self.port.number,
            self.root.display(),
            log.display(),
        );
        fs::write(&config, text).unwrap();
        let script =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(SCRIPT)).unwrap();
        let script = [
            ("program", self.name.clone()),
            ("socket", socket.display().to_string()),
        ]
        .iter()
        .fold(script, |script, (name, value)| set(&script, name, value));
        fs::write(self.command(), script).unwrap();
        fs::set_permissions(self.command(), fs::Permissions::from_mode(0o755)).unwrap();
        // Nobody's child, and found by its directory when the fixture ends.
        let started = Command::new("sh")
            .args(["-c", "supervisord --nodaemon --configuration \"$0\" &"])
            .arg(&config)
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(started.success());
        until("supervisord answers", || socket.exists());
    }
}

/// The script with another value for one of the variables at its top.
fn set(script: &str, name: &str, value: &str) -> String {
    let from = script.find(&format!("\n{name}=")).unwrap() + 1;
    let to = from + script[from..].find('\n').unwrap();
    format!("{}{name}='{value}'{}", &script[..from], &script[to..])
}
