//! A service for the tests of `service`, run in the directory of a release: it listens on a free port and writes down which.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

/// Longer than any test; one that was forgotten is gone in the end.
const LIFETIME: Duration = Duration::from_secs(120);

fn main() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    fs::write("port", format!("{port}\n")).unwrap();
    std::thread::sleep(LIFETIME);
}
