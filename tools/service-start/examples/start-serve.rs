//! A service for the tests of `service-start`, run in the directory of a release: it listens on the port that is in the file
//! `port` there.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

/// Longer than any test; one that was forgotten is gone in the end.
const LIFETIME: Duration = Duration::from_secs(120);

fn main() {
    let port: u16 = fs::read_to_string("port").unwrap().trim().parse().unwrap();
    let _socket = TcpListener::bind(("127.0.0.1", port)).unwrap();
    std::thread::sleep(LIFETIME);
}
