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
        let listeners = self.listeners(port)?;
        if !listeners.is_empty() {
            return Ok(Port::Listening(listeners));
        }
        Ok(match try_bind(port) {
            Ok(()) => Port::Free,
            // A port below 1024 is not ours to try; the tables say that nobody listens.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Port::Free,
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                // Somebody may have begun to listen between the two looks.
                match self.listeners(port)? {
                    listeners if listeners.is_empty() => Port::Taken(error.to_string()),
                    listeners => Port::Listening(listeners),
                }
            }
            Err(error) => return Err(error),
        })
    }
}

/// Tries to bind the port on all IPv4 and on all IPv6 addresses, with `SO_REUSEADDR` as servers set it, and lets go at once.
/// It never listens, so that no connection can land here. `AddrInUse` where it is taken, `PermissionDenied` where this user
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
