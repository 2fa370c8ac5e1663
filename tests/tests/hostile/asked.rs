//! How it is asked, and what of the answer counts.

use super::{look, unwell, well};
use slipway_tests::hostile::{request, serve};
use slipway_tests::{Ended, tool};
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, channel};
use std::thread::sleep;
use std::time::Duration;

const SECRET: &str = "s3cret";

/// Answers every request with 200 and its own text, and tells it.
fn echo() -> (u16, Receiver<String>) {
    let (sender, receiver) = channel();
    let port = serve(move |mut stream| {
        let mut text = String::from_utf8(request(&mut stream)).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse::<usize>().unwrap());
        let mut rest = vec![0; length - body.len()];
        stream.read_exact(&mut rest).unwrap();
        text.push_str(&String::from_utf8(rest).unwrap());
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        sender.send(text).ok();
    });
    (port, receiver)
}

fn no_secret(ended: &Ended) {
    let everything = format!("{}{}", ended.stdout, ended.stderr);
    assert!(!everything.contains(SECRET), "{everything}");
}

#[test]
fn a_plain_look_says_who_looks() {
    let (port, asked) = echo();
    well(&[&format!("http://127.0.0.1:{port}/x?y=1")]);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        asked.recv().unwrap(),
        format!(
            "GET /x?y=1 HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nuser-agent: slipway-healthwait/{version}\r\n\
             accept: */*\r\nconnection: close\r\n\r\n"
        )
    );
}

