//! Endpoints that do a client harm, each as bad as a real one: what they make of `healthwait` is seen by its tests and measured by
//! `make bench`.

mod answers;
mod connections;
mod resolver;
mod secure;

pub use resolver::SilentResolver;
pub use secure::{certificate, serve_secure};

use answers::{bomb, crumbs, deep};
use connections::{drip, endless, ignore, long, reset, unanswered};
use std::any::Any;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

/// One endpoint, for as long as it is kept.
#[derive(Debug)]
pub struct Hostile {
    /// What `healthwait` is asked to wait for, and how.
    pub arguments: Vec<String>,
    /// What its message says of the endpoint, among other things.
    pub says: &'static str,
    _kept: Option<Box<dyn Kept>>,
}

/// What an endpoint is made of, where that is more than a thread.
trait Kept: Any + std::fmt::Debug + Send {}
impl<T: Any + std::fmt::Debug + Send> Kept for T {}

/// All of them, by their names.
pub const HOSTILE: &[&str] = &[
    "black-hole",
    "syn-never-answered",
    "reset",
    "one-byte-a-second",
    "endless-headers",
    "endless-body",
    "endless-stream",
    "length-too-long",
    "length-too-short",
    "chunks-that-are-none",
    "compressed-bomb",
    "redirect-loop",
    "redirect-elsewhere",
    "certificate-expired",
    "certificate-of-another-host",
    "certificate-self-signed",
    "certificate-of-an-unknown-issuer",
    "no-tls-at-all",
    "tls-that-stalls",
    "json-ten-thousand-levels-deep",
    "json-of-crumbs",
    "header-of-100-mb",
    "status-line-that-is-none",
    "not-utf-8",
];

const JSON: [&str; 2] = ["--expect-json", "/status=ok"];

/// The endpoint of that name, at work.
pub fn hostile(name: &str) -> Hostile {
    silent(name)
        .or_else(|| without_end(name))
        .or_else(|| not_trusted(name))
        .or_else(|| nonsense(name))
        .unwrap_or_else(|| unreachable!("there is no {name}"))
}

/// What never answers, or hardly.
fn silent(name: &str) -> Option<Hostile> {
    let no_answer = "no answer in time";
    Some(match name {
        "black-hole" => http(serve(ignore), &[], no_answer),
        "syn-never-answered" => {
            let (port, kept) = unanswered();
            Hostile {
                _kept: Some(Box::new(kept)),
                ..http(port, &[], no_answer)
            }
        }
        "reset" => http(serve(reset), &[], "it reset the connection"),
        "one-byte-a-second" => http(serve(drip), &[], no_answer),
        "tls-that-stalls" => https(
            serve(|mut stream| {
                // The beginning of a handshake record whose rest never comes.
                stream.write_all(&[0x16, 3, 3, 0x10, 0, 2]).ok();
                ignore(stream);
            }),
            "authority.pem",
            "no secure connection in time",
        ),
        _ => return None,
    })
}

/// What never ends, or not before it has filled a memory.
fn without_end(name: &str) -> Option<Hostile> {
    let too_long = "its header is longer than 64 KiB";
    Some(match name {
        "endless-headers" => http(
            serve(|stream| endless(stream, "HTTP/1.1 200 OK\r\n", "x-a: bcdefghij\r\n")),
            &[],
            too_long,
        ),
        "endless-body" => http(
            serve(|stream| endless(stream, "HTTP/1.1 200 OK\r\n\r\n", " ")),
            &JSON,
            "its body is longer than 1 MiB",
        ),
        "endless-stream" => http(
            serve(|stream| {
                let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
                endless(stream, head, "5\r\ndata\n\r\n");
            }),
            &["--stream", "--expect-body", "[DONE]"],
            "no end of it in time",
        ),
        "header-of-100-mb" => http(
            serve(|stream| long(stream, "HTTP/1.1 200 OK\r\nx-long: ", "\r\n\r\n")),
            &[],
            too_long,
        ),
        "compressed-bomb" => answers(bomb(), &JSON, "its body is compressed (gzip)"),
        "redirect-loop" => answers(
            "HTTP/1.1 302 Found\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n",
            &["--follow", "host"],
            "more than 5 redirects",
        ),
        "json-ten-thousand-levels-deep" => {
            answers(deep(10_000), &JSON, "there is no /status in its body")
        }
        "json-of-crumbs" => answers(crumbs(), &JSON, "there is no /status in its body"),
        _ => return None,
    })
}

