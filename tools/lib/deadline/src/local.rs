//! A connection over a Unix socket on which nothing waits longer than its deadline: the program behind the socket may hang, or be
//! stopped, and then the kernel still takes connections and questions for it until its queues are full.

use crate::{Deadline, Ended};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use std::fmt;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How soon a signal is noticed, and a place in a full queue.
const LOOK: Duration = Duration::from_millis(20);

/// A connection to a program on this machine.
#[derive(Debug)]
pub struct Local {
    stream: UnixStream,
}

/// Why nothing, or not all, was sent or received.
#[derive(Debug)]
pub enum LocalError {
    /// The deadline passed, or a signal came.
    Ended(Ended),
    /// What the kernel said.
    Io(io::Error),
}

impl Local {
    /// Connects to the socket at that path.
    pub fn connect(path: &Path, deadline: &Deadline) -> Result<Self, LocalError> {
        let address = UnixAddr::new(path)?;
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
        loop {
            deadline.check()?;
            match connect(socket.as_raw_fd(), &address) {
                Ok(()) => {
                    return Ok(Self {
                        stream: socket.into(),
                    });
                }
                // Its queue is full. Nothing tells when there is a place in it again.
                Err(Errno::EAGAIN) => deadline.sleep(LOOK)?,
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Sends all of it.
    pub fn send(&mut self, mut bytes: &[u8], deadline: &Deadline) -> Result<(), LocalError> {
        while !bytes.is_empty() {
            let sent = self.in_time(PollFlags::POLLOUT, deadline, |stream| stream.write(bytes))?;
            bytes = &bytes[sent..];
        }
        Ok(())
    }

    /// Receives what there is, once there is something; how much. Nothing at the end.
    pub fn receive(&mut self, bytes: &mut [u8], deadline: &Deadline) -> Result<usize, LocalError> {
        self.in_time(PollFlags::POLLIN, deadline, |stream| stream.read(bytes))
    }

    fn in_time(
        &mut self,
        ready: PollFlags,
        deadline: &Deadline,
        mut attempt: impl FnMut(&mut UnixStream) -> io::Result<usize>,
    ) -> Result<usize, LocalError> {
        loop {
            deadline.check()?;
            match attempt(&mut self.stream) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                done => return Ok(done?),
            }
            // Rounded up: a pause of nothing would be a busy loop through the last millisecond.
            let pause = LOOK.min(deadline.remaining()).as_millis() + 1;
            let pause = PollTimeout::try_from(pause).unwrap_or(PollTimeout::MAX);
            match poll(&mut [PollFd::new(self.stream.as_fd(), ready)], pause) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl AsFd for Local {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl From<Ended> for LocalError {
    fn from(ended: Ended) -> Self {
        Self::Ended(ended)
    }
}

impl From<io::Error> for LocalError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Errno> for LocalError {
    fn from(error: Errno) -> Self {
        Self::Io(error.into())
    }
}

impl fmt::Display for LocalError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(ended) => ended.fmt(formatter),
            Self::Io(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for LocalError {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use nix::sys::socket::{Backlog, bind, listen};
    use std::os::fd::OwnedFd;
    use std::path::PathBuf;

    /// A socket that listens, on which nobody accepts or reads.
    struct Hung {
        path: PathBuf,
        _listener: OwnedFd,
    }

    impl Hung {
        fn new(name: &str, backlog: i32) -> Self {
            let name = format!("slipway-local-{}-{name}", std::process::id());
            let path = std::env::temp_dir().join(name);
            std::fs::remove_file(&path).ok();
            let listener = socket(
                AddressFamily::Unix,
                SockType::Stream,
                SockFlag::SOCK_CLOEXEC,
                None,
            )
            .unwrap();
            bind(listener.as_raw_fd(), &UnixAddr::new(&path).unwrap()).unwrap();
            listen(&listener, Backlog::new(backlog).unwrap()).unwrap();
            Self {
                path,
                _listener: listener,
            }
        }
    }

    impl Drop for Hung {
        fn drop(&mut self) {
            std::fs::remove_file(&self.path).ok();
        }
    }

    fn soon() -> Deadline {
        Deadline::after(Duration::from_millis(50))
    }

    fn passed<T>(outcome: &Result<T, LocalError>) -> bool {
        matches!(outcome, Err(LocalError::Ended(Ended::Passed)))
    }

    #[test]
    fn a_full_queue_is_waited_for_until_the_deadline() {
        let hung = Hung::new("full", 0);
        let first = Local::connect(&hung.path, &soon()).unwrap();
        assert!(passed(&Local::connect(&hung.path, &soon())));
        drop(first);
    }

    #[test]
    fn what_nobody_reads_or_answers_ends_at_the_deadline() {
        let hung = Hung::new("silent", 1);
        let mut local = Local::connect(&hung.path, &soon()).unwrap();
        assert!(passed(&local.receive(&mut [0; 16], &soon())));
        // Far more than the socket's buffer holds.
        assert!(passed(&local.send(&vec![0; 16 << 20], &soon())));
    }

    #[test]
    fn nobody_there_is_said_at_once() {
        let Err(LocalError::Io(error)) =
            Local::connect(Path::new("/no/such.sock"), &Deadline::never())
        else {
            panic!("nobody listens there");
        };
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