#[test]
fn headers_are_sent_and_never_shown() {
    let (port, asked) = echo();
    let directory = std::env::temp_dir().join(format!("asked-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("headers");
    std::fs::write(
        &file,
        format!("# who asks\nAuthorization: Bearer {SECRET}1\n\n"),
    )
    .unwrap();
    let ended = tool("healthwait")
        .arg(format!("http://me:{SECRET}0@127.0.0.1:{port}/"))
        .args(["--header-file", file.to_str().unwrap()])
        .env(
            "HEALTHWAIT_HEADER",
            format!("X-One: {SECRET}2\nX-Two: {SECRET}3"),
        )
        .stderr_any()
        .run(0);
    no_secret(&ended);
    let request = asked.recv().unwrap();
    for line in [
        "Authorization: Bearer s3cret1",
        "X-One: s3cret2",
        "X-Two: s3cret3",
    ] {
        assert!(request.contains(&format!("\r\n{line}\r\n")), "{request}");
    }
    assert!(!request.contains("Basic"), "{request}");
    for (option, value) in [
        ("--header", SECRET.to_owned()),
        ("--header", format!("Content-Length: {SECRET}")),
        ("--header", format!("X: {SECRET}\u{7}")),
    ] {
        no_secret(&look(&["http://127.0.0.1:1/", option, &value], 2));
    }
    std::fs::write(&file, format!("X-A: b\n{SECRET}\n")).unwrap();
    let ended = look(
        &[
            "http://127.0.0.1:1/",
            "--header-file",
            file.to_str().unwrap(),
        ],
        2,
    );
    no_secret(&ended);
    assert!(ended.text("/error/message").contains("headers, line 2: "));
    std::fs::remove_dir_all(&directory).unwrap();
}

/// A token for the application's own endpoint is for nobody else.
#[test]
fn the_applications_headers_go_to_its_own_endpoint_alone() {
    let file = std::env::temp_dir().join(format!("health-headers-{}", std::process::id()));
    std::fs::write(&file, format!("X-Key: {SECRET}")).unwrap();
    let ((home, at_home), (other, elsewhere)) = (echo(), echo());
    let urls = [
        format!("http://127.0.0.1:{home}/deep"),
        format!("http://127.0.0.1:{other}/"),
    ];
    let run = |targets: &[String]| {
        tool("healthwait")
            .args(targets)
            .env(
                "DEPLOY_HEALTH_URL",
                format!("http://127.0.0.1:{home}/health"),
            )
            .env("DEPLOY_HEALTH_HEADER_FILE", &file)
            .stderr_any()
            .run(0)
    };
    run(&urls);
    assert!(at_home.recv().unwrap().contains(SECRET));
    assert!(!elsewhere.recv().unwrap().contains(SECRET));
    run(&[]);
    assert!(at_home.recv().unwrap().contains(SECRET));
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn a_body_and_a_method() {
    let (port, asked) = echo();
    let url = format!("http://127.0.0.1:{port}/");
    let body = r#"{"q":"2+2"}"#;
    well(&[&url, "--body", body, "--expect-body", body]);
    let request = asked.recv().unwrap();
    assert!(
        request.starts_with("POST / ") && request.contains("content-type: application/json\r\n"),
        "{request}"
    );
    // Longer than any buffer between the two.
    let file = std::env::temp_dir().join(format!("body-{}", std::process::id()));
    std::fs::write(&file, "x".repeat(20_000)).unwrap();
    well(&[
        &url,
        "--method",
        "PUT",
        "--body-file",
        file.to_str().unwrap(),
    ]);
    let request = asked.recv().unwrap();
    assert!(request.starts_with("PUT / ") && request.ends_with(&"x".repeat(20_000)));
    std::fs::remove_file(&file).unwrap();
    look(&[&url, "--body", "x", "--body-file", "/dev/null"], 2);
    look(&[&url, "--method", "G ET"], 2);
}

#[test]
fn a_body_that_is_refused_before_it_is_sent() {
    let port = serve(|mut stream| {
        stream
            .write_all(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")
            .unwrap();
        // Not read, it becomes a reset: perhaps while the rest is still being sent.
        sleep(Duration::from_millis(50));
    });
    let file = std::env::temp_dir().join(format!("refused-{}", std::process::id()));
    std::fs::write(&file, vec![b'x'; 1000]).unwrap();
    let ended = look(
        &[
            &format!("http://127.0.0.1:{port}/"),
            "--body-file",
            file.to_str().unwrap(),
        ],
        1,
    );
    assert_eq!(ended.at("/targets/0/status"), 413);
    std::fs::remove_file(&file).unwrap();
}

/// Redirects by the path that is asked for, and answers the request's text at last.
fn redirecting(to: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> u16 {
    serve(move |mut stream| {
        let text = String::from_utf8(request(&mut stream)).unwrap();
        let path = text.split(' ').nth(1).unwrap();
        let answer = match to(path) {
            Some(to) => {
                format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
            }
            None => format!("HTTP/1.1 200 OK\r\n\r\n{text}"),
        };
        stream.write_all(answer.as_bytes()).ok();
    })
}

#[test]
fn redirects_are_followed_where_that_was_said_and_secrets_stay() {
    let other = redirecting(|_| None);
    let port = redirecting(move |path| match path {
        "/a" => Some("b?c".to_owned()),
        "/elsewhere" => Some(format!("http://127.0.0.1:{other}/")),
        _ => None,
    });
    let url = |path: &str| format!("http://127.0.0.1:{port}{path}");
    let message = unwell(&[&url("/a")]);
    assert!(
        message.contains("it answered 302: not a 2xx but a redirect to b?c"),
        "{message}"
    );
    well(&[&url("/a#302")]);
    well(&[&url("/a#302"), "--follow", "host"]);
    let secret = format!("X-Key: {SECRET}");
    let follow = ["--follow", "host", "--header", &secret];
    let at_home = well(
        &[
            &[url("/a").as_str()][..],
            &follow,
            &["--expect-body", "/b?c HTTP", "--expect-body", SECRET],
        ]
        .concat(),
    );
    assert!(
        at_home
            .text("/targets/0/message")
            .starts_with("it answered 200 after a redirect in ")
    );
    // The same host, and yet another server.
    let message = unwell(
        &[
            &[url("/elsewhere").as_str()][..],
            &follow,
            &["--expect-body", SECRET],
        ]
        .concat(),
    );
    assert!(message.contains("is not in its body"), "{message}");
    look(&[&url("/a"), "--follow", "everywhere"], 2);
}

/// A stream as a model's answer comes: the head at once, then an event at a time, each once the one before was taken or a moment has passed.
fn streaming(buffered: bool, ends: bool) -> u16 {
    serve(move |mut stream| {
        request(&mut stream);
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        let events: Vec<String> = (0..6)
            .map(|number| format!("data: {number}\n\n"))
            .chain(["data: [DONE]\n\n".to_owned()])
            .collect();
        stream.write_all(head.as_bytes()).ok();
        if buffered {
            sleep(Duration::from_millis(600));
        }
        for event in &events {
            let chunk = format!("{:x}\r\n{event}\r\n", event.len());
            stream.write_all(chunk.as_bytes()).ok();
            if !buffered {
                sleep(Duration::from_millis(100));
            }
        }
        if ends {
            stream.write_all(b"0\r\n\r\n").ok();
        }
    })
}

#[test]
fn a_stream_that_begins_soon_and_ends() {
    let url = format!("http://127.0.0.1:{}/", streaming(false, true));
    let stream = ["--stream", "--expect-body", "[DONE]", "--body-limit", "10"];
    let ended = well(&[&[url.as_str()][..], &stream, &["--max-latency", "30s"]].concat());
    let (first, whole) = (
        ended.at("/targets/0/firstByteMs"),
        ended.at("/targets/0/latencyMs"),
    );
    assert!(first.as_u64() < whole.as_u64(), "{first} {whole}");
    let message = unwell(&[&[url.as_str()][..], &stream, &["--max-latency", "100ms"]].concat());
    assert!(message.contains("more than 100 ms"), "{message}");
}

#[test]
fn a_stream_that_is_held_back() {
    let url = format!("http://127.0.0.1:{}/", streaming(true, true));
    well(&[&url, "--stream"]);
    let message = unwell(&[&url, "--stream", "--max-first-byte", "500ms"]);
    assert!(message.contains("its first byte came after "), "{message}");
}

#[test]
fn a_stream_that_breaks_off_or_never_was() {
    let url = format!("http://127.0.0.1:{}/", streaming(false, false));
    assert!(unwell(&[&url, "--stream"]).contains("before its end"));
    let empty = redirecting(|_| None);
    well(&[&format!("http://127.0.0.1:{empty}/"), "--stream"]);
    let port = serve(|mut stream| {
        request(&mut stream);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .ok();
    });
    assert!(
        unwell(&[&format!("http://127.0.0.1:{port}/"), "--stream"])
            .contains("nothing was streamed")
    );
}

#[test]
fn an_average_that_is_too_slow() {
    let delayed = |milliseconds| {
        serve(move |mut stream| {
            request(&mut stream);
            sleep(Duration::from_millis(milliseconds));
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .ok();
        })
    };
    let url = |port| format!("http://127.0.0.1:{port}/");
    let (quick, slow) = (url(delayed(0)), url(delayed(400)));
    let ended = well(&[&quick, &slow, "--max-average-latency", "30s"]);
    assert!(ended.at("/averageLatencyMs").as_u64().unwrap() >= 200);
    let message = unwell(&[&quick, &slow, "--max-average-latency", "199ms"]);
    assert!(
        message.contains("on average the answers took "),
        "{message}"
    );
}
