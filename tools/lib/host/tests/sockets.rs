//! Who holds this port?
#![allow(clippy::unwrap_used)]

mod support;

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Command, Stdio};

use host::{Family, Port, Proc};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, SockaddrIn6, bind, getsockname, listen,
    setsockopt, socket, sockopt,
};
use support::{Kept, Scratch};

/// A socket bound to all IPv4 addresses, not listening; with a port that other sockets may share, or none of these.
fn bound(port: u16, share: bool) -> (u16, OwnedFd) {
    let socket = socket(
        AddressFamily::Inet,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )
    .unwrap();
    if share {
        setsockopt(&socket, sockopt::ReusePort, &true).unwrap();
    }
    bind(socket.as_raw_fd(), &SockaddrIn::new(0, 0, 0, 0, port)).unwrap();
    let name: SockaddrIn = getsockname(socket.as_raw_fd()).unwrap();
    (name.port(), socket)
}

fn port_of(listener: &TcpListener) -> u16 {
    listener.local_addr().unwrap().port()
}

#[test]
fn one_listener_and_the_process_that_holds_it() {
    let system = Proc::system();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let found = system.listeners(port_of(&listener)).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].address, listener.local_addr().unwrap());
    assert_eq!(found[0].family, Family::Ipv4);
    assert_eq!(found[0].user, nix::unistd::geteuid().as_raw());
    let holders = system.holders(&[found[0].inode]).unwrap();
    assert!(
        holders
            .of(found[0].inode)
            .any(|holder| holder.pid == std::process::id()),
        "{holders:?}"
    );
    assert!(holders.unclaimed.is_empty());
    assert!(!holders.holders[0].cmdline.is_empty());
}

#[test]
fn one_that_takes_both_families_stands_in_the_second_table() {
    let Ok(listener) = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)) else {
        // A kernel without IPv6 has no such socket.
        return;
    };
    let found = Proc::system().listeners(port_of(&listener)).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].family, Family::Ipv6);
    assert_eq!(found[0].address.ip(), IpAddr::V6(Ipv6Addr::UNSPECIFIED));
}

#[test]
fn several_that_share_a_port_are_several() {
    let (port, first) = bound(0, true);
    let (_, second) = bound(port, true);
    for socket in [&first, &second] {
        listen(socket, Backlog::new(8).unwrap()).unwrap();
    }
    let found = Proc::system().listeners(port).unwrap();
    assert_eq!(found.len(), 2, "{found:?}");
    assert_ne!(found[0].inode, found[1].inode);
}

#[test]
fn a_socket_that_was_handed_on_has_two_holders() {
    // As with socket activation: one process made the socket, another serves on it.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let inode = Proc::system().listeners(port_of(&listener)).unwrap()[0].inode;
    let handed = OwnedFd::from(listener.try_clone().unwrap());
    let mut command = Command::new("sleep");
    let child = Kept(
        command
            .arg("600")
            .stdin(Stdio::from(handed))
            .spawn()
            .unwrap(),
    );
    let holders = Proc::system().holders(&[inode]).unwrap();
    let pids: Vec<u32> = holders.of(inode).map(|holder| holder.pid).collect();
    assert!(
        pids.contains(&child.pid()) && pids.contains(&std::process::id()),
        "{pids:?}"
    );
    // The command keeps what it was given until it is dropped itself.
    drop((listener, command));
    let holders = Proc::system().holders(&[inode]).unwrap();
    assert!(
        holders
            .of(inode)
            .all(|holder| holder.pid != std::process::id()),
        "{holders:?}"
    );
    assert!(
        holders.of(inode).any(|holder| holder.pid == child.pid()),
        "{holders:?}"
    );
}

#[test]
fn a_socket_that_nobody_holds_is_said_to_be_so() {
    let holders = Proc::system().holders(&[u64::MAX]).unwrap();
    assert!(holders.holders.is_empty());
    assert_eq!(holders.unclaimed, [u64::MAX]);
}

#[test]
fn a_port_through_its_life() {
    let system = Proc::system();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = port_of(&listener);
    assert!(matches!(system.port(port).unwrap(), Port::Listening(found) if found.len() == 1));
    // A connection that this side ends first leaves its remains on the port, which keep no server from it.
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (server, _) = listener.accept().unwrap();
    drop(server);
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    drop(client);
    drop(listener);
    assert_eq!(system.port(port).unwrap(), Port::Free);
    TcpListener::bind(("127.0.0.1", port)).unwrap();
}

#[test]
fn whoever_listens_is_found_whatever_the_address() {
    let system = Proc::system();
    for address in [
        "127.0.0.1:0",
        "127.0.0.5:0",
        "0.0.0.0:0",
        "[::1]:0",
        "[::]:0",
    ] {
        let Ok(listener) = TcpListener::bind(address) else {
            // A kernel without IPv6.
            continue;
        };
        let found = system.port(port_of(&listener)).unwrap();
        assert!(matches!(found, Port::Listening(_)), "{address} {found:?}");
    }
    let (port, shared) = bound(0, true);
    listen(&shared, Backlog::new(8).unwrap()).unwrap();
    assert!(
        matches!(system.port(port).unwrap(), Port::Listening(_)),
        "one that others may share"
    );
}

