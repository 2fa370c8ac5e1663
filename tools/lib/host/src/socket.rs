//! TCP sockets: those that listen, the processes that hold them, and the connections to a port.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use crate::Proc;
use crate::proc::malformed;
use crate::process::Looked;

/// Which of the kernel's two tables a socket stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// `/proc/net/tcp`.
    Ipv4,
    /// `/proc/net/tcp6`. One that listens on `::` takes IPv4 connections as well unless its program said otherwise,
    /// which `/proc` does not tell.
    Ipv6,
}

/// One listening socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Where it listens; the address is `0.0.0.0` or `::` for all. An IPv6 scope is not told.
    pub address: SocketAddr,
    /// Its number on this machine. Every process that holds the same socket (one that inherited it, one that was handed it,
    /// systemd which made it) shows the same number; sockets that share a port by `SO_REUSEPORT` have one each.
    pub inode: u64,
    /// Which table it stands in.
    pub family: Family,
    /// The user that made it.
    pub user: u32,
}

/// One process that holds one or more of the sockets asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// Its command line as [`Proc::cmdline`] shows it.
    pub cmdline: String,
    /// Which of the sockets it holds, in the order asked about.
    pub inodes: Vec<u64>,
}

/// Who holds the sockets asked about, and what could not be looked into.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holders {
    /// The processes, in ascending order. Several may hold one socket.
    pub holders: Vec<Holder>,
    /// Sockets that no process that could be seen holds: its holder is hidden, or in another pid namespace, or it is the
    /// kernel itself.
    pub unclaimed: Vec<u64>,
    /// Processes that this user may not look into: any of them might hold any of the sockets.
    pub unread: Vec<u32>,
    /// `/proc` does not even list the processes of other users (`hidepid`).
    pub hidden: bool,
}

impl Holders {
    /// Every process was looked into: nobody else holds any of the sockets.
    pub fn complete(&self) -> bool {
        self.unread.is_empty() && !self.hidden
    }

    /// The processes that were seen to hold that socket.
    pub fn of(&self, inode: u64) -> impl Iterator<Item = &Holder> {
        self.holders
            .iter()
            .filter(move |holder| holder.inodes.contains(&inode))
    }
}

impl Proc {
    /// Every TCP socket that listens on that port, on whatever address, in the caller's network namespace. Connections,
    /// ended ones too (`TIME_WAIT`), are not among them. A kernel without IPv6 has no second table, and that is no error.
    pub fn listeners(&self, port: u16) -> io::Result<Vec<Listener>> {
        self.listeners_in("net", |listener| listener.address.port() == port)
    }

    /// Every TCP socket on which one of these processes listens, in the caller's network namespace. What may not be
    /// looked into is left out.
    pub fn listening(&self, pids: &[u32]) -> io::Result<Vec<Listener>> {
        let mut held = HashSet::new();
        for pid in pids {
            if let Looked::Into(descriptors) = self.looked(*pid, self.descriptors(*pid))? {
                let sockets = descriptors.iter();
                held.extend(sockets.filter_map(|(_, target)| socket_inode(target)));
            }
        }
        self.listeners_in("net", |listener| held.contains(&listener.inode))
    }

    /// The same as that process sees it: it may be in another network namespace.
    pub fn listeners_seen_by(&self, pid: u32, port: u16) -> io::Result<Vec<Listener>> {
        let wanted = |listener: &Listener| listener.address.port() == port;
        self.listeners_in(&Self::of(pid, "net"), wanted)
    }

    fn listeners_in(
        &self,
        net: &str,
        wanted: impl Fn(&Listener) -> bool,
    ) -> io::Result<Vec<Listener>> {
        let mut listeners = Vec::new();
        self.in_state(net, LISTEN, |family, fields| {
            listeners.extend(Some(listener(fields, family)?).filter(&wanted));
            Some(())
        })?;
        Ok(listeners)
    }

    /// How many connections are established to that local port, over IPv4 and IPv6, in the caller's network namespace.
    pub fn connections(&self, port: u16) -> io::Result<u64> {
        // The kernel writes its table piece by piece: a connection may stand in two of them when others come and go meanwhile.
        let mut ends = HashSet::new();
        self.in_state("net", ESTABLISHED, |family, fields| {
            let (here, there) = (
                address(fields.get(1)?, family)?,
                address(fields.get(2)?, family)?,
            );
            if here.port() == port {
                ends.insert((here, there));
            }
            Some(())
        })?;
        Ok(ends.len() as u64)
    }

