//! Who is believed.

use super::{look, unwell, well};
use slipway_tests::hostile::{certificate, serve_secure};
use slipway_tests::tool;

fn answer(request: &[u8]) -> Vec<u8> {
    let request = String::from_utf8_lossy(request).to_ascii_lowercase();
    let host = request
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap()
        .to_owned();
    let body = format!(r#"{{"host":"{host}"}}"#);
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[test]
fn an_authority_of_a_file_and_nobody_else() {
    let authority = certificate("authority.pem");
    let authority = authority.to_str().unwrap();
    let good = serve_secure("good", answer);
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("https://{host}:{good}/");
        well(&[&url, "--ca-file", authority]);
    }
    let url = format!("https://localhost:{good}/");
    let message = unwell(&[&url]);
    assert!(
        message.contains("an authority that is not trusted here"),
        "{message}"
    );
    let self_signed = certificate("self-signed.pem");
    let message = unwell(&[&url, "--ca-file", self_signed.to_str().unwrap()]);
    assert!(
        message.contains("an authority that is not trusted here"),
        "{message}"
    );
}

#[test]
fn a_self_signed_certificate_that_stands_in_the_file() {
    let url = format!("https://localhost:{}/", serve_secure("self-signed", answer));
    let file = certificate("self-signed.pem");
    well(&[&url, "--ca-file", file.to_str().unwrap()]);
    let other = ["--server-name", "other.example"];
    let message = unwell(&[
        &url,
        "--ca-file",
        file.to_str().unwrap(),
        other[0],
        other[1],
    ]);
    assert!(
        message.contains("its certificate is not for other.example, but for localhost"),
        "{message}"
    );
    assert!(unwell(&[&url]).contains("its certificate is self-signed"));
}

#[test]
fn another_name_than_the_urls() {
    let port = serve_secure("good", answer);
    let authority = certificate("authority.pem");
    let common = ["--ca-file", authority.to_str().unwrap()];
    let url = format!("https://127.0.0.1:{port}/");
    let expected = format!("/host=shop.example:{port}");
    let named = ["--server-name", "shop.example", "--expect-json", &expected];
    well(&[&[url.as_str()][..], &common, &named].concat());
    let message = unwell(
        &[
            &[url.as_str()][..],
            &common,
            &["--server-name", "other.example"],
        ]
        .concat(),
    );
    assert!(
        message.contains("not for other.example, but for localhost, shop.example"),
        "{message}"
    );
}

#[test]
fn the_systems_authorities() {
    let url = format!("https://localhost:{}/", serve_secure("good", answer));
    let run = |file: &str| {
        tool("healthwait")
            .args([url.as_str(), "--attempts", "1"])
            .env("SSL_CERT_FILE", certificate(file))
            .env("SSL_CERT_DIR", "")
            .stderr_any()
    };
    run("authority.pem").run(0);
    run("self-signed.pem").run(1);
    let nothing = run("good.key").run(1);
    let message = nothing.text("/error/message");
    assert!(
        message.contains("there is no certificate of an authority in"),
        "{message}"
    );
}

#[test]
fn a_file_of_authorities_that_is_none_is_bad_usage() {
    for file in ["good.key", "no-such-file"] {
        let path = certificate(file);
        let path = path.to_str().unwrap();
        let ended = look(&["https://localhost:1/", "--ca-file", path], 2);
        assert!(ended.text("/error/message").contains(path));
    }
}

#[test]
fn plain_and_secure_taken_for_one_another() {
    let secure = serve_secure("good", answer);
    let message = unwell(&[&format!("http://127.0.0.1:{secure}/")]);
    assert!(
        message.contains("what it answered is TLS: https:// perhaps"),
        "{message}"
    );
    let plain = slipway_tests::hostile::serve(|mut stream| {
        use std::io::{Read, Write};
        let _ = stream.read(&mut [0; 4096]);
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").ok();
    });
    let message = unwell(&[&format!("https://localhost:{plain}/")]);
    assert!(
        message.contains("not TLS (plain http:// perhaps)"),
        "{message}"
    );
}

/// What is set once for the application holds for every tool that asks it.
#[test]
fn drain_wait_asks_as_the_application_says() {
    let none = b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n0";
    let port = serve_secure("good", |_| none.to_vec());
    let url = format!("https://127.0.0.1:{port}/");
    let ask = || tool("drain-wait").args(["--url", &url]).stderr_any();
    ask().run(3);
    let drained = ask()
        .env("DEPLOY_HEALTH_CA", certificate("authority.pem"))
        .env("DEPLOY_HEALTH_SERVER_NAME", "shop.example")
        .run(0);
    assert_eq!(drained.at("/drained"), true);
}

#[test]
fn preflight_asks_as_the_application_says() {
    let url = format!("https://127.0.0.1:{}/", serve_secure("good", answer));
    let ask = || tool("preflight").args(["--health-url", &url]).stderr_any();
    ask().run(1);
    let well = ask()
        .env("DEPLOY_HEALTH_CA", certificate("authority.pem"))
        .env("DEPLOY_HEALTH_SERVER_NAME", "shop.example")
        .run(0);
    assert_eq!(well.at("/passed"), 1);
}
