//! One HTTP request over one connection.

use std::io::{self, Read};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use deadline::Deadline;
use ureq::http::Uri;
use ureq::unversioned::transport::{Connector, RustlsConnector};
use ureq::{Agent, Error, Timeout};

use crate::answer::{Failure, Got};
use crate::in_time::in_time;
use crate::target::Url;
use crate::transport::{Given, Known};
use crate::{BODY_LIMIT, connect};

/// Connects and asks; says too whether the endpoint is on this machine.
pub(crate) fn ask(url: &Url, deadline: &Deadline) -> (bool, Result<Got, Failure>) {
    let (local, connected) = connect::tcp(&url.endpoint, deadline);
    (
        local,
        connected.and_then(|stream| exchange(url, stream, deadline)),
    )
}

fn exchange(url: &Url, stream: TcpStream, deadline: &Deadline) -> Result<Got, Failure> {
    let interrupt = stream.try_clone();
    let (uri, remaining) = (url.uri.clone(), deadline.remaining());
    let result = in_time(deadline, move || request(&uri, stream, remaining));
    if let (Err(_), Ok(interrupt)) = (&result, interrupt) {
        // Nobody waits for it any more: let its thread end, too.
        interrupt.shutdown(Shutdown::Both).ok();
    }
    result?
}

fn request(uri: &Uri, stream: TcpStream, remaining: Duration) -> Result<Got, Failure> {
    let address = stream
        .peer_addr()
        .map_err(|error| Failure::new(error.to_string()))?;
    let config = Agent::config_builder()
        .timeout_global(Some(remaining))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_idle_connections(0)
        .proxy(None)
        .user_agent(concat!("slipway/", env!("CARGO_PKG_VERSION")))
        .build();
    let agent = Agent::with_parts(
        config,
        Given::new(stream).chain(RustlsConnector::default()),
        Known(address),
    );
    let response = agent
        .get(uri.clone())
        .header("connection", "close")
        .call()
        .map_err(|error| Failure::new(words(&error)))?;
    let status = response.status().as_u16();
    // One byte more than is wanted tells a body of exactly that length from a longer one.
    let mut body = Vec::new();
    let limit = u64::try_from(BODY_LIMIT).unwrap_or(u64::MAX) + 1;
    let read = response
        .into_body()
        .into_reader()
        .take(limit)
        .read_to_end(&mut body);
    if let Err(error) = read {
        return Err(Failure {
            status: Some(status),
            ..Failure::new(format!(
                "it answered {status}, but its body broke off: {}",
                body_words(&error)
            ))
        });
    }
    let whole = body.len() <= BODY_LIMIT;
    body.truncate(BODY_LIMIT);
    Ok(Got::Http {
        status,
        body,
        whole,
    })
}

/// What went wrong, as a person would say it.
fn words(error: &Error) -> String {
    match error {
        Error::Timeout(Timeout::Connect) => "no secure connection in time".to_owned(),
        Error::Timeout(_) => "no answer in time".to_owned(),
        Error::Io(error) => io_words(error),
        Error::Protocol(error) => format!("what it answered is not HTTP: {error}"),
        other => other.to_string(),
    }
}

fn body_words(error: &io::Error) -> String {
    match error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Error>())
    {
        Some(Error::Timeout(_)) => "no end of it in time".to_owned(),
        Some(inner) => words(inner),
        None => io_words(error),
    }
}

fn io_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "it closed the connection without an answer".to_owned(),
        io::ErrorKind::ConnectionReset => "it reset the connection".to_owned(),
        _ => error.to_string(),
    }
}
