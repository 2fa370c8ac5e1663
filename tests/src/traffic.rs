//! A fixture's service, seen through its port.

use crate::fixture::Fixture;
use crate::paths::{binary, text};
use crate::tool::tool;
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// How often the other instances may answer before the first one does; there are two.
const TURNS: usize = 50;

/// What the service answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, as it came.
    pub body: String,
}

impl Answer {
    /// The body's value at a JSON pointer, null where there is none.
    pub fn at(&self, pointer: &str) -> Value {
        let json: Value = serde_json::from_str(&self.body).unwrap_or_default();
        json.pointer(pointer).cloned().unwrap_or_default()
    }
}

impl Fixture {
    /// An address of the service.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port.number)
    }

    /// Asks the service once. Of several instances, which answer in turn, it is the first that is asked how it is: what two
    /// answers say can then be compared.
    pub fn get(&self, path: &str) -> Option<Answer> {
        let mut answer = self.ask(path)?;
        for _ in 0..TURNS {
            if answer.at("/instance").as_u64().unwrap_or(0) == 0 {
                break;
            }
            answer = self.ask(path)?;
        }
        Some(answer)
    }

    fn ask(&self, path: &str) -> Option<Answer> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port.number)).ok()?;
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .ok()?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Answer {
            status,
            body: body.to_owned(),
        })
    }

    /// The version that is served right now.
    pub fn version(&self) -> Option<String> {
        Some(self.get("/health")?.at("/version").as_str()?.to_owned())
    }

    /// Waits until this version is served.
    pub fn until_version(&self, version: &str) {
        crate::until(&format!("version {version} is served"), || {
            self.version().as_deref() == Some(version)
        });
    }

    /// Keeps the port busy by something that is not the service, until the fixture or the answer is dropped.
    pub fn hold_port(&self) -> Held {
        let mut command = Command::new(binary("demo-service"));
        command
            .arg("hold-port")
            .arg(self.port.number.to_string())
            .current_dir(&self.directory);
        let held = Held(command.spawn().unwrap());
        crate::until("the port is held", || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.port.number)).is_ok()
        });
        held
    }

    /// Sends requests one after another from now on.
    pub fn load(&self) -> Load {
        let until = self.directory.join("load-is-over");
        let load = tool("demo-service").args([
            "load",
            &self.url("/health"),
            "--until-file",
            &text(&until),
        ]);
        Load {
            running: load.in_directory(&self.directory).no_report().spawn(),
            until,
        }
    }
}

/// A port that is kept busy.
#[derive(Debug)]
pub struct Held(std::process::Child);

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Requests under way.
#[derive(Debug)]
pub struct Load {
    running: crate::Running,
    until: PathBuf,
}

impl Load {
    /// Stops, and says what became of them: `sent`, `failed`, `slowestMs`, `versions`, `firstFailure`.
    pub fn finish(self) -> Value {
        fs::write(&self.until, "").unwrap();
        serde_json::from_str(&self.running.finish(0).stdout).unwrap()
    }
}
