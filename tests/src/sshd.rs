//! A real ssh server on loopback.

use crate::port::Port;
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Where Debian and most others have it; it must be started by its whole path.
const SERVER: &str = "/usr/sbin/sshd";

/// A server with keys of its own, gone when dropped.
#[derive(Debug)]
pub struct Sshd {
    directory: PathBuf,
    port: Port,
    server: Child,
}

impl Sshd {
    /// Starts one that keeps its files in `directory`; else says why there is none.
    pub fn start(directory: &Path) -> Result<Self, String> {
        if !nix::unistd::geteuid().is_root() || !Path::new(SERVER).exists() {
            return Err(format!("an ssh server needs root and {SERVER}"));
        }
        let directory = directory.join("sshd");
        fs::create_dir_all(&directory).unwrap();
        fs::create_dir_all("/run/sshd").unwrap();
        for key in ["host", "client"] {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(directory.join(key))
                .status();
            assert!(made.is_ok_and(|status| status.success()), "ssh-keygen");
        }
        let (at, port) = (directory.display(), Port::reserve());
        let settings = format!(
            "ListenAddress 127.0.0.1\nPort {}\nHostKey {at}/host\nAuthorizedKeysFile {at}/client.pub\n\
             StrictModes no\nUsePAM yes\nPasswordAuthentication no\nPidFile none\n",
            port.number
        );
        fs::write(directory.join("config"), settings).unwrap();
        let server = Command::new(SERVER)
            .args(["-D", "-f"])
            .arg(directory.join("config"))
            .arg("-E")
            .arg(directory.join("log"))
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let started = Self {
            directory,
            port,
            server,
        };
        crate::until("the ssh server listens", || {
            TcpStream::connect(("127.0.0.1", started.port.number)).is_ok()
        });
        Ok(started)
    }

    /// The words that run something as `user` over this server: `ssh …` up to and with the host.
    pub fn words(&self, user: &str) -> Vec<String> {
        let key = self.directory.join("client");
        let port = self.port.number.to_string();
        let quiet = "-oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null -oLogLevel=ERROR -oBatchMode=yes";
        let mut words = vec!["ssh".to_owned(), "-F".to_owned(), "none".to_owned()];
        words.extend(quiet.split(' ').map(str::to_owned));
        words.extend([
            "-p".to_owned(),
            port,
            "-i".to_owned(),
            key.to_str().unwrap().to_owned(),
        ]);
        words.push(format!("{user}@127.0.0.1"));
        words
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