/// Who is not who it should be.
fn not_trusted(name: &str) -> Option<Hostile> {
    let shows = |certificate: &str| serve_secure(certificate, answer_well);
    let authority = "authority.pem";
    Some(match name {
        "certificate-expired" => https(
            shows("expired"),
            authority,
            "its certificate has expired, on 2020-02-01",
        ),
        "certificate-of-another-host" => https(
            shows("elsewhere"),
            authority,
            "its certificate is not for localhost, but for elsewhere.example",
        ),
        "certificate-self-signed" => https(
            shows("self-signed"),
            authority,
            "its certificate is self-signed",
        ),
        "certificate-of-an-unknown-issuer" => https(
            shows("good"),
            "self-signed.pem",
            "issued by an authority that is not trusted here",
        ),
        "no-tls-at-all" => https(
            serve(|mut stream| {
                let garbage: Vec<u8> = (0..=255).cycle().take(4096).collect();
                stream.write_all(&garbage).ok();
                ignore(stream);
            }),
            authority,
            "what it answered is not TLS",
        ),
        "redirect-elsewhere" => answers(
            "HTTP/1.1 302 Found\r\nlocation: http://192.0.2.1/\r\ncontent-length: 0\r\n\r\n",
            &["--follow", "host"],
            "a redirect to http://192.0.2.1/, which is another host",
        ),
        _ => return None,
    })
}

/// What breaks the rules.
fn nonsense(name: &str) -> Option<Hostile> {
    let none = "what it answered is not HTTP";
    Some(match name {
        "length-too-long" => answers(
            "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"status\":\"ok\"}",
            &JSON,
            "it closed the connection before its end",
        ),
        "length-too-short" => answers(
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{\"status\":\"ok\"}",
            &JSON,
            "its body is not JSON",
        ),
        "chunks-that-are-none" => answers(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff1\r\n{}",
            &JSON,
            "it does not keep to the form of chunks",
        ),
        "status-line-that-is-none" => answers("HTTP/1.1 OK 200\r\n\r\n", &[], none),
        "not-utf-8" => answers(
            b"HTTP/1.1 200 \xff\xfe\r\nx-\xc3: \xff\r\n\r\n{\"status\":\"\xff\"}".to_vec(),
            &JSON,
            "its body is not JSON, nor any text",
        ),
        _ => return None,
    })
}

fn http(port: u16, arguments: &[&str], says: &'static str) -> Hostile {
    at(&format!("http://127.0.0.1:{port}/health"), arguments, says)
}

/// One that is believed where it shows a certificate of those in that file.
fn https(port: u16, trusted: &str, says: &'static str) -> Hostile {
    let trusted = certificate(trusted);
    let arguments = ["--ca-file", trusted.to_str().unwrap()];
    at(
        &format!("https://localhost:{port}/health"),
        &arguments,
        says,
    )
}

fn at(url: &str, arguments: &[&str], says: &'static str) -> Hostile {
    let mut all = vec![url.to_owned()];
    all.extend(arguments.iter().map(|&argument| argument.to_owned()));
    Hostile {
        arguments: all,
        says,
        _kept: None,
    }
}

/// One that reads each request and gives that answer.
fn answers(answer: impl Into<Vec<u8>>, arguments: &[&str], says: &'static str) -> Hostile {
    let answer = answer.into();
    let port = serve(move |mut stream| {
        request(&mut stream);
        stream.write_all(&answer).ok();
    });
    http(port, arguments, says)
}

/// Does the same to every connection, for as long as this process lives; the port.
pub fn serve(one: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let one = std::sync::Arc::new(one);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let one = one.clone();
            thread::spawn(move || one(stream));
        }
    });
    port
}

/// The head of a request, as far as it comes, and whatever came with it.
pub fn request(stream: &mut impl Read) -> Vec<u8> {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(count @ 1..) => request.extend_from_slice(&piece[..count]),
            _ => break,
        }
    }
    request
}

fn answer_well(request: &[u8]) -> Vec<u8> {
    assert!(!request.is_empty());
    b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()
}
