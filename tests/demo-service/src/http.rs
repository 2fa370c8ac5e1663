//! As much HTTP/1.1 as the service and its clients need: one request a connection, no bodies sent in.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// A request line or header above this many bytes is not one of ours.
const HEAD_LIMIT: u64 = 16 * 1024;
/// A body above this many bytes is cut.
const BODY_LIMIT: u64 = 1024 * 1024;

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The path without its query.
    pub(crate) path: String,
    query: String,
}

impl Request {
    /// Reads a request's head.
    pub(crate) fn read(stream: &TcpStream) -> io::Result<Self> {
        let mut lines = BufReader::new(stream.take(HEAD_LIMIT)).lines();
        let first = lines
            .next()
            .unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))?;
        // The head is read to its end: closing a socket with unread bytes resets it, and the answer is lost.
        for line in lines {
            if line?.is_empty() {
                break;
            }
        }
        Self::parse(&first).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let (_method, target, version) = (words.next()?, words.next()?, words.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        (version.starts_with("HTTP/1.") && path.starts_with('/')).then(|| Self {
            path: path.to_owned(),
            query: query.to_owned(),
        })
    }

    /// A word from the query, as it is written there.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let mut pairs = self
            .query
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// A number from the query.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }
}

/// Writes a whole answer.
pub(crate) fn respond(
    mut stream: &TcpStream,
    status: u16,
    kind: &str,
    body: &str,
) -> io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} {}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}",
        reason(status)
    )?;
    stream.flush()
}

fn reason(status: u16) -> &'static str {
    match status {
        200..=299 => "OK",
        404 => "Not Found",
        500..=599 => "Error",
        _ => "Other",
    }
}

/// Text as a JSON string, its quotes included.
pub(crate) fn json_string(text: &str) -> String {
    use std::fmt::Write as _;
    let mut json = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => json.extend(['\\', character]),
            control if u32::from(control) < 0x20 => {
                let _ = write!(json, "\\u{:04x}", u32::from(control));
            }
            other => json.push(other),
        }
    }
    json.push('"');
    json
}

/// An answer as a client sees it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Url {
    /// `host:port`.
    authority: String,
    path: String,
}

impl Url {
    /// Only `http://` is spoken here.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let rest = text
            .strip_prefix("http://")
            .ok_or_else(|| format!("not an http:// address: {text:?}"))?;
        let split = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(split);
        let authority = if authority.contains(':') {
            authority.to_owned()
        } else {
            format!("{authority}:80")
        };
        let path = if path.is_empty() { "/" } else { path };
        Ok(Self {
            authority,
            path: path.to_owned(),
        })
    }

    /// Asks once; every address of the host is tried, and all of it ends within `timeout`.
    pub(crate) fn get(&self, timeout: Duration) -> io::Result<Answer> {
        let end = Instant::now() + timeout;
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in self.authority.to_socket_addrs()? {
            match connect(&address, end) {
                Ok(stream) => return self.ask(&stream, end),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn ask(&self, mut stream: &TcpStream, end: Instant) -> io::Result<Answer> {
        stream.set_read_timeout(Some(left(end)?))?;
        write!(
            stream,
            "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.path, self.authority
        )?;
        let mut bytes = Vec::new();
        stream.take(BODY_LIMIT).read_to_end(&mut bytes)?;
        parse_answer(&String::from_utf8_lossy(&bytes))
            .ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "the answer was cut off"))
    }
}

fn connect(address: &SocketAddr, end: Instant) -> io::Result<TcpStream> {
    TcpStream::connect_timeout(address, left(end)?)
}

fn left(end: Instant) -> io::Result<Duration> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() {
        Err(io::ErrorKind::TimedOut.into())
    } else {
        Ok(left)
    }
}

/// An answer that is shorter than it announced was cut off, and is none.
fn parse_answer(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let announced = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok());
    let whole = announced.is_none_or(|length| body.len() >= length);
    whole.then(|| Answer {
        status,
        body: body.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_request_line_gives_path_and_numbers() {
        let request = Request::parse("GET /slow?ms=20&x=y HTTP/1.1").unwrap();
        assert_eq!(
            (request.path.as_str(), request.number("ms")),
            ("/slow", Some(20))
        );
        assert_eq!((request.number("x"), request.number("z")), (None, None));
        for wrong in ["", "GET", "GET / FTP/1", "GET health HTTP/1.1"] {
            assert_eq!(Request::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn an_answer_that_was_cut_off_is_none() {
        let whole = parse_answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").unwrap();
        assert_eq!((whole.status, whole.body.as_str()), (200, "hi"));
        assert!(parse_answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi").is_none());
        assert!(parse_answer("HTTP/1.1 200").is_none());
    }

    #[test]
    fn addresses_get_a_port_and_a_path() {
        let url = Url::parse("http://localhost").unwrap();
        assert_eq!(
            (url.authority.as_str(), url.path.as_str()),
            ("localhost:80", "/")
        );
        assert!(Url::parse("https://localhost").is_err());
    }

    #[test]
    fn json_strings_are_escaped() {
        assert_eq!(json_string("a\"b\\c\n"), r#""a\"b\\c\u000a""#);
    }
}
