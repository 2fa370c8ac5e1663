//! What the service answers, and how many it is answering.

use crate::behaviour::Release;
use crate::http::{self, Request, json_string};
use std::io::{self, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a caller may take to send its request, and to take the answer.
const CALLER: Duration = Duration::from_secs(5);
/// How long a request that waits for a file waits at most; whoever forgot it has gone by then.
const HELD: Duration = Duration::from_secs(120);

/// What every connection shares.
pub(crate) struct Served {
    release: Release,
    in_flight: AtomicUsize,
    /// Questions for /health so far; whoever waits for one is woken at each.
    asked: Mutex<u64>,
    another: Condvar,
    pub(crate) connections: AtomicUsize,
}

impl Served {
    pub(crate) fn new(release: Release) -> Self {
        Self {
            release,
            in_flight: AtomicUsize::new(0),
            asked: Mutex::new(0),
            another: Condvar::new(),
            connections: AtomicUsize::new(0),
        }
    }
}

impl Served {
    /// What this question for /health is answered.
    fn health_status(&self) -> u16 {
        let behaviour = &self.release.behaviour;
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        *asked += 1;
        let number = *asked;
        drop(asked);
        self.another.notify_all();
        match behaviour.fail_every {
            Some(every) if number >= behaviour.turns_at && number.is_multiple_of(every) => 500,
            _ => behaviour.health_status,
        }
    }
}

impl Served {
    /// Waits for the question at which the behaviour turns.
    pub(crate) fn turn(&self) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        while *asked < self.release.behaviour.turns_at {
            asked = self
                .another
                .wait(asked)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Answers one caller; one that goes away in the middle is no error of ours.
pub(crate) fn answer(stream: &TcpStream, served: &Arc<Served>) {
    let _ = stream.set_read_timeout(Some(CALLER));
    let _ = stream.set_write_timeout(Some(CALLER));
    if let Ok(request) = Request::read(stream) {
        let _ = respond(stream, &request, served);
    }
}

fn respond(mut stream: &TcpStream, request: &Request, served: &Arc<Served>) -> io::Result<()> {
    let release = &served.release;
    let before = served.in_flight.load(Ordering::SeqCst);
    let _counted = Counted::new(served, |served| &served.in_flight);
    match request.path.as_str() {
        "/health" => {
            let body = format!(
                r#"{{"version":{},"pid":{},"release":{},"inFlight":{before}}}"#,
                json_string(&release.version),
                std::process::id(),
                json_string(&release.directory.to_string_lossy())
            );
            http::respond(stream, served.health_status(), "application/json", &body)
        }
        "/in-flight" => http::respond(
            stream,
            200,
            "application/json",
            &format!(r#"{{"inFlight":{before}}}"#),
        ),
        "/stream" => {
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
            )?;
            for line in 1..=request.number("lines").unwrap_or(3) {
                writeln!(stream, "{line} {}", release.version)?;
                thread::sleep(Duration::from_millis(50));
            }
            Ok(())
        }
        "/missing" => http::respond(stream, 404, "text/plain", "not here\n"),
        "/until" => {
            let file = release.directory.join(request.text("file").unwrap_or("go"));
            let end = Instant::now() + HELD;
            while !file.exists() && Instant::now() < end {
                thread::sleep(Duration::from_millis(2));
            }
            http::respond(stream, 200, "text/plain", &format!("{}\n", release.version))
        }
        path => {
            if path == "/slow" {
                thread::sleep(Duration::from_millis(request.number("ms").unwrap_or(1000)));
            }
            http::respond(stream, 200, "text/plain", &format!("{}\n", release.version))
        }
    }
}

/// One more, until it is dropped.
pub(crate) struct Counted(pub(crate) Arc<Served>, fn(&Served) -> &AtomicUsize);

impl Counted {
    pub(crate) fn new(served: &Arc<Served>, which: fn(&Served) -> &AtomicUsize) -> Self {
        which(served).fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(served), which)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.1)(&self.0).fetch_sub(1, Ordering::SeqCst);
    }
}
