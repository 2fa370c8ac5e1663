//! Who is asked.

use std::fmt;
use std::path::PathBuf;

use crate::Statuses;
use crate::url::Url;

/// An endpoint, as a person writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    text: String,
    kind: Kind,
}

/// Text that names no endpoint; its message says why, and what would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetError(String);

impl fmt::Display for TargetError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for TargetError {}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Http(Url),
    Tcp(Endpoint),
    Unix(PathBuf),
    Command(String),
}

/// A host's name or address, and a port. An IPv6 address is without its brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// Where a target is asked over the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// The TCP port.
    pub port: u16,
    /// Whether the host is this one by its very name: `localhost`, or a loopback address.
    pub is_loopback: bool,
}

impl Target {
    /// Where it is asked over the network; nothing for a Unix socket or a command.
    pub fn network(&self) -> Option<Network> {
        let endpoint = match &self.kind {
            Kind::Http(url) => &url.endpoint,
            Kind::Tcp(endpoint) => endpoint,
            Kind::Unix(_) | Kind::Command(_) => return None,
        };
        let address = endpoint.host.parse::<std::net::IpAddr>();
        Some(Network {
            port: endpoint.port,
            is_loopback: endpoint.host.eq_ignore_ascii_case("localhost")
                || address.is_ok_and(|address| address.is_loopback()),
        })
    }

    /// Reads `http://…` and `https://…` (a fragment is the expected status or several: `#301`, `#200,404`, `#200-299`),
    /// `tcp://HOST:PORT` (an IPv6 address in brackets), `unix:/PATH` (a listening stream socket) and `command:LINE` (run
    /// by `sh`, well when it ends with 0).
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let kind = if text.starts_with("http://") || text.starts_with("https://") {
            Kind::Http(Url::parse(text).map_err(|why| wrong(text, &why))?)
        } else if let Some(rest) = text.strip_prefix("tcp://") {
            Kind::Tcp(endpoint(rest).ok_or_else(|| wrong(text, "expected tcp://HOST:PORT"))?)
        } else if let Some(path) = text.strip_prefix("unix:") {
            if !path.starts_with('/') {
                return Err(wrong(text, "expected unix:/PATH, an absolute path"));
            }
            Kind::Unix(PathBuf::from(path))
        } else if let Some(command) = text.strip_prefix("command:") {
            if command.trim().is_empty() {
                return Err(wrong(text, "expected command:LINE"));
            }
            Kind::Command(command.to_owned())
        } else {
            let known = "expected http://…, https://…, tcp://HOST:PORT, unix:/PATH or command:LINE";
            return Err(wrong(text, known));
        };
        Ok(Self {
            text: without_secrets(text),
            kind,
        })
    }

    /// The statuses of the fragment; empty where there is none.
    pub fn statuses(&self) -> Statuses {
        match &self.kind {
            Kind::Http(url) => url.statuses.clone(),
            _ => Statuses::default(),
        }
    }

    /// Whether it is asked over HTTP: what a request holds and what a status says is for such a target alone.
    pub fn is_http(&self) -> bool {
        matches!(self.kind, Kind::Http(_))
    }

    /// Whether both are asked over HTTP at the same scheme, host and port.
    pub fn is_same_origin(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Http(one), Kind::Http(other)) => one.is_same_origin(other),
            _ => false,
        }
    }

    /// The same where this machine's own names for itself count as one: `localhost`, `127.0.0.1` and `::1`. What is told to the one is
    /// told to nobody else by telling the other.
    pub fn is_same_place(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Http(one), Kind::Http(other)) => one.is_same_place(other),
            _ => false,
        }
    }

    pub(crate) fn kind(&self) -> &Kind {
        &self.kind
    }
}

/// As it was written, but for a password and the values of a query in it.
impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Endpoint {
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.port == other.port && self.host.eq_ignore_ascii_case(&other.host)
    }

    /// By one of its usual names, this very machine.
    pub(crate) fn is_here(&self) -> bool {
        ["localhost", "127.0.0.1", "::1"]
            .iter()
            .any(|name| self.host.eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{}:{}", self.host, self.port)
        }
    }
}

