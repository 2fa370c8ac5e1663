//! One server behind HAProxy, through the socket of its runtime API: drained, made ready again, counted.
//!
//! Each question is one connection and one line; HAProxy answers and closes. All that it says of a failure is text: what is
//! understood of it is [`Error`], the rest is passed on in its own words.

mod error;
mod table;

pub use error::Error;

use deadline::{Deadline, Ended, Local, LocalError};
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use table::Table;

/// How long one question and its answer may take, the connection included: the socket is local, and an answer is made in HAProxy's event
/// loop. Whoever asks may allow less.
pub const PATIENCE: Duration = Duration::from_secs(2);
/// More bytes than the statistics of any configuration come to.
const LARGEST: usize = 16 * 1024 * 1024;
/// The question for what every server does.
const STATISTICS: &str = "show stat";
/// The bits of `srv_admin_state` by which an order, the configuration or a tracked server keeps a server in maintenance.
const MAINTENANCE: u32 = 0x01 | 0x02 | 0x04;
/// The bit by which an order keeps it draining.
const DRAINING: u32 = 0x08;

/// One server, and how to speak to its HAProxy: `SOCKET,BACKEND/SERVER`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    socket: PathBuf,
    backend: String,
    member: String,
}

/// What was ordered for a server. Its health is another matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admin {
    /// It takes what comes.
    Ready,
    /// It takes nothing new.
    Draining,
    /// It is out of service, by somebody's order or by the configuration.
    Maintenance,
}

/// Where a backend's new work can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// To the server itself.
    pub here: bool,
    /// To another one.
    pub elsewhere: bool,
}

impl Work {
    /// Whether the server is the last one to take any: without it HAProxy answers 503.
    pub fn is_last(self) -> bool {
        self.here && !self.elsewhere
    }
}

impl Server {
    /// `BACKEND/SERVER`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.backend, self.member)
    }

    /// How much is in flight on it: its sessions, and what waits for it. A connection that is merely kept open is none.
    pub fn in_flight(&self, deadline: &Deadline) -> Result<u64, Error> {
        let text = self.ask(STATISTICS, deadline)?;
        let statistics = self.statistics(&text)?;
        let own = [("pxname", self.backend.as_str()), ("svname", &self.member)];
        let of = |column: &str| statistics.cell(&own, column)?.parse::<u64>().ok();
        match (of("scur"), of("qcur")) {
            (Some(sessions), Some(queued)) => Ok(sessions + queued),
            _ => Err(self.missing("it is not in the statistics")),
        }
    }

    /// Where the backend's new work can go. A server that is not checked is taken for well, as HAProxy takes it.
    pub fn work(&self, deadline: &Deadline) -> Result<Work, Error> {
        let text = self.ask(STATISTICS, deadline)?;
        let statistics = self.statistics(&text)?;
        let mut work = Work::default();
        for row in statistics.rows(&[("pxname", &self.backend)]) {
            let status = row.get("status").unwrap_or_default();
            let takes = status.starts_with("UP") || status == "no check";
            match row.get("svname") {
                Some("FRONTEND" | "BACKEND") | None => {}
                Some(name) if name == self.member => work.here |= takes,
                Some(_) => work.elsewhere |= takes,
            }
        }
        Ok(work)
    }

    /// What was ordered for it.
    pub fn admin(&self, deadline: &Deadline) -> Result<Admin, Error> {
        let asked = format!("show servers state {}", self.backend);
        let text = self.ask(&asked, deadline)?;
        if text.starts_with("Can't find backend") {
            return Err(self.missing(text.trim()));
        }
        // The first line is the version of the table.
        let rows = text.split_once('\n').map_or("", |(_, rows)| rows);
        let Some(table) = Table::read(rows, ' ').filter(|_| rows.starts_with("# be_id")) else {
            return Err(self.said(&asked, &text));
        };
        match table.cell(&[("srv_name", &self.member)], "srv_admin_state") {
            Some(bits) => Ok(admin(bits.parse().unwrap_or(MAINTENANCE))),
            None => Err(self.missing("No such server.")),
        }
    }

    /// Whether this user may order anything on that socket.
    pub fn may_order(&self, deadline: &Deadline) -> Result<(), Error> {
        match self.ask("show cli level", deadline)?.trim() {
            "user" | "operator" => Err(Error::Denied {
                socket: self.socket.clone(),
            }),
            // A HAProxy that cannot say so is older than the question.
            _ => Ok(()),
        }
    }

    /// The command that shows how it and its like are.
    pub fn look(&self) -> String {
        error::command(
            &format!("show servers state {}", self.backend),
            &self.socket,
        )
    }

    /// It is to take nothing new; what is in flight goes on.
    pub fn drain(&self, deadline: &Deadline) -> Result<(), Error> {
        self.order("drain", deadline)
    }

    /// It is to take what comes.
    pub fn ready(&self, deadline: &Deadline) -> Result<(), Error> {
        self.order("ready", deadline)
    }

    fn order(&self, state: &str, deadline: &Deadline) -> Result<(), Error> {
        let asked = format!("set server {} state {state}", self.name());
        let answer = self.ask(&asked, deadline)?;
        match answer.trim() {
            "" => Ok(()),
            "No such server." | "No such backend." => Err(self.missing(answer.trim())),
            _ => Err(self.said(&asked, &answer)),
        }
    }

    fn statistics<'a>(&self, text: &'a str) -> Result<Table<'a>, Error> {
        Table::read(text, ',')
            .filter(|_| text.starts_with("# pxname,svname,"))
            .ok_or_else(|| self.said(STATISTICS, text))
    }

    fn ask(&self, line: &str, deadline: &Deadline) -> Result<String, Error> {
        let text = self.exchange(line, deadline).map_err(|error| match error {
            LocalError::Ended(Ended::Signal(signal)) => Error::Interrupted { signal },
            LocalError::Ended(Ended::Passed) => Error::Silent {
                socket: self.socket.clone(),
                asked: line.to_owned(),
            },
            LocalError::Io(error) => Error::Unreachable {
                socket: self.socket.clone(),
                error,
            },
        })?;
        if text.trim() == "Permission denied" {
            return Err(Error::Denied {
                socket: self.socket.clone(),
            });
        }
        Ok(text)
    }

    fn exchange(&self, line: &str, deadline: &Deadline) -> Result<String, LocalError> {
        let deadline = deadline.or_after(PATIENCE);
        let mut local = Local::connect(&self.socket, &deadline)?;
        local.send(format!("{line}\n").as_bytes(), &deadline)?;
        let (mut answer, mut part) = (Vec::new(), [0; 16 * 1024]);
        loop {
            match local.receive(&mut part, &deadline)? {
                0 => return Ok(String::from_utf8_lossy(&answer).into_owned()),
                length => answer.extend_from_slice(&part[..length]),
            }
            if answer.len() > LARGEST {
                return Err(io::Error::other("its answer has no end").into());
            }
        }
    }

    fn said(&self, asked: &str, answer: &str) -> Error {
        Error::Said {
            socket: self.socket.clone(),
            asked: asked.to_owned(),
            said: answer.trim().chars().take(200).collect(),
        }
    }

    fn missing(&self, said: &str) -> Error {
        Error::NoSuchServer {
            server: self.clone(),
            said: said.to_owned(),
        }
    }
}

