//! The service itself: from its first breath to the last request in flight.

use crate::behaviour::{PortTaken, Release};
use crate::endpoints::{Counted, Served, answer};
use crate::{Level, Options, log, orphan};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

/// What ends the service.
enum End {
    Signal(Signal),
    Crash,
}

/// `demo-service serve`.
pub(crate) fn serve(options: &Options) -> Result<u8, String> {
    let release = Release::find()?;
    let behaviour = release.behaviour.clone();
    // Taken before any thread is started, which would otherwise die of a signal on its own.
    let (ends, end) = channel();
    heed_signals(&ends, behaviour.ignore_term)?;
    log(
        Level::Info,
        &format!(
            "version {} starts in {}",
            release.version,
            release.directory.display()
        ),
    );

    if behaviour.crash {
        log(Level::Error, "crashes at once, as its behaviour says");
        return Ok(behaviour.exit_status);
    }
    let served = Arc::new(Served::new(release));
    if let Some(between) = behaviour.log_errors {
        at_its_turn(&served, move || log_errors(between));
    }
    for _ in 0..behaviour.burn {
        at_its_turn(&served, burn);
    }
    if behaviour.leak > 0 {
        at_its_turn(&served, move || leak(behaviour.leak, behaviour.leak_limit));
    }
    // Waits on the channel and not in a sleep: a service that starts slowly can be stopped all the same.
    let early = if behaviour.hang {
        end.recv().ok()
    } else {
        end.recv_timeout(behaviour.slow_start).ok()
    };
    if early.is_some() {
        return Ok(0);
    }

    let (listener, given) = match listen(options)? {
        Ok(listener) => listener,
        Err(error) => {
            log(Level::Error, &format!("cannot listen: {error}"));
            return Ok(match behaviour.port_taken {
                PortTaken::Exit(status) => status,
                PortTaken::Stay => end.recv().map_or(1, |_| 0),
            });
        }
    };
    if let Some(kind) = behaviour.orphan {
        orphan::leave(&listener, kind)?;
    }
    if let Some(after) = behaviour.crash_after {
        at_its_turn(&served, move || {
            thread::sleep(after);
            let _ = ends.send(End::Crash);
        });
    }
    let address = listener
        .local_addr()
        .map_or_else(|error| error.to_string(), |it| it.to_string());
    log(Level::Info, &format!("listens on {address}"));
    let (stop, stopped) = UnixStream::pair().map_err(|error| error.to_string())?;
    if let Some(after) = behaviour.lose_port_after {
        let stop = stop.try_clone().map_err(|error| error.to_string())?;
        at_its_turn(&served, move || {
            thread::sleep(after);
            // As if nobody held the other end any more, and nothing of us ends but the taking of callers.
            let _ = stop.shutdown(std::net::Shutdown::Both);
        });
    }
    let accepting = {
        let served = Arc::clone(&served);
        thread::spawn(move || accept(&listener, given, &stopped, &served))
    };
    match end.recv() {
        Ok(End::Signal(signal)) => {
            log(
                Level::Info,
                &format!("{signal}: finishes what is in flight"),
            );
            drop(stop);
            let _ = accepting.join();
            while served.connections.load(Ordering::SeqCst) > 0 {
                thread::sleep(Duration::from_millis(2));
            }
            log(Level::Info, "stopped");
            Ok(0)
        }
        Ok(End::Crash) | Err(_) => {
            log(Level::Error, "crashes, as its behaviour says");
            Ok(behaviour.exit_status)
        }
    }
}

/// `demo-service hold-port PORT`: listens and never answers.
pub(crate) fn hold_port(options: &Options) -> Result<u8, String> {
    let port = options
        .word()
        .parse()
        .map_err(|_| format!("not a port: {:?}", options.word()))?;
    let signals = block_signals()?;
    match TcpListener::bind((address(options)?, port)) {
        Ok(_listener) => {
            log(Level::Info, &format!("holds port {port}"));
            signals.wait().map_err(|error| error.to_string())?;
            Ok(0)
        }
        Err(error) => {
            log(Level::Error, &format!("cannot listen: {error}"));
            Ok(1)
        }
    }
}

