//! One question to an endpoint, one answer.
//!
//! [`ask`] never panics, always ends by its deadline (a signal ends it too), follows no redirect unless told to, takes no proxy from the
//! environment, asks for no compression, keeps no connection and tries every address that `localhost` has. A local port that refuses costs
//! one `connect`, so that a caller may look every few milliseconds.
//!
//! An answer is either well or not: what is expected is part of the [`Question`], and an answer that came but was not
//! what was expected, came too late or was cut short is not well. [`Answer::message`] says which, in words for a report.

mod answer;
mod command;
mod connect;
mod expect;
mod headers;
mod http;
mod in_time;
pub mod json;
mod question;
mod request;
mod statuses;
mod target;
mod tls;
mod url;
mod wire;

use std::time::Instant;

use deadline::Deadline;

use answer::{Failure, Got};
use target::Kind;

pub use answer::Answer;
pub use headers::Headers;
pub use json::JsonExpectation;
pub use question::{BODY_LIMIT, Question};
pub use request::{Follow, Method, Request, ServerName};
pub use statuses::Statuses;
pub use target::{Network, Target, TargetError};
pub use tls::Trust;

/// Asks once and waits for the answer: until the question's own time limit, the deadline or a signal, whichever is first.
pub fn ask(question: &Question, deadline: &Deadline) -> Answer {
    let deadline = deadline.or_after(question.timeout);
    let begin = Instant::now();
    let (local, outcome) = match deadline.check() {
        Ok(()) => get(question, begin, &deadline),
        Err(ended) => (false, Err(Failure::from(ended))),
    };
    expect::judge(question, local, begin.elapsed(), outcome)
}

/// Whether the endpoint is on this machine, and what it gave.
fn get(question: &Question, began: Instant, deadline: &Deadline) -> (bool, Result<Got, Failure>) {
    match question.target.kind() {
        Kind::Http(url) => http::ask(url, question, began, deadline),
        Kind::Tcp(endpoint) => {
            let (local, connected) = connect::tcp(endpoint, deadline);
            (local, connected.map(|_| Got::Open))
        }
        Kind::Unix(path) => (true, connect::unix(path).map(|()| Got::Open)),
        Kind::Command(line) => (true, command::ask(line, question.body_limit, deadline)),
    }
}
