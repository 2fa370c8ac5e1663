//! Real endpoints: each gives a kind of answer, or of trouble, that a deploy meets.
#![allow(clippy::unwrap_used)]

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

#[test]
fn a_good_answer_over_one_connection_that_is_not_kept() {
    let (port, server) = server("127.0.0.1:0", vec![http("200 OK", "fine")]);
    let answer = asked(&format!("http://127.0.0.1:{port}/health?deep=1"));
    let requests = server.join().unwrap();
    assert!(answer.ok && answer.local && !answer.refused, "{answer:?}");
    assert_eq!(answer.status, Some(200));
    assert_eq!(answer.body, b"fine");
    let request = requests[0].to_ascii_lowercase();
    assert!(
        request.starts_with("get /health?deep=1 http/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains(&format!("\r\nhost: 127.0.0.1:{port}\r\n")),
        "{request}"
    );
    assert!(request.contains("\r\nconnection: close\r\n"), "{request}");
}

#[test]
fn an_error_page_is_not_well_and_its_body_is_kept() {
    let answer = answered(http("500 Internal Server Error", "no database"));
    assert!(!answer.ok && !answer.refused);
    assert_eq!(answer.status, Some(500));
    assert_eq!(answer.body, b"no database");
    let told = "it answered 500: not a 2xx; it says: no database";
    assert_eq!(answer.message, told);
    for silent in ["", "<!DOCTYPE html>\n<title>Oops</title>"] {
        let answer = answered(http("502 Bad Gateway", silent));
        assert_eq!(answer.message, "it answered 502: not a 2xx");
    }
    let json = answered(http("503 Busy", "{\n  \"db\": \"\u{1b}[31mdown\"\n}\n"));
    assert!(
        json.message
            .ends_with("; it says: { \"db\": \" [31mdown\" }"),
        "{json:?}"
    );
    let long = answered(http("500 Oops", &"word ".repeat(1000)));
    assert!(
        long.message.chars().count() < 250 && long.message.ends_with('…'),
        "{long:?}"
    );
}

#[test]
fn a_redirect_is_not_followed() {
    let moved =
        b"HTTP/1.1 301 Moved\r\nlocation: http://192.0.2.1/\r\ncontent-length: 0\r\n\r\n".to_vec();
    let (port, server) = server("127.0.0.1:0", vec![moved]);
    let answer = asked(&format!("http://127.0.0.1:{port}/old#301"));
    server.join().unwrap();
    assert!(answer.ok, "{answer:?}");
    assert_eq!(answer.status, Some(301));
}

#[test]
fn a_body_is_for_the_origin_that_was_asked() {
    let (elsewhere, other) = server("127.0.0.1:0", vec![http("200 OK", "")]);
    let moved = format!(
        "HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:{elsewhere}/x?token=there\r\ncontent-length: 0\r\n\r\n"
    );
    let (port, first) = server("127.0.0.1:0", vec![moved.into_bytes()]);
    let mut question = question(&format!("http://127.0.0.1:{port}/login?token=here"));
    question.request.body = Some(b"s3cret".to_vec());
    question.request.follow = probe::Follow::Anywhere;
    let answer = ask(&question, &Deadline::after(PLENTY));
    assert!(answer.ok, "{answer:?}");
    assert!(first.join().unwrap()[0].starts_with("POST /login?token=here "));
    let asked = other.join().unwrap().remove(0);
    assert!(asked.starts_with("GET /x?token=there "), "{asked}");
    assert!(!asked.contains("content-length"), "{asked}");
}

#[test]
fn where_a_redirect_leads_is_told_without_its_values() {
    let moved =
        b"HTTP/1.1 302 Found\r\nlocation: /in?token=s3cret&next=1\r\ncontent-length: 0\r\n\r\n";
    let answer = answered(moved.to_vec());
    assert!(
        answer
            .message
            .ends_with("a redirect to /in?token=***&next=***"),
        "{}",
        answer.message
    );
}

#[test]
fn a_body_that_is_cut_short_is_not_well() {
    let answer = answered(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec());
    assert!(!answer.ok, "{answer:?}");
    assert_eq!(answer.status, Some(200));
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n".to_vec();
    assert!(!answered(chunked).ok);
}

#[test]
fn what_is_not_http_and_what_closes_without_a_word() {
    let other = answered(b"220 mail.example ESMTP\r\n".to_vec());
    assert!(
        !other.ok && !other.refused && other.status.is_none(),
        "{other:?}"
    );
    let silent = answered(Vec::new());
    assert!(
        !silent.ok && !silent.refused && silent.status.is_none(),
        "{silent:?}"
    );
}

#[test]
fn a_body_without_end_is_read_up_to_the_limit() {
    let mut endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    endless.resize(probe::BODY_LIMIT + 100_000, b'x');
    let (port, server) = server("127.0.0.1:0", vec![endless.clone(), endless]);
    let target = format!("http://127.0.0.1:{port}/");
    let answer = asked(&target);
    assert!(answer.ok, "{}", answer.message);
    assert_eq!(answer.body.len(), probe::BODY_LIMIT);
    let mut strict = question(&target);
    strict.json = vec![JsonExpectation::parse("/a=1").unwrap()];
    let answer = ask(&strict, &Deadline::after(PLENTY));
    assert_eq!(
        answer.message,
        "it answered 200: its body is longer than 1 MiB"
    );
    server.join().unwrap();
}

#[test]
fn what_stands_in_the_body() {
    let body = r#"{"status":"degraded","inFlight":3}"#;
    let (port, server) = server(
        "127.0.0.1:0",
        vec![http("200 OK", body), http("200 OK", body)],
    );
    let mut question = question(&format!("http://127.0.0.1:{port}/"));
    question.json = vec![JsonExpectation::parse("/inFlight=3").unwrap()];
    let answer = ask(&question, &Deadline::after(PLENTY));
    assert!(answer.ok);
    assert_eq!(answer.body, body.as_bytes());
    question
        .json
        .push(JsonExpectation::parse("/status=ok").unwrap());
    let answer = ask(&question, &Deadline::after(PLENTY));
    assert_eq!(
        answer.message,
        r#"it answered 200: /status is "degraded", not ok"#
    );
    server.join().unwrap();
}

/// A port that nobody listens on, and that nobody else is given while it is held: it is bound and does not listen.
fn closed_port() -> (u16, OwnedFd) {
    let held = socket(
        AddressFamily::Inet,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )
    .unwrap();
    bind(held.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, 0)).unwrap();
    let name: SockaddrIn = getsockname(held.as_raw_fd()).unwrap();
    (name.port(), held)
}

