//! What a child says, read as it comes so that it never blocks on a full pipe, and only the end of it kept.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How many bytes of each stream are kept: enough for any report, little enough for a child that never stops talking.
const KEPT: usize = 1024 * 1024;

/// Someone who is shown each line, without its newline, as it comes.
pub type Sink = Box<dyn FnMut(&str) + Send>;

/// One stream of a child, being read.
pub(super) struct Capture {
    kept: Arc<Mutex<VecDeque<u8>>>,
    done: Receiver<()>,
}

impl Capture {
    pub(super) fn of(stream: Option<impl Read + Send + 'static>, sink: Option<Sink>) -> Self {
        let kept = Arc::new(Mutex::new(VecDeque::new()));
        let (tell, done) = mpsc::channel();
        if let Some(stream) = stream {
            let kept = Arc::clone(&kept);
            thread::spawn(move || {
                read_all(stream, &kept, sink);
                // Nobody may be waiting any more.
                tell.send(()).ok();
            });
        }
        Self { kept, done }
    }

    /// All that was kept, once the stream has ended or `longest` has passed: a daemon that the child left behind
    /// may hold the pipe open for ever.
    pub(super) fn finish(self, longest: Duration) -> Vec<u8> {
        // Either way what has come by now is the answer.
        self.done.recv_timeout(longest).ok();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *kept).into()
    }
}

fn read_all(mut stream: impl Read, kept: &Mutex<VecDeque<u8>>, sink: Option<Sink>) {
    let mut lines = sink.map(Lines::to);
    let mut buffer = [0; 16 * 1024];
    loop {
        let count = match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => count,
        };
        let chunk = &buffer[..count];
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(chunk);
        let excess = kept.len().saturating_sub(KEPT);
        kept.drain(..excess);
        drop(kept);
        if let Some(lines) = &mut lines {
            lines.push(chunk);
        }
    }
    if let Some(lines) = lines {
        lines.end();
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
