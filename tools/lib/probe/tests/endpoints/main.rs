//! Real endpoints: each gives a kind of answer, or of trouble, that a deploy meets.
#![allow(clippy::unwrap_used)]

mod answers;
mod reached;

use std::io::{Read, Write};
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use deadline::Deadline;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, getsockname, socket};
use probe::{Answer, JsonExpectation, Question, Target, ask};

/// Long enough never to be what decides.
const PLENTY: Duration = Duration::from_secs(60);

fn asked(target: &str) -> Answer {
    ask(&question(target), &Deadline::after(PLENTY))
}

fn question(target: &str) -> Question {
    let mut question = Question::new(Target::parse(target).unwrap());
    question.timeout = PLENTY;
    question
}

/// Answers one connection after another with these bytes, once it has read the request's head.
fn server(address: &str, answers: Vec<Vec<u8>>) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind(address).unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = move || {
        let serve_one = |answer: Vec<u8>| {
            let (mut stream, _) = listener.accept().unwrap();
            let request = head(&mut stream);
            stream.write_all(&answer).ok();
            request
        };
        answers.into_iter().map(serve_one).collect()
    };
    (port, thread::spawn(serve))
}

fn head(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut one = [0];
    while !bytes.ends_with(b"\r\n\r\n") && stream.read(&mut one).unwrap_or(0) == 1 {
        bytes.push(one[0]);
    }
    String::from_utf8(bytes).unwrap()
}

fn http(status: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn answered(answer: Vec<u8>) -> Answer {
    let (port, server) = server("127.0.0.1:0", vec![answer]);
    let answer = asked(&format!("http://127.0.0.1:{port}/health"));
    server.join().unwrap();
    answer
}
