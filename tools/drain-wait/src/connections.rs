//! Established TCP connections to a local port, from the kernel's own tables.

use host::Proc;
use std::collections::BTreeSet;
use std::io;

/// The state of an established connection in the kernel's tables.
const ESTABLISHED: &str = "01";

/// How many connections are established to that local port, over IPv4 and IPv6, in the caller's network namespace. A kernel
/// without IPv6 has no second table, and that is no error.
pub(crate) fn established(proc: &Proc, port: u16) -> io::Result<u64> {
    let read = |table: &str| std::fs::read_to_string(proc.root().join("net").join(table));
    let mut count = count(&read("tcp")?, port)?;
    match read("tcp6") {
        Ok(text) => count += self::count(&text, port)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(count)
}

fn count(table: &str, port: u16) -> io::Result<u64> {
    // The kernel writes the table piece by piece: a connection may stand in two of them when others come and go meanwhile.
    let mut ends = BTreeSet::new();
    for line in table.lines().skip(1) {
        // sl local_address rem_address st …
        let mut fields = line.split_ascii_whitespace().skip(1);
        let local = fields.next().unwrap_or_default();
        let remote = fields.next().unwrap_or_default();
        let port_there = local
            .rsplit_once(':')
            .and_then(|(_, port)| u16::from_str_radix(port, 16).ok());
        let (Some(port_there), Some(state)) = (port_there, fields.next()) else {
            let message = format!("a line of the table of connections is not understood: {line:?}");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        };
        if port_there == port && state == ESTABLISHED {
            ends.insert((local, remote));
        }
    }
    Ok(ends.len() as u64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::net::{TcpListener, TcpStream};

    const HEAD: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr\n";

    #[test]
    fn only_established_ones_to_the_port_count() {
        let table = format!(
            "{HEAD}   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00\n   \
             1: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00\n   \
             2: 0100007F:D431 0100007F:1F90 01 00000000:00000000 00\n   \
             3: 0100007F:1F90 0100007F:D432 06 00000000:00000000 00\n"
        );
        assert_eq!(count(&table, 8080).unwrap(), 1);
        assert_eq!(count(HEAD, 8080).unwrap(), 0);
        assert!(count(&format!("{HEAD}   0: what\n"), 8080).is_err());
    }

    #[test]
    fn a_real_connection_counts_once() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let proc = Proc::system();
        assert_eq!(established(&proc, address.port()).unwrap(), 0);
        let client = TcpStream::connect(address).unwrap();
        let server = listener.accept().unwrap();
        assert_eq!(established(&proc, address.port()).unwrap(), 1);
        drop((client, server));
    }
}
