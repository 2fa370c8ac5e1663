//! A Docker engine of one fixture's own.

use crate::paths::{binary, text};
use crate::processes;
use crate::wait::until;
use nix::sys::signal::Signal;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// The image that the fixtures' images begin from: what the demo service needs to run, and nothing else.
pub(crate) const BASE: &str = "slipway-tests-base";
/// The programs that make an engine with Compose.
const PROGRAMS: [&str; 5] = [
    "dockerd",
    "containerd",
    "docker",
    "docker-compose",
    "docker-registry",
];
/// Becomes the engine. The machine's control groups are its host's and can only be read, so it has a view of its own of the
/// two that a container needs; where there is only the second version they are the machine's anyway.
const START: &str = r#"
if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
    umount -R /sys/fs/cgroup && mount -t tmpfs none /sys/fs/cgroup || exit
    mkdir /sys/fs/cgroup/devices /sys/fs/cgroup/systemd
    mount -t cgroup -o devices none /sys/fs/cgroup/devices || exit
    mount -t cgroup -o none,name=systemd none /sys/fs/cgroup/systemd || exit
fi
exec dockerd --host "unix://$1/docker.sock" --data-root "$1/data" --exec-root "$1/run" --pidfile "$1/pid" \
    --bridge=none --iptables=false --cgroup-parent "/$SLIPWAY_MACHINE" --group root"#;

/// An engine whose files, processes and mounts are all its own. Dropping it ends its containers and it.
#[derive(Debug)]
pub struct Engine {
    directory: PathBuf,
    daemon: Child,
}

impl Engine {
    /// Whether there can be one here; else why not.
    pub fn available() -> Result<(), String> {
        if std::env::var_os("SLIPWAY_MACHINE").is_none() {
            let why = std::env::var("SLIPWAY_NO_SYSTEMD");
            return Err(why.unwrap_or_else(|_| {
                "no engine but on a machine of its own (tests/machine run)".to_owned()
            }));
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let is_there =
            |program: &&str| std::env::split_paths(&path).any(|at| at.join(program).is_file());
        match PROGRAMS.iter().find(|program| !is_there(program)) {
            Some(missing) => Err(format!("{missing} is missing (tests/setup installs it)")),
            None => Ok(()),
        }
    }

    /// Starts one with its files in `directory`, and gives it the image [`BASE`].
    pub fn start(directory: &Path) -> Self {
        fs::create_dir_all(directory).unwrap();
        let log = File::create(directory.join("log")).unwrap();
        let daemon = Command::new("unshare")
            .args(["--mount", "sh", "-c", START, "sh"])
            .arg(directory)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let engine = Self {
            directory: directory.to_owned(),
            daemon,
        };
        let answers = || engine.run(&["version"]).status.success();
        until("the engine answers", answers);
        engine.make_base();
        engine
    }

    /// Where it listens, for `DOCKER_HOST`.
    pub fn address(&self) -> String {
        format!("unix://{}", text(&self.directory.join("docker.sock")))
    }

    /// `docker ARGUMENTS` at this engine.
    pub fn run(&self, arguments: &[&str]) -> Output {
        Command::new("docker")
            .args(arguments)
            .env("DOCKER_HOST", self.address())
            .output()
            .unwrap()
    }

    /// What `docker ARGUMENTS` prints; it must succeed.
    pub fn say(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "docker {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// An image of the libraries that the demo service is linked to.
    fn make_base(&self) {
        let tree = self.directory.join("base");
        let linked = Command::new("ldd")
            .arg(binary("demo-service"))
            .output()
            .unwrap();
        let linked = String::from_utf8(linked.stdout).unwrap();
        for library in linked
            .split_whitespace()
            .filter(|word| word.starts_with('/'))
        {
            let copy = tree.join(&library[1..]);
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(library, &copy).unwrap();
            fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let import = format!("tar -C '{}' -c . | docker import - {BASE}", text(&tree));
        let imported = Command::new("sh")
            .args(["-c", &import])
            .env("DOCKER_HOST", self.address())
            .output()
            .unwrap();
        assert!(imported.status.success(), "{import}: {imported:?}");
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(15)..];
            eprintln!("--- the engine's last words\n{}", last.join("\n"));
        }
        let all = String::from_utf8(self.run(&["ps", "-aq"]).stdout).unwrap_or_default();
        let mut remove = vec!["rm", "--force"];
        remove.extend(all.split_whitespace());
        if remove.len() > 2 {
            self.run(&remove);
        }
        processes::kill(self.daemon.id(), Signal::SIGTERM);
        for _ in 0..200 {
            if self.daemon.try_wait().unwrap().is_some() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        processes::kill(self.daemon.id(), Signal::SIGKILL);
        let _ = self.daemon.wait();
    }
}
