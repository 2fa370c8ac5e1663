//! A process that outlives whoever starts it, and is never lost: it goes on only once its identity is written down.

use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use deadline::Deadline;
use host::{Identity, Proc};

use crate::Error;

/// Waits for the word from whoever started it and gives up where that one dies without it; then becomes the command.
const GATE: &str = r#"read -r word && [ "$word" = go ] || exit 125; exec "$@" </dev/null"#;
/// Gives `setsid` the time to make the session.
const SETTLING: Duration = Duration::from_secs(5);

/// A process in a session of its own that waits for [`Detached::go`]. Dropped before that, it ends by itself.
pub(crate) struct Detached {
    /// Names it for good; it stays the same through `go`.
    pub(crate) identity: Identity,
    gate: ChildStdin,
    child: Child,
}

impl Detached {
    /// Starts `arguments` up to the gate. `prepare` sets directory, environment and output of the command.
    pub(crate) fn start<S: AsRef<std::ffi::OsStr>>(
        proc: &Proc,
        arguments: &[S],
        prepare: impl FnOnce(&mut Command) -> &mut Command,
        deadline: &Deadline,
    ) -> Result<Self, Error> {
        let mut command = Command::new("setsid");
        command
            .args(["/bin/sh", "-c", GATE, "slipway"])
            .args(arguments);
        prepare(&mut command).stdin(Stdio::piped());
        let mut child = command.spawn().map_err(|source| {
            if source.kind() == std::io::ErrorKind::NotFound {
                Error::MissingProgram {
                    program: "setsid".to_owned(),
                }
            } else {
                Error::io("start setsid")(source)
            }
        })?;
        let gate = child.stdin.take().ok_or_else(|| {
            Error::io("start setsid")(std::io::Error::other("it has no standard input"))
        })?;
        // Until it leads a session, a signal to our own process group would reach it as well.
        let limit = deadline.or_after(SETTLING);
        while proc
            .stat(child.id())
            .map_err(Error::io("start the process"))?
            .session
            != child.id()
        {
            limit
                .sleep(Duration::from_micros(200))
                .map_err(|ended| Error::of_wait(ended, "start a session of its own"))?;
        }
        let identity = proc
            .identity_of(child.id())
            .map_err(Error::io("look at the process that was started"))?;
        Ok(Self {
            identity,
            gate,
            child,
        })
    }

    /// Lets it go on, on its own.
    pub(crate) fn go(mut self) -> Result<(), Error> {
        self.gate
            .write_all(b"go\n")
            .map_err(Error::io("let the started process go on"))?;
        drop(self.gate);
        // Reaped where it ends while this process is still there; the kernel does it afterwards.
        std::thread::spawn(move || self.child.wait());
        Ok(())
    }
}
