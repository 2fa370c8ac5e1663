//! What a child says, read as it comes so that it never blocks on a full pipe, and only the end of it kept.

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::collections::VecDeque;
use std::io::Read;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::KEPT;

/// How often a silent stream's reader looks whether the child has ended, in milliseconds: a daemon that it left behind may hold
/// the pipe open for ever.
const LOOK: u16 = 20;
/// The most that the kernel keeps in a pipe of a user who is not root, in bytes. The child's own words are among so many that
/// are read after its end.
const PIPE: usize = 1024 * 1024;
/// How long whoever is shown the lines may take for the last of them.
const PATIENCE: Duration = Duration::from_secs(5);

/// Someone who is shown each line, without its newline, as it comes.
pub type Sink = Box<dyn FnMut(&str) + Send>;

/// What is left of a stream.
#[derive(Debug)]
pub(super) struct Kept {
    /// Its end.
    pub(super) bytes: Vec<u8>,
    /// And its beginning: nothing is missing.
    pub(super) whole: bool,
    /// It was read to its end, however little of it is left.
    pub(super) read: bool,
}

/// One stream of a child, being read.
pub(super) struct Capture {
    kept: Arc<Mutex<End>>,
    ended: Arc<AtomicBool>,
    done: Receiver<()>,
}

#[derive(Default)]
struct End {
    bytes: VecDeque<u8>,
    is_cut: bool,
}

impl Capture {
    /// Reads the stream from now on, and keeps so many bytes of its end.
    pub(super) fn of(
        stream: Option<impl Read + AsFd + Send + 'static>,
        most: usize,
        sink: Option<Sink>,
    ) -> Self {
        let kept = Arc::new(Mutex::new(End::default()));
        let ended = Arc::new(AtomicBool::new(false));
        let (tell, done) = mpsc::channel();
        if let Some(mut stream) = stream {
            let (kept, ended) = (Arc::clone(&kept), Arc::clone(&ended));
            thread::spawn(move || {
                read_all(&mut stream, &kept, most, &ended, sink);
                // Nobody may be waiting any more.
                tell.send(()).ok();
                // Whom the child has left behind can go on writing for as long as we live.
                std::io::copy(&mut stream, &mut std::io::sink()).ok();
            });
        } else {
            tell.send(()).ok();
        }
        Self { kept, ended, done }
    }

    /// All that was kept, of a child that has ended: what it wrote is in the pipe by now, and is read to its last byte however
    /// long the reader waits for its turn.
    pub(super) fn finish(self) -> Kept {
        self.ended.store(true, Ordering::Release);
        let read = self.done.recv_timeout(PATIENCE).is_ok();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Kept {
            whole: read && !kept.is_cut,
            read,
            bytes: std::mem::take(&mut kept.bytes).into(),
        }
    }
}

/// Reads until the end of the stream, or until the child has ended and nothing that it wrote is left.
fn read_all(
    stream: &mut (impl Read + AsFd),
    kept: &Mutex<End>,
    most: usize,
    ended: &AtomicBool,
    sink: Option<Sink>,
) {
    let mut lines = sink.map(Lines::to);
    let mut buffer = [0; 16 * 1024];
    let mut after_the_end = 0;
    while after_the_end < PIPE {
        // Before the look at the pipe: what has come by now is in there.
        let has_ended = ended.load(Ordering::Acquire);
        let patience = if has_ended { 0 } else { LOOK };
        let mut watched = [PollFd::new(stream.as_fd(), PollFlags::POLLIN)];
        match poll(&mut watched, PollTimeout::from(patience)) {
            Ok(0) if has_ended => break,
            Ok(0) | Err(Errno::EINTR) => continue,
            _ => {}
        }
        let count = match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => count,
        };
        if has_ended {
            after_the_end += count;
        }
        let chunk = &buffer[..count];
        kept.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(chunk, most);
        if let Some(lines) = &mut lines {
            lines.push(chunk);
        }
    }
    if let Some(lines) = lines {
        lines.end();
    }
}

impl End {
    fn add(&mut self, chunk: &[u8], most: usize) {
        self.bytes.extend(chunk);
        if self.bytes.len() > most {
            self.is_cut = true;
        }
        // Of what is too long for an answer the last words alone are of use.
        let most = if self.is_cut { most.min(KEPT) } else { most };
        let excess = self.bytes.len().saturating_sub(most);
        self.bytes.drain(..excess);
    }
}

/// Cuts a stream into lines for a [`Sink`].
struct Lines {
    sink: Sink,
    rest: Vec<u8>,
}

impl Lines {
    fn to(sink: Sink) -> Self {
        Self {
            sink,
            rest: Vec::new(),
        }
    }

    fn push(&mut self, chunk: &[u8]) {
        self.rest.extend_from_slice(chunk);
        while let Some(end) = self.rest.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            (self.sink)(&String::from_utf8_lossy(&line[..end]));
        }
        // A line without an end is shown in pieces rather than kept without limit.
        if self.rest.len() > KEPT {
            let piece = std::mem::take(&mut self.rest);
            (self.sink)(&String::from_utf8_lossy(&piece));
        }
    }

    fn end(mut self) {
        if !self.rest.is_empty() {
            (self.sink)(&String::from_utf8_lossy(&self.rest));
        }
    }
}
