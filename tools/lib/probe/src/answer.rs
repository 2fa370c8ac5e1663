//! What came back.

use std::time::Duration;

use deadline::Ended;

use crate::http::Kept;

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The endpoint is well: it answered, in time, what was expected.
    pub ok: bool,
    /// Nobody is there: every address refused the connection, or there is no such socket file. The one kind of failure
    /// that is worth asking about again within milliseconds, where it is [`local`](Self::local).
    pub refused: bool,
    /// The endpoint is on this machine, as far as its address tells.
    pub local: bool,
    /// The HTTP status, where one came.
    pub status: Option<u16>,
    /// From the first attempt to connect to the last byte of the answer, or to the failure.
    pub latency: Duration,
    /// Until the first byte of an HTTP answer's body; without a body, until its header had come.
    pub first_byte: Option<Duration>,
    /// One line for a person: what came, and where it is not well, why not.
    pub message: String,
    /// The body of an HTTP answer, or what a command said; at most the question's limit.
    pub body: Vec<u8>,
}

/// What an endpoint gave, before it is judged.
#[derive(Debug)]
pub(crate) enum Got {
    /// It takes connections.
    Open,
    /// An HTTP answer.
    Http {
        status: u16,
        /// Where a redirect leads.
        location: Option<String>,
        /// How its body is compressed.
        coding: Option<String>,
        kept: Kept,
        /// So many redirects led there.
        redirects: usize,
    },
    /// A command that ended with 0, and what it said; nothing where that is more than is kept of it.
    Command { said: Option<Vec<u8>> },
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) refused: bool,
    /// A status that came before the answer broke off.
    pub(crate) status: Option<u16>,
    pub(crate) message: String,
    /// What a command said.
    pub(crate) said: Vec<u8>,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            refused: false,
            status: None,
            message: message.into(),
            said: Vec::new(),
        }
    }

    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self {
            refused: true,
            ..Self::new(message)
        }
    }
}

impl From<Ended> for Failure {
    fn from(ended: Ended) -> Self {
        Self::new(match ended {
            Ended::Passed => "no answer in time".to_owned(),
            Ended::Signal(_) => ended.to_string(),
        })
    }
}

/// The text in one line, control characters as spaces, cut after so many characters.
pub(crate) fn one_line(text: &str, longest: usize) -> String {
    let clean = |character: char| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    };
    let text = text.trim();
    let mut line: String = text.chars().take(longest).map(clean).collect();
    if text.chars().nth(longest).is_some() {
        line.pop();
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn one_line_and_no_longer_than_asked() {
        assert_eq!(one_line(" a\nb\u{1b}[31m ", 20), "a b [31m");
        assert_eq!(one_line("äöüß", 4), "äöüß");
        assert_eq!(one_line("äöüßx", 4), "äöü…");
    }
}
