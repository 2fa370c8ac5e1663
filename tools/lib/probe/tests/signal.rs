//! A signal ends a question that nobody answers. Alone in its file, for a signal is the whole process's.
#![allow(clippy::unwrap_used)]

use std::io::Read;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use deadline::{Deadline, interrupt};
use probe::{Question, Target, ask};

#[test]
fn a_signal_ends_the_wait_and_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0]).unwrap();
        interrupt::raise(15);
        // It is asked until the other side lets go.
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).ok();
    });
    let mut question = Question::new(Target::parse(&format!("http://127.0.0.1:{port}/")).unwrap());
    question.timeout = Duration::from_secs(3600);
    let answer = ask(&question, &Deadline::never());
    assert!(!answer.ok && !answer.refused, "{answer:?}");
    assert_eq!(answer.message, "ended by signal 15");
    server.join().unwrap();
}
