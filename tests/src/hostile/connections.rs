//! Connections that come to nothing.

use super::request;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, connect, getsockname, listen,
    setsockopt, socket, sockopt,
};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsRawFd, OwnedFd};
use std::thread::sleep;
use std::time::Duration;

/// Takes the connection and says nothing.
pub(super) fn ignore(mut stream: TcpStream) {
    let mut piece = [0; 4096];
    while matches!(stream.read(&mut piece), Ok(1..)) {}
}

/// Throws it away in the middle.
pub(super) fn reset(mut stream: TcpStream) {
    request(&mut stream);
    stream.write_all(b"HTTP/1.1 200").ok();
    let now = nix::libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    setsockopt(&stream, sockopt::Linger, &now).unwrap();
}

/// A byte a second.
pub(super) fn drip(mut stream: TcpStream) {
    request(&mut stream);
    for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok" {
        if stream.write_all(&[*byte]).is_err() {
            return;
        }
        sleep(Duration::from_secs(1));
    }
}

/// The same over and over, as fast as it is taken.
pub(super) fn endless(mut stream: TcpStream, head: &str, part: &str) {
    request(&mut stream);
    let piece = part.repeat(64 * 1024 / part.len());
    let mut sent = stream.write_all(head.as_bytes());
    while sent.is_ok() {
        sent = stream.write_all(piece.as_bytes());
    }
}

/// A hundred megabytes between two texts.
pub(super) fn long(mut stream: TcpStream, head: &str, end: &str) {
    request(&mut stream);
    let piece = vec![b'x'; 100_000];
    let mut sent = stream.write_all(head.as_bytes());
    for _ in 0..1000 {
        sent = sent.and_then(|()| stream.write_all(&piece));
    }
    sent.and_then(|()| stream.write_all(end.as_bytes())).ok();
}

/// A port whose queue is full: the kernel lets whoever knocks there knock. It is so for as long as the sockets are kept.
pub(super) fn unanswered() -> (u16, Vec<OwnedFd>) {
    let one = |flags| {
        let family = AddressFamily::Inet;
        socket(
            family,
            SockType::Stream,
            SockFlag::SOCK_CLOEXEC | flags,
            None,
        )
        .unwrap()
    };
    let listener = one(SockFlag::empty());
    bind(listener.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, 0)).unwrap();
    listen(&listener, Backlog::new(1).unwrap()).unwrap();
    let address: SockaddrIn = getsockname(listener.as_raw_fd()).unwrap();
    let mut kept = vec![listener];
    for _ in 0..8 {
        let knocks = one(SockFlag::SOCK_NONBLOCK);
        // In progress: for the first ones not for long, for the others for ever.
        connect(knocks.as_raw_fd(), &address).ok();
        kept.push(knocks);
    }
    (address.port(), kept)
}
