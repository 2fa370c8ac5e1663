//! A connection to an endpoint, or why there is none.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use deadline::Deadline;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrStorage, UnixAddr, bind, connect, getsockname,
    getsockopt, socket, sockopt,
};

use crate::answer::Failure;
use crate::in_time::in_time;
use crate::target::Endpoint;

/// How soon a signal is noticed while a connection is being made.
const SIGNAL_LOOK: Duration = Duration::from_millis(20);

/// Connects to the first of the endpoint's addresses that accepts; says too whether it is on this machine.
pub(crate) fn tcp(endpoint: &Endpoint, deadline: &Deadline) -> (bool, Result<TcpStream, Failure>) {
    let addresses = match addresses(endpoint, deadline) {
        Ok(addresses) => addresses,
        Err(failure) => return (false, Err(failure)),
    };
    let local = addresses.iter().all(|address| is_local(address.ip()));
    (local, first_that_accepts(&addresses, deadline))
}

fn addresses(endpoint: &Endpoint, deadline: &Deadline) -> Result<Vec<SocketAddr>, Failure> {
    let Endpoint { host, port } = endpoint.clone();
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    if name == "localhost" || name.ends_with(".localhost") {
        // RFC 6761: it is always this machine. Not asking a resolver saves most of the cost of one look.
        let both = [
            IpAddr::V6(Ipv6Addr::LOCALHOST),
            IpAddr::V4(Ipv4Addr::LOCALHOST),
        ];
        return Ok(both.map(|address| SocketAddr::new(address, port)).to_vec());
    }
    let asked = host.clone();
    let found = in_time(deadline, move || {
        (asked.as_str(), port)
            .to_socket_addrs()
            .map(Iterator::collect::<Vec<_>>)
    })?;
    match found {
        Ok(addresses) if !addresses.is_empty() => Ok(addresses),
        Ok(_) => Err(Failure::new(format!("{host} has no address"))),
        Err(error) => Err(Failure::new(format!("{host} cannot be resolved: {error}"))),
    }
}

