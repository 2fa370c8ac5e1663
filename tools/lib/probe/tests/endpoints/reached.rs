//! Whether anybody is there to answer, and how long that is waited for.

use crate::*;

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