    /// Shows every socket that is in that state, by the fields of its line in the kernel's tables. A kernel without IPv6 has no second
    /// table, and that is no error; a line that is not understood, also by `take`, is one.
    fn in_state(
        &self,
        net: &str,
        state: &str,
        mut take: impl FnMut(Family, &[&str]) -> Option<()>,
    ) -> io::Result<()> {
        for (table, family) in [("tcp", Family::Ipv4), ("tcp6", Family::Ipv6)] {
            let file = format!("{net}/{table}");
            let text = match self.text(&file) {
                Ok(text) => text,
                Err(error) if family == Family::Ipv6 && error.kind() == io::ErrorKind::NotFound => {
                    continue;
                }
                Err(error) => return Err(error),
            };
            for line in text.lines().skip(1) {
                // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …
                let fields: Vec<&str> = line.split_ascii_whitespace().collect();
                let understood = match fields.get(3) {
                    Some(found) if *found == state => take(family, &fields),
                    found => found.map(drop),
                };
                understood.ok_or_else(|| malformed(&self.path(&file)))?;
            }
        }
        Ok(())
    }

    /// Who holds these sockets ([`Listener::inode`]). An error where `/proc` itself cannot be listed; a process that
    /// cannot be looked into is part of the answer.
    pub fn holders(&self, inodes: &[u64]) -> io::Result<Holders> {
        let mut answer = Holders {
            hidden: self.hides_processes(),
            ..Holders::default()
        };
        let mut claimed = HashSet::new();
        for pid in self.pids()? {
            let held: HashSet<u64> = match self.looked(pid, self.descriptors(pid))? {
                Looked::Into(descriptors) => descriptors
                    .iter()
                    .filter_map(|(_, target)| socket_inode(target))
                    .collect(),
                Looked::Empty => continue,
                Looked::Barred => {
                    answer.unread.push(pid);
                    continue;
                }
            };
            let inodes: Vec<u64> = inodes
                .iter()
                .copied()
                .filter(|inode| held.contains(inode))
                .collect();
            if !inodes.is_empty() {
                claimed.extend(inodes.iter().copied());
                let cmdline = self.cmdline(pid);
                answer.holders.push(Holder {
                    pid,
                    cmdline,
                    inodes,
                });
            }
        }
        answer.unclaimed = inodes
            .iter()
            .copied()
            .filter(|inode| !claimed.contains(inode))
            .collect();
        Ok(answer)
    }
}

/// `socket:[123]`, as a descriptor of a socket reads.
fn socket_inode(target: &Path) -> Option<u64> {
    target
        .to_str()?
        .strip_prefix("socket:[")?
        .strip_suffix(']')?
        .parse()
        .ok()
}

/// The states of a listening socket and of a connection in the kernel's tables.
const LISTEN: &str = "0A";
const ESTABLISHED: &str = "01";

fn listener(fields: &[&str], family: Family) -> Option<Listener> {
    Some(Listener {
        address: address(fields.get(1)?, family)?,
        inode: fields.get(9)?.parse().ok()?,
        family,
        user: fields.get(7)?.parse().ok()?,
    })
}

/// `0100007F:1F90`, as the kernel writes 127.0.0.1:8080 on most machines.
fn address(text: &str, family: Family) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let address = match family {
        Family::Ipv4 => IpAddr::V4(Ipv4Addr::from(word(address)?)),
        Family::Ipv6 => {
            let mut bytes = [0; 16];
            if address.len() != 32 || !address.is_ascii() {
                return None;
            }
            for (index, four) in bytes.chunks_exact_mut(4).enumerate() {
                four.copy_from_slice(&word(&address[index * 8..index * 8 + 8])?);
            }
            IpAddr::V6(Ipv6Addr::from(bytes))
        }
    };
    Some(SocketAddr::new(address, port))
}

/// Four bytes of an address. The kernel prints them as one number in the machine's own byte order.
fn word(text: &str) -> Option<[u8; 4]> {
    (text.len() == 8).then(|| u32::from_str_radix(text, 16).ok().map(u32::to_ne_bytes))?
}
