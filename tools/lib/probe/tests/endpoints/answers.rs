//! What is made of an answer.

use crate::*;

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