fn endpoint(text: &str) -> Option<Endpoint> {
    let (host, port) = text.rsplit_once(':')?;
    let bare = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?,
        // Without brackets nobody can tell the address's colons from the port's.
        None if host.contains(':') => return None,
        None => host,
    };
    let fits = |character: char| !character.is_whitespace() && !"/@?#".contains(character);
    if bare.is_empty() || !bare.chars().all(fits) {
        return None;
    }
    let port: u16 = port.parse().ok().filter(|port| *port > 0)?;
    Some(Endpoint {
        host: bare.to_owned(),
        port,
    })
}

fn wrong(text: &str, why: &str) -> TargetError {
    TargetError(format!(
        "\"{}\" is no endpoint: {why}",
        without_secrets(text)
    ))
}

/// The text for people and for files that people read: no password, and of a query's parameters the names alone.
pub(crate) fn without_secrets(text: &str) -> String {
    // A line for the shell has question marks of its own.
    let line = text.starts_with("command:") || text.starts_with("unix:");
    let text = without_password(text);
    if line { text } else { without_values(&text) }
}

/// A URL whose query's values are masked. A parameter without `=` is its own name.
fn without_values(url: &str) -> String {
    let (address, fragment) = match url.find('#') {
        Some(at) => url.split_at(at),
        None => (url, ""),
    };
    let Some((path, query)) = address.split_once('?') else {
        return url.to_owned();
    };
    let masked: Vec<String> = query
        .split('&')
        .map(|parameter| match parameter.split_once('=') {
            Some((name, value)) if !value.is_empty() => format!("{name}=***"),
            _ => parameter.to_owned(),
        })
        .collect();
    format!("{path}?{}{fragment}", masked.join("&"))
}

fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    match authority.rfind('@') {
        Some(at) => format!("{scheme}://***@{}", &rest[at + 1..]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn port(text: &str) -> u16 {
        Target::parse(text).unwrap().network().unwrap().port
    }

    #[test]
    fn ports_and_statuses() {
        assert_eq!(port("http://localhost/health"), 80);
        assert_eq!(port("https://example.org"), 443);
        assert_eq!(port("http://[::1]:8080/x?y=1"), 8080);
        assert_eq!(port("tcp://[::1]:5432"), 5432);
        assert_eq!(port("tcp://db.example:5432"), 5432);
        let statuses = Target::parse("http://h/#200,404").unwrap().statuses();
        assert_eq!(statuses.to_string(), "200 or 404");
    }

    #[test]
    fn an_address_without_its_brackets() {
        let Kind::Http(url) = Target::parse("http://[::1]:8080/").unwrap().kind else {
            unreachable!("it is a URL");
        };
        assert_eq!(url.endpoint.host, "::1");
        assert_eq!(url.endpoint.to_string(), "[::1]:8080");
    }

    #[test]
    fn what_names_no_endpoint() {
        for text in [
            "",
            "localhost:80",
            "ftp://h/",
            "http://",
            "http:///x",
            "http://h:/",
            "http://h:99999/",
            "http://h:0/",
            "http://h/#",
            "http://h/#ok",
            "http://h/#99",
            "http://h/#200,",
            "http://h h/",
            "tcp://h",
            "tcp://:80",
            "tcp://::1:80",
            "tcp://h:0",
            "tcp://h:70000",
            "tcp://h/x:80",
            "unix:relative",
            "unix:",
            "command:",
            "command: ",
        ] {
            assert!(Target::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let target = Target::parse("http://me:secret@h:8080/x#200").unwrap();
        assert_eq!(target.to_string(), "http://***@h:8080/x#200");
        assert_eq!(target.network().unwrap().port, 8080);
        let error = Target::parse("http://me:secret@h:8080/x#no").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
        let target = Target::parse("http://h/x?token=secret&deep&k=#200").unwrap();
        assert_eq!(target.to_string(), "http://h/x?token=***&deep&k=#200");
        let error = Target::parse("https://h/?token=secret#no").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
        let line = "command:test -n \"$A\" || x?y=z";
        assert_eq!(Target::parse(line).unwrap().to_string(), line);
    }
}
