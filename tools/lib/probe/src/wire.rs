//! Bytes over a connection, plain or secure, never longer than the deadline.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use deadline::{Deadline, Ended};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

use crate::answer::Failure;
use crate::tls;

/// How soon a signal is noticed while nothing comes.
const SIGNAL_LOOK: Duration = Duration::from_millis(20);

/// Why a connection is of no more use.
#[derive(Debug)]
pub(crate) enum Broken {
    /// Time is up, or a signal came.
    Ended(Ended),
    /// The other side closed it where more was to come.
    Closed,
    /// The kernel says so.
    Io(io::Error),
    /// The other side is not whom it should be, or does not keep to the protocol.
    Tls(rustls::Error),
    /// What came breaks the rules of HTTP.
    Rules(String),
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    secure: Option<Box<ClientConnection>>,
}

impl Wire {
    /// A connection that is spoken over as it is.
    pub(crate) fn plain(stream: TcpStream) -> Result<Self, Failure> {
        stream
            .set_nonblocking(true)
            .map_err(|error| Failure::new(error.to_string()))?;
        Ok(Self {
            stream,
            secure: None,
        })
    }

    /// Agrees on a secret with whoever proves to be `name`.
    pub(crate) fn secure(
        stream: TcpStream,
        config: Arc<ClientConfig>,
        name: &str,
        deadline: &Deadline,
    ) -> Result<Self, Failure> {
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_| Failure::new(format!("\"{name}\" cannot stand in a certificate")))?;
        let connection = ClientConnection::new(config, name)
            .map_err(|error| Failure::new(tls::words(&error)))?;
        let mut wire = Self::plain(stream)?;
        wire.secure = Some(Box::new(connection));
        let agreed = wire.agree(deadline);
        match agreed {
            Ok(()) => Ok(wire),
            Err(Broken::Ended(Ended::Passed)) => Err(Failure::new("no secure connection in time")),
            Err(Broken::Closed) => Err(Failure::new(
                "it closed the connection when asked for a secure one",
            )),
            Err(other) => Err(Failure::new(other.words())),
        }
    }

    /// The handshake, a piece of it each time that something comes.
    fn agree(&mut self, deadline: &Deadline) -> Result<(), Broken> {
        while self
            .secure
            .as_ref()
            .is_some_and(|connection| connection.is_handshaking())
        {
            self.often(PollFlags::POLLIN, deadline, |stream, secure| match secure {
                Some(connection) => connection.complete_io(stream).map(|_| ()),
                None => Ok(()),
            })?;
        }
        Ok(())
    }

    /// Some bytes into `buffer`; none once the other side has properly ended.
    pub(crate) fn read(&mut self, buffer: &mut [u8], deadline: &Deadline) -> Result<usize, Broken> {
        self.often(PollFlags::POLLIN, deadline, |stream, secure| match secure {
            Some(connection) => rustls::Stream::new(connection.as_mut(), stream).read(buffer),
            None => stream.read(buffer),
        })
    }

    /// All of these bytes.
    pub(crate) fn write_all(&mut self, bytes: &[u8], deadline: &Deadline) -> Result<(), Broken> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let count = self.often(
                PollFlags::POLLOUT,
                deadline,
                |stream, secure| match secure {
                    Some(connection) => {
                        rustls::Stream::new(connection.as_mut(), stream).write(rest)
                    }
                    None => stream.write(rest),
                },
            )?;
            rest = &rest[count..];
        }
        self.often(
            PollFlags::POLLOUT,
            deadline,
            |stream, secure| match secure {
                Some(connection) => rustls::Stream::new(connection.as_mut(), stream).flush(),
                None => Ok(()),
            },
        )
    }

    /// Tries until it neither would block nor was interrupted. `plain` is what a plain connection must be ready for.
    fn often<T>(
        &mut self,
        plain: PollFlags,
        deadline: &Deadline,
        mut attempt: impl FnMut(&mut Clocked<'_>, &mut Option<Box<ClientConnection>>) -> io::Result<T>,
    ) -> Result<T, Broken> {
        loop {
            // Also one who always has something to say must come to an end.
            deadline.check().map_err(Broken::Ended)?;
            let mut stream = Clocked(&self.stream, deadline);
            match attempt(&mut stream, &mut self.secure) {
                Ok(result) => return Ok(result),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let flags = match &self.secure {
                        // A secure one may have to write before it can read.
                        Some(connection) if connection.wants_write() => PollFlags::POLLOUT,
                        Some(_) => PollFlags::POLLIN,
                        None => plain,
                    };
                    wait(&self.stream, flags, deadline)?;
                }
                Err(error) => return Err(Broken::from(error)),
            }
        }
    }
}

/// A connection that stops once time is up, for whoever reads on and on as long as something comes.
struct Clocked<'a>(&'a TcpStream, &'a Deadline);

impl Clocked<'_> {
    fn check(&self) -> io::Result<()> {
        self.1
            .check()
            .map_err(|_| io::Error::from(ErrorKind::WouldBlock))
    }
}

impl Read for Clocked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        self.0.read(buffer)
    }
}

impl Write for Clocked<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.check()?;
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Until the connection is ready, a moment has passed or a signal came; whoever calls looks at the clock.
fn wait(stream: &TcpStream, flags: PollFlags, deadline: &Deadline) -> Result<(), Broken> {
    let pause = SIGNAL_LOOK.min(deadline.remaining());
    // Rounded up: a pause of nothing would be a busy loop.
    let pause = u16::try_from(pause.as_micros().div_ceil(1000)).unwrap_or(u16::MAX);
    let mut waited = [PollFd::new(stream.as_fd(), flags)];
    match poll(&mut waited, PollTimeout::from(pause.max(1))) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(Broken::Io(error.into())),
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::WriteZero => return Self::Closed,
            _ => {}
        }
        let inner = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match inner {
            Some(inner) => Self::Tls(inner.clone()),
            None => Self::Io(error),
        }
    }
}

impl Broken {
    /// In words that follow "it".
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Ended(Ended::Passed) => "no answer in time".to_owned(),
            Self::Ended(ended) => ended.to_string(),
            Self::Closed => "it closed the connection".to_owned(),
            Self::Io(error) if error.kind() == ErrorKind::ConnectionReset => {
                "it reset the connection".to_owned()
            }
            Self::Io(error) => error.to_string(),
            Self::Tls(error) => tls::words(error),
            Self::Rules(why) => why.clone(),
        }
    }
}
