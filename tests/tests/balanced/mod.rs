//! A real HAProxy before the service of a fixture.
#![allow(clippy::unwrap_used)]

use crate::deploys::{deploy, prepared};
use serde_json::Value;
use slipway_tests::{Fixture, Port, Supervisor, binary, left_out, until};
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

/// HAProxy before two servers: `blue` is the fixture's service, `green` one that nobody deploys to.
pub(crate) struct Balanced {
    pub(crate) fixture: Fixture,
    pub(crate) front: Port,
    pub(crate) children: Vec<Child>,
}

impl Balanced {
    /// With version 1 live; nothing where HAProxy is not there.
    pub(crate) fn new() -> Option<Self> {
        if Command::new("haproxy").arg("-v").output().is_err() {
            left_out("haproxy is missing (tests/setup installs it)");
            return None;
        }
        let fixture = Fixture::on(Supervisor::Process).unwrap();
        prepared(&fixture);
        let (front, green) = (Port::reserve(), Port::reserve());
        let directory = fixture.directory.display();
        let config = fixture.directory.join("haproxy.cfg");
        let text = format!(
            "global\n  stats socket {directory}/admin.sock mode 600 level admin\n\
             \x20 stats socket {directory}/user.sock mode 600 level user\n\
             defaults\n  mode http\n  timeout connect 2s\n  timeout client 120s\n  timeout server 120s\n\
             frontend front\n  bind 127.0.0.1:{}\n  default_backend shop\n\
             backend shop\n  server blue 127.0.0.1:{}\n  server green 127.0.0.1:{}\n\
             \x20 server broken 127.0.0.1:1 disabled\n",
            front.number, fixture.port.number, green.number
        );
        fs::write(&config, text).unwrap();
        let quiet = |mut command: Command| {
            command
                .current_dir(&fixture.directory)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        };
        let mut haproxy = Command::new("haproxy");
        haproxy.arg("-db").arg("-f").arg(&config);
        let mut other = Command::new(binary("demo-service"));
        other.args(["--port", &green.number.to_string()]);
        let children = vec![quiet(haproxy), quiet(other)];
        until("HAProxy and green listen", || {
            [front.number, green.number]
                .iter()
                .all(|port| TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).is_ok())
        });
        let balanced = Self {
            fixture,
            front,
            children,
        };
        deploy(&balanced.fixture, 1);
        Some(balanced)
    }

    pub(crate) fn server(&self, socket: &str, name: &str) -> String {
        format!("{}/{socket},{name}", self.fixture.directory.display())
    }

    pub(crate) fn drains(&self) {
        let blue = self.server("admin.sock", "shop/blue");
        self.fixture.configure("DRAIN_WAIT_HAPROXY", &blue);
    }

    /// An answer of HAProxy's runtime API.
    pub(crate) fn ask(&self, line: &str) -> String {
        let mut stream = UnixStream::connect(self.fixture.directory.join("admin.sock")).unwrap();
        writeln!(stream, "{line}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The state that was ordered for a server: 0 is ready, 8 draining, 1 and 4 are maintenance.
    pub(crate) fn admin(&self, server: &str) -> String {
        let table = self.ask("show servers state shop");
        let row = table
            .lines()
            .find(|line| line.split(' ').nth(3) == Some(server));
        row.unwrap().split(' ').nth(6).unwrap().to_owned()
    }

    /// One request through HAProxy; its status, or nothing where it was cut.
    pub(crate) fn through(&self, path: &str) -> Option<u16> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.front.number)).ok()?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n"
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.split(' ').nth(1)?.parse().ok()
    }

    /// How many sessions blue has.
    pub(crate) fn on_blue(&self) -> u64 {
        self.fixture
            .get("/in-flight")
            .and_then(|answer| answer.at("/inFlight").as_u64())
            .unwrap_or(0)
    }

    pub(crate) fn receipt(&self) -> Value {
        let history = fs::read_to_string(self.fixture.root.join("deploy-history.jsonl")).unwrap();
        let mut drains = history
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|line| line["report"]["tool"] == "drain-wait");
        drains.next_back().unwrap()["report"].clone()
    }
}

impl Drop for Balanced {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
