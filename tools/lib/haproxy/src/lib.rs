//! One server behind HAProxy, through the socket of its runtime API: drained, made ready again, counted.
//!
//! Each question is one connection and one line; HAProxy answers and closes. All that it says of a failure is text: what is
//! understood of it is [`Error`], the rest is passed on in its own words.

mod table;

use std::fmt;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// How long it may take to take a line, or to answer one: the socket is local, and an answer is made in its event loop.
const PATIENCE: Duration = Duration::from_secs(2);
/// More than the statistics of any configuration come to.
const LARGEST: u64 = 16 * 1024 * 1024;
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

/// Why HAProxy did not do, or did not say, what it was asked for.
#[derive(Debug)]
pub enum Error {
    /// Nobody answers on the socket.
    Unreachable {
        /// The socket.
        socket: PathBuf,
        /// What the kernel said.
        error: io::Error,
    },
    /// The socket's level does not allow it.
    Denied {
        /// The socket.
        socket: PathBuf,
    },
    /// There is no such backend, or no such server in it.
    NoSuchServer {
        /// The server.
        server: Server,
        /// What HAProxy said.
        said: String,
    },
    /// It said something else.
    Said {
        /// What was asked for.
        asked: String,
        /// The answer.
        said: String,
    },
}

impl Server {
    /// `BACKEND/SERVER`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.backend, self.member)
    }

    /// How much is in flight on it: its sessions, and what waits for it. A connection that is merely kept open is none.
    pub fn in_flight(&self) -> Result<u64, Error> {
        const ASKED: &str = "show stat";
        let text = self.ask(ASKED)?;
        let of = |column: &str| {
            table::cell(
                &text,
                ',',
                &[("pxname", &self.backend), ("svname", &self.member)],
                column,
            )
        };
        match (of("scur"), of("qcur")) {
            (Some(sessions), Some(queued)) => Ok(sessions + queued),
            _ if text.starts_with("# pxname,svname,") => {
                Err(self.missing("it is not in the statistics"))
            }
            _ => Err(said(ASKED, &text)),
        }
    }

    /// What was ordered for it.
    pub fn admin(&self) -> Result<Admin, Error> {
        let asked = format!("show servers state {}", self.backend);
        let text = self.ask(&asked)?;
        if text.starts_with("Can't find backend") {
            return Err(self.missing(text.trim()));
        }
        // The first line is the version of the table.
        let rows = text.split_once('\n').map_or("", |(_, rows)| rows);
        let key = [("srv_name", self.member.as_str())];
        match table::cell(rows, ' ', &key, "srv_admin_state") {
            Some(bits) => Ok(admin(u32::try_from(bits).unwrap_or(MAINTENANCE))),
            None if rows.starts_with("# be_id") => Err(self.missing("No such server.")),
            None => Err(said(&asked, &text)),
        }
    }

    /// It is to take nothing new; what is in flight goes on.
    pub fn drain(&self) -> Result<(), Error> {
        self.order("drain")
    }

    /// It is to take what comes.
    pub fn ready(&self) -> Result<(), Error> {
        self.order("ready")
    }

    fn order(&self, state: &str) -> Result<(), Error> {
        let asked = format!("set server {} state {state}", self.name());
        let answer = self.ask(&asked)?;
        match answer.trim() {
            "" => Ok(()),
            "No such server." | "No such backend." => Err(self.missing(answer.trim())),
            _ => Err(said(&asked, &answer)),
        }
    }

    fn ask(&self, line: &str) -> Result<String, Error> {
        let text = self.exchange(line).map_err(|error| Error::Unreachable {
            socket: self.socket.clone(),
            error,
        })?;
        if text.trim() == "Permission denied" {
            return Err(Error::Denied {
                socket: self.socket.clone(),
            });
        }
        Ok(text)
    }

    fn exchange(&self, line: &str) -> io::Result<String> {
        let mut stream = UnixStream::connect(&self.socket)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(format!("{line}\n").as_bytes())?;
        let mut answer = Vec::new();
        stream.take(LARGEST).read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    fn missing(&self, said: &str) -> Error {
        Error::NoSuchServer {
            server: self.clone(),
            said: said.to_owned(),
        }
    }
}

fn said(asked: &str, answer: &str) -> Error {
    let said: String = answer.trim().chars().take(200).collect();
    Error::Said {
        asked: asked.to_owned(),
        said,
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

impl Error {
    /// The error's name in a report.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "haproxy-unreachable",
            Self::Denied { .. } => "no-permission",
            Self::NoSuchServer { .. } => "no-such-server",
            Self::Said { .. } => "haproxy-refused",
        }
    }

    /// What mends it.
    pub fn hint(&self) -> String {
        match self {
            Self::Unreachable { socket, .. } => format!(
                "ls -l {}; it is what `stats socket` names in HAProxy's section global",
                socket.display()
            ),
            Self::Denied { socket } => {
                format!(
                    "stats socket {} level admin, in HAProxy's section global",
                    socket.display()
                )
            }
            Self::NoSuchServer { server, .. } => format!(
                "echo 'show servers state' | socat stdio {}, for the names",
                server.socket.display()
            ),
            Self::Said { asked, .. } => format!("echo '{asked}' | socat stdio SOCKET"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { socket, error } => {
                write!(
                    formatter,
                    "HAProxy does not answer on {}: {error}",
                    socket.display()
                )
            }
            Self::Denied { socket } => write!(
                formatter,
                "HAProxy takes no such order on {}: its level is too low",
                socket.display()
            ),
            Self::NoSuchServer { server, said } => {
                write!(formatter, "HAProxy knows no {}: {said}", server.name())
            }
            Self::Said { asked, said } => {
                write!(
                    formatter,
                    "HAProxy's answer to {asked:?} is not understood: {said:?}"
                )
            }
        }
    }
}

impl std::error::Error for Error {}

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
        let error = server.drain().unwrap_err();
        assert_eq!(error.code(), "haproxy-unreachable");
    }
}
