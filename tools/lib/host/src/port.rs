//! Is a port free?

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, SockaddrIn6, SockaddrLike, bind, setsockopt,
    socket, sockopt,
};

use crate::{Listener, Proc};

/// What stands on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Port {
    /// Nothing: whoever listens on it next succeeds.
    Free,
    /// Somebody listens.
    Listening(Vec<Listener>),
    /// Nobody listens, and yet the kernel would refuse it: a socket that is bound and does not listen, a connection that
    /// an old process left behind, or one that went out from this very port.
    Taken(String),
}

impl Proc {
    /// What stands on that TCP port, in the caller's network namespace. Ended connections (`TIME_WAIT`) do not count where
    /// a server that asks for the address's reuse, as servers do, would not be refused either.
    pub fn port(&self, port: u16) -> io::Result<Port> {
        // A listener, on whatever address, keeps this from succeeding; and it costs microseconds where the tables cost
        // milliseconds on a machine with much memory.
        let refused = match try_bind(port) {
            Ok(()) => return Ok(Port::Free),
            // A port below 1024 may not be ours to try: then the tables alone have to say.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => None,
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Some(error),
            Err(error) => return Err(error),
        };
        let listeners = self.listeners(port)?;
        Ok(match refused {
            _ if !listeners.is_empty() => Port::Listening(listeners),
            Some(error) => Port::Taken(error.to_string()),
            None => Port::Free,
        })
    }
}

/// Tries to bind the port on all IPv4 and on all IPv6 addresses, with `SO_REUSEADDR` as servers set it, and lets go at once.
/// It never listens, so that no connection can land here. Microseconds: what to call while a port is waited for, where it does
/// not matter who holds it. `AddrInUse` where it is taken, `PermissionDenied` where this user
/// may not bind it. A family that this machine lacks is left out.
pub fn try_bind(port: u16) -> io::Result<()> {
    let all4 = SockaddrIn::from(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port));
    let all6 = SockaddrIn6::from(SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, port, 0, 0));
    try_one(AddressFamily::Inet, &all4)?;
    try_one(AddressFamily::Inet6, &all6)
}

fn try_one(family: AddressFamily, address: &impl SockaddrLike) -> io::Result<()> {
    let lacking = |error| matches!(error, Errno::EAFNOSUPPORT | Errno::EADDRNOTAVAIL);
    let result =
        socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).and_then(|socket| {
            setsockopt(&socket, sockopt::ReuseAddr, &true)?;
            if family == AddressFamily::Inet6 {
                // Else it would ask for the IPv4 side once more.
                setsockopt(&socket, sockopt::Ipv6V6Only, &true)?;
            }
            bind(socket.as_raw_fd(), address)
        });
    match result {
        Err(error) if !lacking(error) => Err(error.into()),
        _ => Ok(()),
    }
}
