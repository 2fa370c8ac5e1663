//! Ports that no two tests use at once.

use nix::fcntl::{Flock, FlockArg};
use std::fs::{File, OpenOptions, Permissions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;

/// Below the range from which the kernel takes ports for outgoing connections.
const RANGE: std::ops::Range<u16> = 20_000..30_000;

/// A port of one test's own, for as long as this lives.
#[derive(Debug)]
pub struct Port {
    /// Its number.
    pub number: u16,
    _reserved: Flock<File>,
}

impl Port {
    /// Reserves a port that nobody listens on. The lock is the kernel's, so a test that dies gives its port back.
    pub fn reserve() -> Self {
        let directory = std::env::temp_dir().join("slipway-tests-ports");
        std::fs::create_dir_all(&directory).unwrap();
        // Where tests run as several users, each may reserve; only the first can set this, and has.
        let _ = std::fs::set_permissions(&directory, Permissions::from_mode(0o1777));
        let length = RANGE.end - RANGE.start;
        // Tests that start together should not all begin to search at the same port.
        let first = u16::try_from(std::process::id() % u32::from(length)).unwrap();
        (0..length)
            .map(|step| RANGE.start + (first + step) % length)
            .find_map(|number| {
                let path = directory.join(number.to_string());
                let file = OpenOptions::new()
                    .create(true)
                    .truncate(false)
                    .write(true)
                    .open(path)
                    .ok()?;
                let reserved = Flock::lock(file, FlockArg::LockExclusiveNonblock).ok()?;
                TcpListener::bind((Ipv4Addr::UNSPECIFIED, number)).ok()?;
                Some(Self {
                    number,
                    _reserved: reserved,
                })
            })
            .unwrap()
    }
}
