//! A question to PM2's daemon, over the socket and in the words that PM2's own command uses.
//!
//! `pm2` is a Node program: each call of it costs some tenths of a second, and starts the daemon where there is none. The
//! daemon itself answers within some milliseconds. A message is one byte (the version, 1, in the high half; the number of
//! parts in the low one), then each part behind its length, four bytes, the highest first. A part is `j:` and JSON, or
//! `s:` and text. The last part is the question's name, which the answer repeats.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use deadline::{Deadline, Ended, Local, LocalError};
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use serde_json::{Value, json};

/// How long a connection, a question or an answer may take at most. The daemon does one thing at a time, but none of those that are
/// asked for takes long, save a stop, for which nobody waits here.
const ANSWER: Duration = Duration::from_secs(10);
/// More than any list of processes takes.
const LARGEST: u32 = 64 << 20;
/// The version of the format, and how many parts a question has.
const VERSION: u8 = 1;

/// A connection to a daemon.
#[derive(Debug)]
pub(super) struct Wire {
    local: Local,
    /// The process that listens on the socket, by the kernel's word.
    pub(super) daemon: Option<u32>,
    asked: u64,
}

/// Why there was no answer.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// The deadline passed, or a signal came.
    Ended(Ended),
    /// The connection broke, or what came is none of its messages.
    Broken(String),
    /// The daemon understood, and refused.
    Refused(String),
}

impl Wire {
    /// Connects; nothing where no daemon listens. Never starts one.
    pub(super) fn connect(socket: &Path, deadline: &Deadline) -> Result<Option<Self>, LocalError> {
        let local = match Local::connect(socket, &deadline.or_after(ANSWER)) {
            Ok(local) => local,
            Err(LocalError::Io(error))
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::NotADirectory
                ) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let peer = getsockopt(&local, PeerCredentials).ok();
        Ok(Some(Self {
            daemon: peer.and_then(|peer| u32::try_from(peer.pid()).ok()),
            local,
            asked: 0,
        }))
    }

    /// Asks, and waits for the answer.
    pub(super) fn ask(
        &mut self,
        method: &str,
        arguments: &[Value],
        deadline: &Deadline,
    ) -> Result<Value, NoAnswer> {
        let question = self.say(method, arguments, deadline)?;
        let limit = deadline.or_after(ANSWER);
        loop {
            let (answer, of) = self.message(&limit, deadline)?;
            // An earlier question's, for whose answer nobody waited.
            if of != question {
                continue;
            }
            if let Some(error) = answer.get("error") {
                let said = error
                    .as_str()
                    .map_or_else(|| error.to_string(), str::to_owned);
                return Err(NoAnswer::Refused(said));
            }
            return Ok(answer.pointer("/args/0").cloned().unwrap_or_default());
        }
    }

    /// Asks, and does not wait for the answer. What is asked next is answered after this was begun.
    pub(super) fn say(
        &mut self,
        method: &str,
        arguments: &[Value],
        deadline: &Deadline,
    ) -> Result<String, NoAnswer> {
        self.asked += 1;
        let name = format!("slipway:{}", self.asked);
        let call = json!({"type": "call", "method": method, "args": arguments});
        let message = encode(&[format!("j:{call}"), format!("s:{name}")]);
        self.local
            .send(&message, &deadline.or_after(ANSWER))
            .map_err(|error| NoAnswer::of(error, deadline))?;
        Ok(name)
    }

    /// The next message: what it says, and the name of the question that it answers.
    fn message(
        &mut self,
        limit: &Deadline,
        deadline: &Deadline,
    ) -> Result<(Value, String), NoAnswer> {
        let strange = || NoAnswer::Broken("it answers in another form than PM2's".to_owned());
        let head = self.bytes(1, limit, deadline)?;
        let meta = head.first().copied().unwrap_or_default();
        if meta >> 4 != VERSION {
            return Err(strange());
        }
        let (mut answer, mut name) = (Value::Null, String::new());
        for _ in 0..meta & 0xf {
            let length = self.bytes(4, limit, deadline)?;
            let length = length.try_into().map_or(u32::MAX, u32::from_be_bytes);
            if length > LARGEST {
                return Err(strange());
            }
            let part = self.bytes(length as usize, limit, deadline)?;
            match part.split_at_checked(2) {
                Some((b"j:", json)) => {
                    answer = serde_json::from_slice(json).map_err(|_| strange())?;
                }
                Some((b"s:", text)) => name = String::from_utf8_lossy(text).into_owned(),
                _ => return Err(strange()),
            }
        }
        Ok((answer, name))
    }