fn first_that_accepts(addresses: &[SocketAddr], deadline: &Deadline) -> Result<TcpStream, Failure> {
    let (mut refused, mut lacking, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for (index, address) in addresses.iter().enumerate() {
        // One address that swallows everything must leave time for the others.
        let share =
            deadline.remaining() / u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        match one(*address, &deadline.or_after(share)) {
            Ok(stream) => return Ok(stream),
            Err(Refusal::Ended) => {
                deadline.check()?;
                others.push(format!("{address}: no answer in time"));
            }
            Err(Refusal::Said(Errno::ECONNREFUSED)) => refused.push(address.to_string()),
            Err(Refusal::Said(
                error @ (Errno::EADDRNOTAVAIL | Errno::EAFNOSUPPORT | Errno::ENETUNREACH),
            )) => {
                lacking.push(format!("{address}: {}", error.desc()));
            }
            Err(Refusal::Said(error)) => others.push(format!("{address}: {}", error.desc())),
        }
    }
    if others.is_empty() && !refused.is_empty() {
        // A family that this machine lacks cannot be where the service listens.
        return Err(Failure::refused(format!(
            "connection refused by {}",
            refused.join(" and ")
        )));
    }
    others.extend(
        refused
            .into_iter()
            .map(|address| format!("{address}: connection refused")),
    );
    others.append(&mut lacking);
    Err(Failure::new(others.join("; ")))
}

enum Refusal {
    Ended,
    Said(Errno),
}

impl From<Errno> for Refusal {
    fn from(error: Errno) -> Self {
        Self::Said(error)
    }
}

fn one(address: SocketAddr, deadline: &Deadline) -> Result<TcpStream, Refusal> {
    let socket = unbound(address)?;
    let socket = if is_local(address.ip()) {
        from_another_port(socket, address)?
    } else {
        socket
    };
    match connect(socket.as_raw_fd(), &SockaddrStorage::from(address)) {
        Ok(()) => {}
        Err(Errno::EINPROGRESS | Errno::EINTR) => {
            await_connection(&socket, deadline)?;
            let error = getsockopt(&socket, sockopt::SocketError)?;
            if error != 0 {
                return Err(Errno::from_raw(error).into());
            }
        }
        Err(error) => return Err(error.into()),
    }
    let stream = TcpStream::from(socket);
    let errno = |error: io::Error| Errno::from_raw(error.raw_os_error().unwrap_or(0));
    stream.set_nonblocking(false).map_err(errno)?;
    stream.set_nodelay(true).map_err(errno)?;
    Ok(stream)
}

fn unbound(address: SocketAddr) -> Result<OwnedFd, Errno> {
    let family = if address.is_ipv4() {
        AddressFamily::Inet
    } else {
        AddressFamily::Inet6
    };
    socket(
        family,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
        None,
    )
}

/// Gives the socket a port of its own that is not the one it is about to connect to. Left to the kernel, one in some
/// ten thousand looks at a closed port would get that very port and connect to itself: an open port where
/// nobody listens, and one that the service then cannot have.
fn from_another_port(socket: OwnedFd, target: SocketAddr) -> Result<OwnedFd, Errno> {
    let any: IpAddr = if target.is_ipv4() {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        Ipv6Addr::UNSPECIFIED.into()
    };
    let any = SockaddrStorage::from(SocketAddr::new(any, 0));
    bind(socket.as_raw_fd(), &any)?;
    if own_port(&socket)? != target.port() {
        return Ok(socket);
    }
    // The first one still holds that port, so the second one gets another.
    let second = unbound(target)?;
    bind(second.as_raw_fd(), &any)?;
    Ok(second)
}

fn own_port(socket: &OwnedFd) -> Result<u16, Errno> {
    let name: SockaddrStorage = getsockname(socket.as_raw_fd())?;
    let port = name
        .as_sockaddr_in()
        .map(nix::sys::socket::SockaddrIn::port);
    Ok(port
        .or_else(|| {
            name.as_sockaddr_in6()
                .map(nix::sys::socket::SockaddrIn6::port)
        })
        .unwrap_or(0))
}

fn await_connection(socket: &OwnedFd, deadline: &Deadline) -> Result<(), Refusal> {
    loop {
        deadline.check().map_err(|_| Refusal::Ended)?;
        let pause = SIGNAL_LOOK.min(deadline.remaining());
        // Rounded up: a pause of nothing would be a busy loop through the last millisecond.
        let pause = PollTimeout::try_from(pause.as_millis() + 1).unwrap_or(PollTimeout::MAX);
        match poll(
            &mut [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)],
            pause,
        ) {
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether that address is one of this machine's own. A UDP socket is "connected" without a packet, and the kernel gives
/// it the target's own address exactly where the target is here.
fn is_local(address: IpAddr) -> bool {
    if address.is_loopback() || address.is_unspecified() {
        return true;
    }
    let any: IpAddr = if address.is_ipv4() {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        Ipv6Addr::UNSPECIFIED.into()
    };
    let own = || -> io::Result<IpAddr> {
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect((address, 9))?;
        Ok(socket.local_addr()?.ip())
    };
    own().is_ok_and(|own| own == address)
}

/// Whether a stream socket at that path takes connections. The connection is closed at once.
pub(crate) fn unix(path: &Path) -> Result<(), Failure> {
    let attempt = || {
        let address = UnixAddr::new(path)?;
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
        connect(socket.as_raw_fd(), &address)
    };
    match attempt() {
        Ok(()) => Ok(()),
        Err(Errno::ENOENT) => Err(Failure::refused(format!("there is no {}", path.display()))),
        Err(Errno::ECONNREFUSED) => Err(Failure::refused(format!(
            "nobody listens on {}",
            path.display()
        ))),
        Err(Errno::EAGAIN) => Err(Failure::new(format!(
            "the queue of {} is full",
            path.display()
        ))),
        Err(error) => Err(Failure::new(format!(
            "{}: {}",
            path.display(),
            error.desc()
        ))),
    }
}
