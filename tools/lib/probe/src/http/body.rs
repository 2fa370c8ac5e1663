//! The body of an answer: taken as it is framed, kept up to a limit, searched as it passes by.

use std::time::Duration;

use super::incoming::Incoming;
use crate::wire::Broken;

/// A line that tells a chunk's size, with whatever a server adds to it, in bytes.
const CHUNK_LINE: usize = 4 * 1024;
/// All lines behind the last chunk, in bytes.
const TRAILER: usize = 64 * 1024;

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none.
    None,
    /// By its length in bytes.
    Length(u64),
    /// By a chunk of no length.
    Chunked,
    /// By the end of the connection.
    UntilClosed,
}

/// What is kept of a body.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// Its beginning.
    pub(crate) bytes: Vec<u8>,
    /// Nothing came after that.
    pub(crate) whole: bool,
    /// Whether each of the texts stood in it.
    pub(crate) found: Vec<bool>,
    /// When its first byte came, since the question was asked.
    pub(crate) first_byte: Option<Duration>,
}

/// Where a body goes.
pub(super) struct Sink<'a> {
    kept: Kept,
    limit: usize,
    /// To the end, however long it is.
    to_the_end: bool,
    texts: &'a [String],
    /// What came last, for a text that is cut in two.
    tail: Vec<u8>,
}

impl<'a> Sink<'a> {
    pub(super) fn new(limit: usize, to_the_end: bool, texts: &'a [String]) -> Self {
        Self {
            kept: Kept {
                whole: true,
                found: texts.iter().map(String::is_empty).collect(),
                ..Kept::default()
            },
            limit,
            to_the_end,
            texts,
            tail: Vec::new(),
        }
    }

    pub(super) fn kept(self) -> Kept {
        self.kept
    }

    /// Takes a piece. Whether more is wanted.
    fn take(&mut self, piece: &[u8], elapsed: Duration) -> bool {
        if piece.is_empty() {
            return true;
        }
        self.kept.first_byte.get_or_insert(elapsed);
        let room = self.limit - self.kept.bytes.len();
        let fits = piece.len().min(room);
        self.kept.bytes.extend_from_slice(&piece[..fits]);
        self.search(if self.to_the_end {
            piece
        } else {
            &piece[..fits]
        });
        if fits < piece.len() {
            self.kept.whole = false;
        }
        self.kept.whole || self.to_the_end
    }

    fn search(&mut self, piece: &[u8]) {
        if self.kept.found.iter().all(|found| *found) {
            return;
        }
        self.tail.extend_from_slice(piece);
        for (text, found) in self.texts.iter().zip(&mut self.kept.found) {
            *found = *found || holds(&self.tail, text.as_bytes());
        }
        let longest = self.texts.iter().map(String::len).max().unwrap_or(0);
        let surplus = self.tail.len().saturating_sub(longest.saturating_sub(1));
        self.tail.drain(..surplus);
    }
}

/// Whether `text` stands anywhere in `bytes`.
pub(crate) fn holds(bytes: &[u8], text: &[u8]) -> bool {
    text.is_empty() || bytes.windows(text.len()).any(|window| window == text)
}

/// Reads the body, to its end or until no more of it is wanted.
pub(super) fn read(
    incoming: &mut Incoming<'_>,
    framing: Framing,
    sink: &mut Sink<'_>,
) -> Result<(), Broken> {
    match framing {
        Framing::None => Ok(()),
        Framing::Length(length) => exactly(incoming, length, sink).map(|_| ()),
        Framing::Chunked => chunks(incoming, sink),
        Framing::UntilClosed => loop {
            let (count, more) = pass(incoming, u64::MAX, sink)?;
            if count == 0 || !more {
                return Ok(());
            }
        },
    }
}

/// Passes on what has come, at most `longest` bytes: how many, and whether more is wanted. None once the other side has ended.
fn pass(
    incoming: &mut Incoming<'_>,
    longest: u64,
    sink: &mut Sink<'_>,
) -> Result<(u64, bool), Broken> {
    let began = incoming.began();
    let piece = incoming.piece()?;
    let longest = usize::try_from(longest).unwrap_or(usize::MAX);
    let piece = &piece[..piece.len().min(longest)];
    let more = sink.take(piece, began.elapsed());
    let count = piece.len();
    incoming.take(count);
    Ok((count as u64, more))
}

/// So many bytes. Whether more is wanted after them.
fn exactly(incoming: &mut Incoming<'_>, length: u64, sink: &mut Sink<'_>) -> Result<bool, Broken> {
    let mut left = length;
    while left > 0 {
        let (count, more) = pass(incoming, left, sink)?;
        if count == 0 {
            return Err(Broken::Closed);
        }
        if !more {
            return Ok(false);
        }
        left -= count;
    }
    Ok(true)
}

fn chunks(incoming: &mut Incoming<'_>, sink: &mut Sink<'_>) -> Result<(), Broken> {
    let wrong = || Broken::Rules("it does not keep to the form of chunks".to_owned());
    let too_long = "it does not keep to the form of chunks";
    loop {
        let line = incoming.line(&mut CHUNK_LINE.clone(), too_long)?;
        let size = size(&line).ok_or_else(wrong)?;
        if size == 0 {
            let mut budget = TRAILER;
            while !incoming.line(&mut budget, too_long)?.is_empty() {}
            return Ok(());
        }
        if !exactly(incoming, size, sink)? {
            return Ok(());
        }
        if !incoming.line(&mut 2, too_long)?.is_empty() {
            return Err(wrong());
        }
    }
}

/// The hexadecimal number at the beginning of a chunk's line.
fn size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|&byte| byte == b';').next()?.trim_ascii();
    let hexadecimal = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(digits).ok().filter(|_| hexadecimal)?;
    u64::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sink(limit: usize, to_the_end: bool, texts: &[String], pieces: &[&str]) -> Kept {
        let mut sink = Sink::new(limit, to_the_end, texts);
        for piece in pieces {
            if !sink.take(piece.as_bytes(), Duration::ZERO) {
                break;
            }
        }
        sink.kept()
    }

    #[test]
    fn what_is_kept_and_what_is_found() {
        let texts = ["[DONE]".to_owned(), "b".to_owned()];
        let split = sink(100, false, &texts, &["a[DO", "N", "E]c"]);
        assert_eq!(split.found, [true, false]);
        assert!(split.whole && split.bytes == b"a[DONE]c");
        let cut = sink(4, false, &texts, &["abcd", "[DONE]"]);
        assert_eq!(
            cut.found,
            [false, true],
            "what is not looked at is not found"
        );
        assert!(!cut.whole && cut.bytes == b"abcd");
        let stream = sink(4, true, &texts, &["abcd", "ef[DON", "E]"]);
        assert_eq!(stream.found, [true, true]);
        assert!(!stream.whole && stream.bytes == b"abcd");
        assert!(sink(4, false, &[], &["abcd"]).whole);
    }

    #[test]
    fn the_size_of_a_chunk() {
        assert_eq!(size(b"1a"), Some(26));
        assert_eq!(size(b"0;name=value"), Some(0));
        for line in [&b""[..], b"x", b"-1", b"+1", b"11111111111111111", b"\xff"] {
            assert_eq!(size(line), None, "{line:?}");
        }
    }
}