/// The socket, and whether it was given to us. Only a socket that cannot be had is the inner error.
fn listen(options: &Options) -> Result<io::Result<(TcpListener, bool)>, String> {
    match listenfd::ListenFd::from_env().take_tcp_listener(0) {
        Ok(Some(listener)) => return Ok(Ok((listener, true))),
        Ok(None) => {}
        Err(error) => return Ok(Err(error)),
    }
    let port = options
        .get("port")
        .map(str::to_owned)
        .or_else(|| std::env::var("PORT").ok());
    let port = port.ok_or("needs --port PORT, the variable PORT, or a socket in LISTEN_FDS")?;
    let port: u16 = port.parse().map_err(|_| format!("not a port: {port:?}"))?;
    Ok(TcpListener::bind((address(options)?, port)).map(|listener| (listener, false)))
}

fn address(options: &Options) -> Result<IpAddr, String> {
    match options.get("bind") {
        Some(text) => text
            .parse()
            .map_err(|_| format!("not an address: {text:?}")),
        None => Ok(Ipv4Addr::LOCALHOST.into()),
    }
}

/// Holds back the signals that end a service, for this thread and all it starts.
pub(crate) fn block_signals() -> Result<SigSet, String> {
    let signals: SigSet = [Signal::SIGTERM, Signal::SIGINT].into_iter().collect();
    signals.thread_block().map_err(|error| error.to_string())?;
    Ok(signals)
}

fn heed_signals(ends: &Sender<End>, ignore: bool) -> Result<(), String> {
    let signals = block_signals()?;
    let ends = ends.clone();
    thread::spawn(move || {
        while let Ok(signal) = signals.wait() {
            if ignore {
                log(
                    Level::Info,
                    &format!("{signal}: not heeded, as its behaviour says"),
                );
            } else if ends.send(End::Signal(signal)).is_err() {
                break;
            }
        }
    });
    Ok(())
}

/// Takes callers until `stopped` ends. Those who wait in the socket's queue at that moment are still served,
/// unless the socket was given: then they wait for our successor.
fn accept(listener: &TcpListener, given: bool, stopped: &UnixStream, served: &Arc<Served>) {
    let mut stopping = false;
    loop {
        let wait = if stopping {
            PollTimeout::ZERO
        } else {
            PollTimeout::NONE
        };
        let mut ready = [
            PollFd::new(listener.as_fd(), PollFlags::POLLIN),
            PollFd::new(stopped.as_fd(), PollFlags::POLLIN),
        ];
        if let Err(error) = poll(&mut ready, wait) {
            if error == nix::errno::Errno::EINTR {
                continue;
            }
            log(Level::Error, &format!("cannot wait for callers: {error}"));
            return;
        }
        let caller = ready[0].any().unwrap_or(false);
        stopping |= ready[1].any().unwrap_or(false);
        if stopping && (given || !caller) {
            return;
        }
        if let (true, Ok((stream, _))) = (caller, listener.accept()) {
            let counted = Counted::new(served, |served| &served.connections);
            thread::spawn(move || answer(&stream, &counted.0));
        }
    }
}

/// Misbehaves, from the question on with which that begins.
fn at_its_turn(served: &Arc<Served>, misbehaves: impl FnOnce() + Send + 'static) {
    let served = Arc::clone(served);
    thread::spawn(move || {
        served.turn();
        misbehaves();
    });
}

/// Takes all the time there is.
fn burn() {
    let mut number = 1_u64;
    loop {
        number = std::hint::black_box(number.wrapping_mul(3));
    }
}

fn log_errors(between: Duration) {
    for count in 1_u64.. {
        log(
            Level::Error,
            &format!("error number {count}, as its behaviour says"),
        );
        thread::sleep(between);
    }
}

/// Takes memory and touches it, so that it counts as used.
fn leak(a_second: usize, limit: usize) {
    let mut kept = Vec::new();
    let part = (a_second / 10).max(1);
    while kept.len() * part < limit {
        kept.push(vec![1_u8; part]);
        thread::sleep(Duration::from_millis(100));
    }
    thread::sleep(Duration::MAX);
}