fn admin(bits: u32) -> Admin {
    if bits & MAINTENANCE != 0 {
        Admin::Maintenance
    } else if bits & DRAINING != 0 {
        Admin::Draining
    } else {
        Admin::Ready
    }
}

impl FromStr for Server {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("{text:?} is no SOCKET,BACKEND/SERVER: {why}");
        let (socket, name) = text
            .rsplit_once(',')
            .ok_or_else(|| wrong("a comma parts the socket from the server"))?;
        let (backend, server) = name
            .split_once('/')
            .ok_or_else(|| wrong("a slash parts the backend from the server"))?;
        if !socket.starts_with('/') {
            return Err(wrong("the socket is a path from the root"));
        }
        // HAProxy's own rule for names; anything else could end the line and begin another order.
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
        if [backend, server]
            .iter()
            .any(|name| name.is_empty() || !name.bytes().all(allowed))
        {
            return Err(wrong("a backend and a server are letters, digits and _-.:"));
        }
        Ok(Self {
            socket: socket.into(),
            backend: backend.to_owned(),
            member: server.to_owned(),
        })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{},{}", self.socket.display(), self.name())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_server_is_written_as_it_is_read() {
        let server: Server = "/run/haproxy,admin.sock,shop/green-1".parse().unwrap();
        assert_eq!(server.name(), "shop/green-1");
        assert_eq!(server.to_string(), "/run/haproxy,admin.sock,shop/green-1");
        for wrong in [
            "",
            "/run/h.sock",
            "/run/h.sock,shop",
            "h.sock,shop/green",
            "/run/h.sock,/green",
            "/run/h.sock,shop/",
            "/run/h.sock,shop/green state ready",
            "/run/h.sock,shop/a;b",
            "/run/h.sock,shop/a\nb",
        ] {
            assert!(wrong.parse::<Server>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn maintenance_is_told_from_draining() {
        assert_eq!(admin(0), Admin::Ready);
        assert_eq!(admin(0x08), Admin::Draining);
        assert_eq!(admin(0x01), Admin::Maintenance);
        assert_eq!(admin(0x0c), Admin::Maintenance);
        // Draining because a server that it tracks does; that one is not ours to order.
        assert_eq!(admin(0x10), Admin::Ready);
    }

    #[test]
    fn nobody_on_the_socket_is_said() {
        let server: Server = "/no/such.sock,shop/green".parse().unwrap();
        let error = server.drain(&Deadline::never()).unwrap_err();
        assert_eq!(error.code(), "haproxy-unreachable");
    }

    #[test]
    fn one_that_does_not_answer_is_left_at_the_deadline() {
        let socket = std::env::temp_dir().join(format!("slipway-haproxy-{}", std::process::id()));
        std::fs::remove_file(&socket).ok();
        let hung = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let server: Server = format!("{},shop/green", socket.display()).parse().unwrap();
        let deadline = Deadline::after(Duration::from_millis(50));
        let error = server.drain(&deadline).unwrap_err();
        assert_eq!(error.code(), "haproxy-unreachable");
        assert!(!error.was_refused(), "it may do it yet");
        drop(hung);
        std::fs::remove_file(socket).unwrap();
    }
}
