//! A registry of images, on loopback.

use crate::engine::Engine;
use crate::port::Port;
use crate::processes;
use crate::wait::until;
use nix::sys::signal::Signal;
use std::fs::{self, File};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A registry with all of its files in one directory; it ends with this.
#[derive(Debug)]
pub struct Registry {
    port: Port,
    server: Child,
}

impl Registry {
    /// Starts one.
    pub fn start(directory: &Path) -> Self {
        fs::create_dir_all(directory).unwrap();
        let port = Port::reserve();
        let number = port.number;
        let configuration = format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:{number}\n",
            directory.join("images").display()
        );
        let file = directory.join("config.yml");
        fs::write(&file, configuration).unwrap();
        let log = File::create(directory.join("log")).unwrap();
        let server = Command::new("docker-registry")
            .arg("serve")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        until("the registry answers", || {
            TcpStream::connect(("127.0.0.1", number)).is_ok()
        });
        Self { port, server }
    }

    /// The name of an image in it.
    pub fn name(&self, image: &str) -> String {
        format!("127.0.0.1:{}/{image}", self.port.number)
    }

    /// Builds what is in `source` and puts it there under this name, which then means this build; its id.
    pub fn put(&self, engine: &Engine, source: &Path, image: &str) -> String {
        let name = self.name(image);
        engine.say(&["build", "--quiet", "--tag", &name, source.to_str().unwrap()]);
        let id = engine.say(&["image", "inspect", "--format", "{{.Id}}", &name]);
        engine.say(&["push", "--quiet", &name]);
        // Only the registry knows what the name means now; the engine knows what it has started.
        engine.say(&["rmi", "--no-prune", &name]);
        id
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        processes::kill(self.server.id(), Signal::SIGKILL);
        let _ = self.server.wait();
    }
}
