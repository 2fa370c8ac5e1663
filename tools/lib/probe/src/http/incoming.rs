//! What comes over a connection, a line or a piece at a time, without ever holding more than one buffer of it.

use std::time::Instant;

use deadline::Deadline;

use crate::wire::{Broken, Wire};

/// How much is taken from the kernel at once, in bytes.
const BUFFER: usize = 16 * 1024;

pub(super) struct Incoming<'a> {
    wire: Wire,
    deadline: &'a Deadline,
    began: Instant,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl<'a> Incoming<'a> {
    pub(super) fn new(wire: Wire, began: Instant, deadline: &'a Deadline) -> Self {
        Self {
            wire,
            deadline,
            began,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            start: 0,
            end: 0,
        }
    }

    /// When the question was asked.
    pub(super) fn began(&self) -> Instant {
        self.began
    }

    /// What has come and is not taken yet; waits for some where there is none. Nothing once the other side has ended.
    pub(super) fn piece(&mut self) -> Result<&[u8], Broken> {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            self.end = self.wire.read(&mut self.buffer, self.deadline)?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// So many bytes of the piece are done with.
    pub(super) fn take(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// The next line, without its end. It, its end included, is paid for from `budget`; one that costs more breaks the rules with the
    /// words of `too_long`.
    pub(super) fn line(&mut self, budget: &mut usize, too_long: &str) -> Result<Vec<u8>, Broken> {
        let mut line = Vec::new();
        loop {
            let piece = self.piece()?;
            if piece.is_empty() {
                return Err(Broken::Closed);
            }
            let end = piece.iter().position(|&byte| byte == b'\n');
            let count = end.map_or(piece.len(), |end| end + 1);
            let Some(left) = budget.checked_sub(count) else {
                return Err(Broken::Rules(too_long.to_owned()));
            };
            *budget = left;
            line.extend_from_slice(&piece[..count]);
            self.take(count);
            if end.is_some() {
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(line);
            }
        }
    }
}
