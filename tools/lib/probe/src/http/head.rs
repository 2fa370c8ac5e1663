//! The head of an answer: its status, and how its body is sent.

use super::body::Framing;
use super::incoming::Incoming;
use crate::answer::one_line;
use crate::wire::Broken;

/// All header lines of an answer together, in bytes: far more than any server sends.
const LIMIT: usize = 64 * 1024;
const TOO_LONG: &str = "its header is longer than 64 KiB";
const START: &[u8] = b"HTTP/1.";

pub(super) struct Head {
    pub(super) status: u16,
    pub(super) framing: Framing,
    /// Where a redirect leads.
    pub(super) location: Option<String>,
    /// How the body is compressed, which nobody asked for.
    pub(super) coding: Option<String>,
}

/// Reads the head of the final answer; interim ones, like 100, are passed over. `asked_for_body` is not so for HEAD.
pub(super) fn read(incoming: &mut Incoming<'_>, asked_for_body: bool) -> Result<Head, Broken> {
    let mut budget = LIMIT;
    loop {
        let head = one(incoming, &mut budget, asked_for_body)?;
        // 101 is final: it begins to speak something else.
        if head.status >= 200 || head.status == 101 {
            return Ok(head);
        }
    }
}

fn one(
    incoming: &mut Incoming<'_>,
    budget: &mut usize,
    asked_for_body: bool,
) -> Result<Head, Broken> {
    begins(incoming)?;
    let status = status(&incoming.line(budget, TOO_LONG)?)?;
    let mut fields = Fields::default();
    loop {
        let line = incoming.line(budget, TOO_LONG)?;
        if line.is_empty() {
            break;
        }
        fields.add(&line)?;
    }
    let bodiless = !asked_for_body || status < 200 || status == 204 || status == 304;
    Ok(Head {
        status,
        framing: if bodiless {
            Framing::None
        } else {
            fields.framing()
        },
        location: fields.location,
        coding: fields.coding,
    })
}

/// Whether what comes can be HTTP at all: whoever speaks something else may never end a line.
fn begins(incoming: &mut Incoming<'_>) -> Result<(), Broken> {
    let piece = incoming.piece()?;
    if piece.is_empty() {
        return Err(Broken::Closed);
    }
    let count = piece.len().min(START.len());
    if piece[..count] == START[..count] {
        return Ok(());
    }
    // The first bytes of a TLS alert.
    Err(Broken::Rules(if piece.starts_with(&[0x15, 0x03]) {
        "what it answered is TLS: https:// perhaps".to_owned()
    } else {
        not_http(piece)
    }))
}

fn not_http(line: &[u8]) -> String {
    let begin = &line[..line.len().min(60)];
    let begin = begin.split(|&byte| byte == b'\n').next().unwrap_or(begin);
    format!(
        "what it answered is not HTTP: it begins with \"{}\"",
        one_line(&String::from_utf8_lossy(begin), 60)
    )
}

/// `HTTP/1.1 200 OK`, with or without the words.
fn status(line: &[u8]) -> Result<u16, Broken> {
    let parts = || {
        let rest = line.strip_prefix(START)?;
        let (minor, rest) = rest.split_first()?;
        let rest = rest.strip_prefix(b" ")?;
        let (digits, rest) = rest.split_at_checked(3)?;
        let ends = rest.is_empty() || rest[0] == b' ';
        let digits = std::str::from_utf8(digits).ok()?;
        let status = digits
            .parse()
            .ok()
            .filter(|_| minor.is_ascii_digit() && ends)?;
        (digits.bytes().all(|digit| digit.is_ascii_digit()) && (100..600).contains(&status))
            .then_some(status)
    };
    parts().ok_or_else(|| Broken::Rules(not_http(line)))
}

#[derive(Default)]
struct Fields {
    length: Option<u64>,
    chunked: bool,
    location: Option<String>,
    coding: Option<String>,
}

impl Fields {
    fn add(&mut self, line: &[u8]) -> Result<(), Broken> {
        if line[0] == b' ' || line[0] == b'\t' {
            // The rest of the field before, in an old way of writing: none that matters here is written so.
            return Ok(());
        }
        let broken = |what: &str| Broken::Rules(format!("what it answered is not HTTP: {what}"));
        let Some(colon) = line.iter().position(|&byte| byte == b':') else {
            return Err(broken("a header line has no colon"));
        };
        let name = line[..colon].to_ascii_lowercase();
        let value = String::from_utf8_lossy(&line[colon + 1..])
            .trim()
            .to_owned();
        match name.as_slice() {
            b"content-length" => {
                // Some say the same twice, in one line or in two.
                for part in value.split(',') {
                    let digits = part.trim();
                    let length = digits
                        .parse()
                        .ok()
                        .filter(|_| digits.bytes().all(|digit| digit.is_ascii_digit()));
                    let Some(length) = length else {
                        return Err(broken("its content-length is no number"));
                    };
                    if self
                        .length
                        .replace(length)
                        .is_some_and(|before| before != length)
                    {
                        return Err(broken("it tells two content-lengths"));
                    }
                }
            }
            b"transfer-encoding" if value.eq_ignore_ascii_case("chunked") => self.chunked = true,
            b"transfer-encoding" if !value.eq_ignore_ascii_case("identity") => {
                return Err(broken(&format!(
                    "its transfer-encoding is {}, which nobody asked for",
                    one_line(&value, 40)
                )));
            }
            b"location" => self.location = Some(value),
            b"content-encoding" if !value.eq_ignore_ascii_case("identity") => {
                self.coding = Some(one_line(&value, 40));
            }
            _ => {}
        }
        Ok(())
    }

    fn framing(&self) -> Framing {
        match (self.chunked, self.length) {
            (true, _) => Framing::Chunked,
            (false, Some(length)) => Framing::Length(length),
            (false, None) => Framing::UntilClosed,
        }
    }
}