    fn bytes(
        &mut self,
        count: usize,
        limit: &Deadline,
        deadline: &Deadline,
    ) -> Result<Vec<u8>, NoAnswer> {
        let mut bytes = vec![0; count];
        let mut filled = 0;
        while filled < count {
            let received = self.local.receive(&mut bytes[filled..], limit);
            match received.map_err(|error| NoAnswer::of(error, deadline))? {
                0 => return Err(NoAnswer::Broken("it closed the connection".to_owned())),
                received => filled += received,
            }
        }
        Ok(bytes)
    }
}

impl NoAnswer {
    /// The limit of one answer may have passed before the caller's deadline.
    pub(super) fn of(error: LocalError, deadline: &Deadline) -> Self {
        match error {
            LocalError::Ended(Ended::Passed) if deadline.check().is_ok() => {
                let limit = ANSWER.as_secs();
                Self::Broken(format!("PM2's daemon gave no answer within {limit} s"))
            }
            LocalError::Ended(ended) => Self::Ended(ended),
            LocalError::Io(error) => Self::Broken(error.to_string()),
        }
    }
}

/// A message of these parts; there are never more than fifteen.
fn encode(parts: &[String]) -> Vec<u8> {
    let count = u8::try_from(parts.len()).unwrap_or(0xf) & 0xf;
    let mut message = vec![VERSION << 4 | count];
    for part in parts {
        message.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        message.extend(part.as_bytes());
    }
    message
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;
    use std::time::Instant;

    fn connected(socket: &Path) -> Result<Option<Wire>, LocalError> {
        Wire::connect(socket, &Deadline::never())
    }

    /// A daemon that sends these bytes once it was asked, and what comes of the question.
    fn answered(name: &str, bytes: Vec<u8>) -> Result<Value, NoAnswer> {
        let socket =
            std::env::temp_dir().join(format!("slipway-wire-{}-{name}", std::process::id()));
        let _ = std::fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).unwrap();
        let daemon = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut question = [0; 16];
            let _ = stream.read(&mut question).unwrap();
            stream.write_all(&bytes).unwrap();
        });
        let mut wire = connected(&socket).unwrap().unwrap();
        assert_eq!(wire.daemon, Some(std::process::id()));
        let answer = wire.ask("getMonitorData", &[], &Deadline::never());
        daemon.join().unwrap();
        std::fs::remove_file(socket).unwrap();
        answer
    }

    #[test]
    fn an_answer_is_taken_by_its_name() {
        let mut bytes = encode(&[r#"j:{"args":["late"]}"#.into(), "s:slipway:0".into()]);
        bytes.extend(encode(&[
            r#"j:{"args":[[1]]}"#.into(),
            "s:slipway:1".into(),
        ]));
        assert_eq!(answered("name", bytes).unwrap(), json!([1]));
    }

    #[test]
    fn a_refusal_and_what_is_no_answer() {
        let refused = encode(&[
            r#"j:{"error":"no such method"}"#.into(),
            "s:slipway:1".into(),
        ]);
        assert!(
            matches!(answered("refused", refused), Err(NoAnswer::Refused(said)) if said == "no such method")
        );
        for (name, bytes) in [
            ("closed", vec![]),
            ("http", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
            ("large", vec![0x12, 0xff, 0xff, 0xff, 0xff]),
            ("half", vec![0x12, 0, 0, 0, 9, b'j']),
        ] {
            assert!(
                matches!(answered(name, bytes), Err(NoAnswer::Broken(_))),
                "{name}"
            );
        }
    }

    #[test]
    fn where_nobody_listens_there_is_no_daemon() {
        let socket =
            std::env::temp_dir().join(format!("slipway-wire-{}-nobody", std::process::id()));
        assert!(connected(&socket).unwrap().is_none());
        drop(UnixListener::bind(&socket).unwrap());
        assert!(connected(&socket).unwrap().is_none());
        std::fs::remove_file(socket).unwrap();
    }

    #[test]
    fn a_daemon_that_hangs_is_left_at_the_deadline() {
        let socket = std::env::temp_dir().join(format!("slipway-wire-{}-hung", std::process::id()));
        let _ = std::fs::remove_file(&socket);
        let hung = UnixListener::bind(&socket).unwrap();
        let mut wire = connected(&socket).unwrap().unwrap();
        let began = Instant::now();
        let soon = || Deadline::after(Duration::from_millis(50));
        // More than the socket takes by itself.
        let long = [json!("x".repeat(2 << 20))];
        for arguments in [&[][..], &long] {
            let answer = wire.ask("getMonitorData", arguments, &soon());
            assert!(matches!(answer, Err(NoAnswer::Ended(Ended::Passed))));
        }
        assert!(began.elapsed() < ANSWER);
        drop(hung);
        std::fs::remove_file(socket).unwrap();
    }
}
