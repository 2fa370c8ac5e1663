//! The tokens of a file, as far as they matter to where a statement ends.

use crate::rule::Dialect;
use memchr::{memchr, memmem};

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    /// A key word or a name without quotes.
    Word,
    /// A string, a dollar-quoted one too, or a name in quotes.
    Quoted,
    Semicolon,
    /// Anything else: one character of it.
    Other,
    Comment,
    /// A command of the shell, to the end of its line.
    ShellCommand,
    /// A quote or comment without an end, and what it was; reading goes on after its first character.
    Unclosed(&'static str),
}

/// Reads a file token by token.
pub(crate) struct Scan<'text> {
    text: &'text str,
    dialect: Dialect,
    place: usize,
}

impl<'text> Scan<'text> {
    pub(crate) fn new(text: &'text str, dialect: Dialect) -> Self {
        Self {
            text,
            dialect,
            place: 0,
        }
    }

    /// The byte after the last token.
    pub(crate) fn place(&self) -> usize {
        self.place
    }

    pub(crate) fn go_to(&mut self, place: usize) {
        self.place = place;
    }

    /// Past the rows that follow a `COPY … FROM stdin`, which end in a line of `\.`.
    pub(crate) fn skip_copied_data(&mut self) {
        let rest = &self.text.as_bytes()[self.place..];
        let end = memmem::find(rest, b"\n\\.").map(|end| end + 3);
        self.place += end.unwrap_or(rest.len());
    }

    /// The next token and its first byte.
    pub(crate) fn next(&mut self) -> Option<(usize, Token)> {
        let bytes = self.text.as_bytes();
        let blank = bytes[self.place..]
            .iter()
            .position(|byte| !byte.is_ascii_whitespace());
        let start = self.place + blank?;
        // A byte order mark is no part of the first statement.
        let start = if self.text[start..].starts_with('\u{feff}') {
            start + 3
        } else {
            start
        };
        let Some(&first) = bytes.get(start) else {
            self.place = start;
            return None;
        };
        if first.is_ascii_whitespace() {
            self.place = start;
            return self.next();
        }
        let (length, token) = self.token(start, first);
        self.place = start + length;
        Some((start, token))
    }

    fn token(&self, start: usize, first: u8) -> (usize, Token) {
        let rest = &self.text[start..];
        let bytes = rest.as_bytes();
        let postgres = self.dialect == Dialect::Postgres;
        match first {
            b';' => (1, Token::Semicolon),
            b'-' if bytes.get(1) == Some(&b'-') => (line(bytes), Token::Comment),
            b'#' if rest.starts_with("# --- !") => (line(bytes), Token::Comment),
            b'/' if bytes.get(1) == Some(&b'*') => self.comment(bytes),
            b'\'' => closed(quoted(bytes, b'\''), "a string"),
            b'"' => closed(quoted(bytes, b'"'), "a name in quotes"),
            b'`' if !postgres => closed(quoted(bytes, b'`'), "a name in quotes"),
            b'[' if !postgres => {
                closed(memchr(b']', bytes).map(|end| end + 1), "a name in brackets")
            }
            b'$' if postgres => dollar(rest),
            b'\\' if postgres => (line(bytes), Token::ShellCommand),
            b'.' if !postgres && self.is_line_start(start) => (line(bytes), Token::ShellCommand),
            b'e' | b'E' if postgres && bytes.get(1) == Some(&b'\'') => match escaped(&bytes[1..]) {
                Some(length) => (length + 1, Token::Quoted),
                None => (2, Token::Unclosed("a string")),
            },
            _ if is_word_start(first) => {
                let length = bytes.iter().position(|byte| !is_word(*byte));
                (length.unwrap_or(bytes.len()), Token::Word)
            }
            // Numbers too: their digits are single tokens, which ends no statement.
            _ => (1, Token::Other),
        }
    }

    /// PostgreSQL's nest; SQLite's may end with the file.
    fn comment(&self, bytes: &[u8]) -> (usize, Token) {
        if self.dialect == Dialect::Sqlite {
            let end = memmem::find(&bytes[2..], b"*/").map(|end| end + 4);
            return (end.unwrap_or(bytes.len()), Token::Comment);
        }
        let mut depth = 0_usize;
        let mut place = 0;
        while let Some(found) = memchr::memchr2(b'*', b'/', &bytes[place..]) {
            place += found;
            match &bytes[place..bytes.len().min(place + 2)] {
                b"/*" => depth += 1,
                b"*/" => depth -= 1,
                _ => {
                    place += 1;
                    continue;
                }
            }
            place += 2;
            if depth == 0 {
                return (place, Token::Comment);
            }
        }
        (2, Token::Unclosed("a comment"))
    }

    fn is_line_start(&self, place: usize) -> bool {
        place == 0 || self.text.as_bytes()[place - 1] == b'\n'
    }
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_word(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

fn line(bytes: &[u8]) -> usize {
    memchr(b'\n', bytes).unwrap_or(bytes.len())
}

fn closed(length: Option<usize>, what: &'static str) -> (usize, Token) {
    match length {
        Some(length) => (length, Token::Quoted),
        None => (1, Token::Unclosed(what)),
    }
}

/// The length of what that quote encloses, the quotes included; a doubled one is a character.
fn quoted(bytes: &[u8], quote: u8) -> Option<usize> {
    let mut place = 1;
    loop {
        place += memchr(quote, bytes.get(place..)?)? + 1;
        if bytes.get(place) != Some(&quote) {
            return Some(place);
        }
        place += 1;
    }
}

/// The same for PostgreSQL's `E'…'`, in which a backslash takes the next character along.
fn escaped(bytes: &[u8]) -> Option<usize> {
    let mut place = 1;
    loop {
        place += memchr::memchr2(b'\'', b'\\', bytes.get(place..)?)?;
        match (bytes[place], bytes.get(place + 1)) {
            (b'\\', _) | (b'\'', Some(b'\'')) => place += 2,
            _ => return Some(place + 1),
        }
    }
}

/// `$tag$ … $tag$`; a `$1` is none.
fn dollar(rest: &str) -> (usize, Token) {
    let bytes = rest.as_bytes();
    let tag = bytes[1..]
        .iter()
        .position(|byte| !is_word(*byte) || *byte == b'$');
    let Some(tag) = tag
        .map(|end| end + 1)
        .filter(|end| bytes[*end] == b'$' && !bytes.get(1).is_some_and(u8::is_ascii_digit))
    else {
        return (1, Token::Other);
    };
    let quote = &bytes[..=tag];
    match memmem::find(&bytes[quote.len()..], quote) {
        Some(end) => (quote.len() * 2 + end, Token::Quoted),
        None => (1, Token::Unclosed("a dollar-quoted string")),
    }
}

/// The beginning of a text, on one line, for a message.
pub(crate) fn shortened(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut words = text.split_whitespace();
    let mut shown = words.next().unwrap_or_default().to_owned();
    for word in words {
        if shown.len() + word.len() > SHOWN {
            return format!("{shown} …");
        }
        shown.push(' ');
        shown.push_str(word);
    }
    if shown.chars().count() > SHOWN {
        return format!("{}…", shown.chars().take(SHOWN).collect::<String>());
    }
    shown
}
