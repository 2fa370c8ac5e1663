//! One HTTP/1.1 question: a connection, a request, an answer; more of them only where redirects are to be followed.
//!
//! Small on purpose. It keeps no connection, asks for no compression, and holds no more of an answer than a buffer and what the question
//! wants to be kept, whatever the other side sends; every wait is the deadline's and a signal's.

mod body;
mod head;
mod incoming;
mod message;

use std::time::Instant;

use deadline::{Deadline, Ended};

use crate::answer::{Failure, Got};
use crate::url::Url;
use crate::wire::{Broken, Wire};
use crate::{Follow, Question, connect};
use body::Sink;
use head::Head;
use incoming::Incoming;
use message::Ask;

pub(crate) use body::{Kept, holds};

/// More redirects than this lead nowhere.
const REDIRECTS: usize = 5;

/// Asks; says too whether the endpoint is on this machine.
pub(crate) fn ask(
    url: &Url,
    question: &Question,
    began: Instant,
    deadline: &Deadline,
) -> (bool, Result<Got, Failure>) {
    let (local, connected) = connect::tcp(&url.endpoint, deadline);
    let ask = Ask {
        request: &question.request,
        at_home: true,
        only_look: false,
    };
    let turn = connected.and_then(|stream| exchange(url, stream, ask, question, began, deadline));
    (
        local,
        turn.and_then(|turn| follow(url, turn, ask, question, began, deadline)),
    )
}

/// Where one exchange has led.
enum Turn {
    Answer(Got),
    Redirect { status: u16, to: String },
}

fn follow(
    from: &Url,
    mut turn: Turn,
    mut ask: Ask<'_>,
    question: &Question,
    began: Instant,
    deadline: &Deadline,
) -> Result<Got, Failure> {
    let mut at = from.clone();
    let mut redirects = 0;
    loop {
        let (status, to) = match turn {
            Turn::Answer(Got::Http {
                status,
                location,
                coding,
                kept,
                ..
            }) => {
                return Ok(Got::Http {
                    status,
                    location,
                    coding,
                    kept,
                    redirects,
                });
            }
            Turn::Answer(other) => return Ok(other),
            Turn::Redirect { status, to } => (status, to),
        };
        let failed = |message: String| Failure {
            status: Some(status),
            ..Failure::new(message)
        };
        let next = at.join(&to).map_err(|why| {
            failed(format!(
                "it answered {status}: a redirect that leads nowhere: {why}"
            ))
        })?;
        if redirects == REDIRECTS {
            return Err(failed(format!(
                "more than {REDIRECTS} redirects, the last one to {}",
                next.shown()
            )));
        }
        let same_host = next.endpoint.host.eq_ignore_ascii_case(&from.endpoint.host);
        if question.request.follow != Follow::Anywhere
            && (!same_host || (at.secure && !next.secure))
        {
            return Err(failed(format!(
                "it answered {status}: a redirect to {}, which is {}",
                next.shown(),
                if same_host {
                    "no longer https"
                } else {
                    "another host"
                }
            )));
        }
        ask.at_home = next.is_same_origin(from);
        // What was given is for the origin that was asked: elsewhere it is only looked, with nothing sent along.
        ask.only_look |= matches!(status, 301..=303) || !ask.at_home;
        let named = |failure: Failure| Failure {
            refused: false,
            message: format!("redirected to {}: {}", next.shown(), failure.message),
            ..failure
        };
        let (_, connected) = connect::tcp(&next.endpoint, deadline);
        turn = connected
            .and_then(|stream| exchange(&next, stream, ask, question, began, deadline))
            .map_err(named)?;
        at = next;
        redirects += 1;
    }
}

fn exchange(
    url: &Url,
    stream: std::net::TcpStream,
    ask: Ask<'_>,
    question: &Question,
    began: Instant,
    deadline: &Deadline,
) -> Result<Turn, Failure> {
    let mut wire = if url.secure {
        let config = question.request.trust.config()?;
        let name = ask.server_name().unwrap_or(&url.endpoint.host);
        Wire::secure(stream, config, name, deadline)?
    } else {
        Wire::plain(stream)?
    };
    // Who refuses a body may answer and close before all of it is sent: then the answer counts.
    let sent = wire.write_all(&ask.bytes(url), deadline);
    if let Err(broken @ (Broken::Ended(_) | Broken::Tls(_))) = sent {
        return Err(Failure::new(broken.words()));
    }
    let mut incoming = Incoming::new(wire, began, deadline);
    let head = head::read(&mut incoming, ask.method() != "HEAD").map_err(|broken| {
        Failure::new(match broken {
            Broken::Closed => "it closed the connection without an answer".to_owned(),
            other => other.words(),
        })
    })?;
    if let Some(to) = redirect(&head, question) {
        return Ok(Turn::Redirect {
            status: head.status,
            to,
        });
    }
    let answered = began.elapsed();
    let mut sink = Sink::new(question.body_limit, question.stream, &question.texts);
    let Head {
        status,
        framing,
        location,
        coding,
    } = head;
    body::read(&mut incoming, framing, &mut sink).map_err(|broken| {
        let how = match broken {
            Broken::Ended(Ended::Passed) => "no end of it in time".to_owned(),
            Broken::Closed => "it closed the connection before its end".to_owned(),
            other => other.words(),
        };
        Failure {
            status: Some(status),
            ..Failure::new(format!(
                "it answered {status}, but its body broke off: {how}"
            ))
        }
    })?;
    let mut kept = sink.kept();
    kept.first_byte.get_or_insert(answered);
    Ok(Turn::Answer(Got::Http {
        status,
        location,
        coding,
        kept,
        redirects: 0,
    }))
}

/// Where to ask next, where that answer is to be followed.
fn redirect(head: &Head, question: &Question) -> Option<String> {
    let to = head.location.clone()?;
    let is_redirect = matches!(head.status, 301 | 302 | 303 | 307 | 308);
    let wanted = question.wanted();
    (is_redirect && question.request.follow != Follow::Never && !wanted.contain(head.status))
        .then_some(to)
}
