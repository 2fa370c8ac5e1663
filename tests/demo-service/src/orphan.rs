//! The child that is left behind: it keeps the listening socket when the service itself is gone.

use crate::behaviour::{Orphan, Release};
use crate::endpoints::{Served, answer};
use crate::{Level, Options, log};
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// The hidden command that the child is started with.
pub(crate) const COMMAND: &str = "as-orphan";

/// A forgotten orphan ends by itself after this: long enough for any test, short enough for a machine to get clean.
const LIFE: Duration = Duration::from_secs(15 * 60);

/// Starts the child, which gets the socket as its stdin: the one descriptor that can be handed over and taken
/// back without unsafe code.
pub(crate) fn leave(listener: &TcpListener, kind: Orphan) -> Result<(), String> {
    let problem = |error: std::io::Error| format!("orphan: {error}");
    let socket = OwnedFd::from(listener.try_clone().map_err(problem)?);
    let word = if kind == Orphan::Silent {
        "silent"
    } else {
        "answers"
    };
    // Said and not found out: we may be gone before the child has begun.
    let parent = std::process::id().to_string();
    let program = std::env::current_exe().map_err(problem)?;
    let mut command = Command::new(program);
    let child = command
        .args([COMMAND, word, "--parent", &parent])
        .stdin(Stdio::from(socket))
        .spawn()
        .map_err(problem)?;
    log(
        Level::Info,
        &format!("left child {} with the port", child.id()),
    );
    Ok(())
}

/// What the child does: outlives SIGTERM, and answers once its parent is gone, if it is of that kind.
pub(crate) fn run(options: &Options) -> Result<u8, String> {
    crate::server::block_signals()?;
    if options.word() == "answers" {
        let socket = std::io::stdin()
            .as_fd()
            .try_clone_to_owned()
            .map_err(|error| error.to_string())?;
        let served = Arc::new(Served::new(Release::find()?));
        let parent = options.get("parent").and_then(|pid| pid.parse().ok());
        std::thread::spawn(move || answer_when_alone(&TcpListener::from(socket), parent, &served));
    }
    std::thread::sleep(LIFE);
    Ok(0)
}

fn answer_when_alone(listener: &TcpListener, parent: Option<u32>, served: &Arc<Served>) {
    while Some(std::os::unix::process::parent_id()) == parent {
        std::thread::sleep(Duration::from_millis(5));
    }
    for stream in listener.incoming().flatten() {
        let served = Arc::clone(served);
        std::thread::spawn(move || answer(&stream, &served));
    }
}
