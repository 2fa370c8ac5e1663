//! A connection that is already made, given to the HTTP client.
//!
//! The client would connect by itself, but then one question would cost the endpoint two connections (one to see
//! cheaply whether anybody is there) and the two might reach two different addresses.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};
use ureq::{Error, config::Config};

/// Hands out the one connection, once.
#[derive(Debug)]
pub(crate) struct Given(Mutex<Option<TcpStream>>);

impl Given {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self(Mutex::new(Some(stream)))
    }
}

impl Connector for Given {
    type Out = Stream;

    fn connect(
        &self,
        details: &ConnectionDetails,
        _chained: Option<()>,
    ) -> Result<Option<Stream>, Error> {
        let mut given = self.0.lock().map_err(|_| Error::ConnectionFailed)?;
        let stream = given.take().ok_or(Error::ConnectionFailed)?;
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(Stream { stream, buffers }))
    }
}

/// The client insists on an address before it asks for a connection; it is given the one that is connected.
#[derive(Debug)]
pub(crate) struct Known(pub(crate) SocketAddr);

impl Resolver for Known {
    fn resolve(
        &self,
        _uri: &Uri,
        _config: &Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let mut addresses = self.empty();
        addresses.push(self.0);
        Ok(addresses)
    }
}

/// The connection as the client wants it: buffers and time limits around a socket.
#[derive(Debug)]
pub(crate) struct Stream {
    stream: TcpStream,
    buffers: LazyBuffers,
}

impl Transport for Stream {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.set_write_timeout(Some(left(timeout)?))?;
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        self.stream
            .write_all(output)
            .map_err(|error| named(error, timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let begin = Instant::now();
        let whole = left(timeout)?;
        let amount = loop {
            // A read with a time limit is interrupted by every signal, whatever its handler says.
            let rest = whole.saturating_sub(begin.elapsed());
            if rest.is_zero() {
                return Err(Error::Timeout(timeout.reason));
            }
            self.stream.set_read_timeout(Some(rest))?;
            match self.stream.read(self.buffers.input_append_buf()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other.map_err(|error| named(error, timeout))?,
            }
        };
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        // Nothing is ever asked twice over one connection.
        false
    }
}

/// The time that is left; none is an error of its own, since the kernel takes 0 for "no limit".
fn left(timeout: NextTimeout) -> Result<Duration, Error> {
    if timeout.after.is_zero() {
        return Err(Error::Timeout(timeout.reason));
    }
    Ok(*timeout.after)
}

fn named(error: std::io::Error, timeout: NextTimeout) -> Error {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Error::Timeout(timeout.reason),
        _ => Error::Io(error),
    }
}
