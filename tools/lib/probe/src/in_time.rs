//! A call that knows no deadline, made to keep one.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use deadline::Deadline;

use crate::answer::Failure;

/// How soon a signal is noticed. The answer itself wakes the wait at once.
const SIGNAL_LOOK: Duration = Duration::from_millis(20);

/// Makes the call on a thread of its own and waits for it no longer than the deadline. A thread that is given up on
/// goes on until its call returns; it holds nothing that anybody else waits for.
pub(crate) fn in_time<T: Send + 'static>(
    deadline: &Deadline,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    deadline.check()?;
    // Room for one, so that a thread that was given up on is not left waiting for a taker.
    let (sender, receiver) = sync_channel(1);
    thread::Builder::new()
        .name("probe".to_owned())
        .spawn(move || sender.send(call()).ok())
        .map_err(|error| Failure::new(format!("no thread could be started: {error}")))?;
    loop {
        match receiver.recv_timeout(SIGNAL_LOOK.min(deadline.remaining())) {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Timeout) => deadline.check()?,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failure::new("the call ended without a result"));
            }
        }
    }
}