#[test]
fn a_closed_port_refuses_and_says_so() {
    let (port, _held) = closed_port();
    for target in [
        format!("http://127.0.0.1:{port}/"),
        format!("tcp://localhost:{port}"),
        format!("https://localhost:{port}/"),
    ] {
        let answer = asked(&target);
        assert!(
            !answer.ok && answer.refused && answer.local,
            "{target} {answer:?}"
        );
        assert!(
            answer.message.starts_with("connection refused by "),
            "{}",
            answer.message
        );
    }
}

#[test]
fn localhost_is_found_on_either_family() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        if address.starts_with('[') && TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
            // A kernel without IPv6: nothing can listen there.
            continue;
        }
        let (port, server) = server(address, vec![http("200 OK", "")]);
        let answer = asked(&format!("http://localhost:{port}/"));
        assert!(answer.ok && answer.local, "{address} {answer:?}");
        assert!(
            server.join().unwrap()[0]
                .to_ascii_lowercase()
                .contains(&format!("host: localhost:{port}"))
        );
    }
}

#[test]
fn an_open_port_is_all_that_tcp_asks_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let answer = asked(&format!(
        "tcp://127.0.0.1:{}",
        listener.local_addr().unwrap().port()
    ));
    assert!(answer.ok && answer.local, "{answer:?}");
}

#[test]
fn silence_ends_with_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let begin = Instant::now();
    let answer = ask(
        &question(&format!("http://127.0.0.1:{port}/")),
        &Deadline::after(Duration::from_millis(50)),
    );
    assert_eq!(answer.message, "no answer in time");
    assert!(!answer.ok && !answer.refused && answer.status.is_none());
    assert!(
        begin.elapsed() < PLENTY,
        "the question's own limit did not decide"
    );
    let mut short = question(&format!("https://127.0.0.1:{port}/"));
    short.timeout = Duration::from_millis(50);
    let answer = ask(&short, &Deadline::never());
    assert!(!answer.ok && answer.latency < PLENTY, "{answer:?}");
}

#[test]
fn a_body_that_stalls_ends_with_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        head(&mut stream);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")
            .unwrap();
        // Until the other side gives up.
        stream.read_exact(&mut [0]).ok();
    });
    let answer = ask(
        &question(&format!("http://127.0.0.1:{port}/")),
        &Deadline::after(Duration::from_millis(200)),
    );
    server.join().unwrap();
    assert!(!answer.ok && !answer.refused, "{answer:?}");
}

#[test]
fn a_passed_deadline_asks_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    for target in [
        format!("http://127.0.0.1:{port}/"),
        format!("tcp://127.0.0.1:{port}"),
        "command:exit 0".to_owned(),
    ] {
        let answer = ask(&question(&target), &Deadline::after(Duration::ZERO));
        assert!(!answer.ok, "{target} {answer:?}");
    }
    assert!(listener.accept().is_err(), "nobody connected");
}

#[test]
fn plain_text_where_a_secure_connection_was_expected() {
    let (port, server) = server("127.0.0.1:0", vec![]);
    drop(server.join());
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let serve = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut some = [0; 5];
        stream.read_exact(&mut some).ok();
        stream.write_all(&http("200 OK", "plain")).ok();
    });
    let answer = asked(&format!("https://127.0.0.1:{port}/"));
    serve.join().unwrap();
    assert!(
        !answer.ok && !answer.refused && answer.status.is_none(),
        "{answer:?}"
    );
}

#[test]
fn a_name_that_nobody_has() {
    let answer = ask(
        &question("http://no-such-host.invalid/"),
        &Deadline::after(Duration::from_secs(20)),
    );
    assert!(!answer.ok && !answer.refused && !answer.local, "{answer:?}");
}

/// Connecting over and over to a port that nobody listens on must never end up connected to itself.
#[test]
fn nobody_is_there_however_often_one_looks() {
    let low: u16 = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .unwrap_or(32768);
    // Ports from which outgoing connections are made, hence the ones that can be met by chance.
    for port in low..low + 2000 {
        let answer = asked(&format!("tcp://127.0.0.1:{port}"));
        if answer.ok {
            // Then somebody else must really be there.
            assert!(TcpListener::bind(("127.0.0.1", port)).is_err(), "{port}");
        }
    }
}