#[test]
fn a_port_that_is_taken_without_anybody_listening() {
    let (port, _held) = bound(0, false);
    assert!(Proc::system().listeners(port).unwrap().is_empty());
    assert!(matches!(Proc::system().port(port).unwrap(), Port::Taken(_)));
    assert!(
        TcpListener::bind(("0.0.0.0", port)).is_err(),
        "and a server would indeed be refused"
    );
}

#[test]
fn a_port_that_is_taken_on_the_second_family_only() {
    let socket = socket(
        AddressFamily::Inet6,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )
    .unwrap();
    setsockopt(&socket, sockopt::Ipv6V6Only, &true).unwrap();
    let any = SockaddrIn6::from(std::net::SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 0, 0, 0));
    if bind(socket.as_raw_fd(), &any).is_err() {
        return;
    }
    let name: SockaddrIn6 = getsockname(socket.as_raw_fd()).unwrap();
    assert!(matches!(
        Proc::system().port(name.port()).unwrap(),
        Port::Taken(_)
    ));
}

const HEADER: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

/// As the kernel of this machine's byte order would print it.
fn word(address: Ipv4Addr) -> String {
    format!("{:08X}", u32::from_ne_bytes(address.octets()))
}

#[test]
fn a_table_without_its_twin_and_lines_of_every_state() {
    let tree = Scratch::new();
    let local = word(Ipv4Addr::LOCALHOST);
    let line = |port: &str, state: &str, inode: u64| {
        format!(
            "   0: {local}:{port} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  1000        0 {inode} 1 0\n"
        )
    };
    let table = [
        HEADER.to_owned(),
        line("1F90", "06", 0),
        line("1F90", "01", 6),
        line("1F90", "0A", 7),
        line("1F91", "0A", 8),
    ];
    tree.file("net/tcp", &table.concat());
    let found = Proc::at(tree.path()).listeners(8080).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        found[0].address,
        SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))
    );
    assert_eq!((found[0].inode, found[0].user), (7, 1000));
}

#[test]
fn a_table_that_cannot_be_understood_is_not_an_empty_one() {
    let tree = Scratch::new();
    let proc = Proc::at(tree.path());
    assert!(proc.listeners(8080).is_err(), "no table at all");
    tree.file(
        "net/tcp",
        &format!("{HEADER}   0: XYZ:1F90 00000000:0000 0A 0:0 00:0 0 0 0 7\n"),
    );
    assert!(proc.listeners(8080).is_err());
    tree.file("net/tcp", HEADER);
    tree.file(
        "net/tcp6",
        &format!("{HEADER}   0: 0000:1F90 00000000:0000 0A 0:0 00:0 0 0 0 7\n"),
    );
    assert!(proc.listeners(8080).is_err());
}

#[test]
fn only_established_connections_to_the_port_count_and_each_once() {
    let tree = Scratch::new();
    let proc = Proc::at(tree.path());
    let one = "   1: 0100007F:1F90 0100007F:D431 01 0:0\n";
    let table = format!(
        "{HEADER}   0: 0100007F:1F90 00000000:0000 0A 0:0\n{one}{one}\
            \x20  2: 0100007F:D431 0100007F:1F90 01 0:0\n   3: 0100007F:1F90 0100007F:D432 06 0:0\n"
    );
    tree.file("net/tcp", &table);
    assert_eq!(proc.connections(8080).unwrap(), 1);
    tree.file("net/tcp", HEADER);
    assert_eq!(proc.connections(8080).unwrap(), 0);
    tree.file("net/tcp", &format!("{HEADER}   0: what\n"));
    assert!(proc.connections(8080).is_err());

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (proc, port) = (Proc::system(), port_of(&listener));
    assert_eq!(proc.connections(port).unwrap(), 0);
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let server = listener.accept().unwrap();
    assert_eq!(proc.connections(port).unwrap(), 1);
    drop((client, server));
}

#[test]
fn an_address_of_the_second_family() {
    let tree = Scratch::new();
    tree.file("net/tcp", HEADER);
    let address: Ipv6Addr = "2001:db8::1:2".parse().unwrap();
    let words: String = address
        .octets()
        .chunks_exact(4)
        .map(|four| format!("{:08X}", u32::from_ne_bytes(four.try_into().unwrap())))
        .collect();
    let zero = "0".repeat(32);
    tree.file(
        "net/tcp6",
        &format!("{HEADER}   0: {words}:01BB {zero}:0000 0A 0:0 00:0 0 33 0 9 1 0\n"),
    );
    let found = Proc::at(tree.path()).listeners(443).unwrap();
    assert_eq!(found[0].address, SocketAddr::from((address, 443)));
}

#[test]
fn what_a_process_listens_on_is_found_whatever_the_port() {
    let listeners = [
        TcpListener::bind("127.0.0.1:0").unwrap(),
        TcpListener::bind("127.0.0.1:0").unwrap(),
    ];
    let found = Proc::system().listening(&[std::process::id()]).unwrap();
    for listener in &listeners {
        let port = port_of(listener);
        assert!(found.iter().any(|found| found.address.port() == port));
    }
    let child = Kept(Command::new("sleep").arg("600").spawn().unwrap());
    assert_eq!(Proc::system().listening(&[child.pid()]).unwrap(), []);
}
