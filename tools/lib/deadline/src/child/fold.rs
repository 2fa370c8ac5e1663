//! A child's lines, counted or gathered as they come, however many there are.

use super::{ChildError, Finished, Options, Sink, run};
use crate::Deadline;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

/// Which lines are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streams {
    /// Those of its standard output.
    Output,
    /// Those of its standard error as well; which of two comes first is nobody's to say.
    Both,
}

/// Runs `command` and shows `see` each of its lines, with what it has made of those before.
pub fn fold_lines<T: Default + Send + 'static>(
    command: Command,
    streams: Streams,
    see: impl FnMut(&mut T, &str) + Clone + Send + 'static,
    deadline: &Deadline,
) -> Result<(Finished, T), ChildError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let made = Arc::new(Mutex::new(T::default()));
    let sink = || -> Sink {
        let (made, mut see) = (Arc::clone(&made), see.clone());
        Box::new(move |line| {
            see(
                &mut made.lock().unwrap_or_else(PoisonError::into_inner),
                line,
            );
        })
    };
    let options = Options {
        stdout_lines: Some(sink()),
        stderr_lines: (streams == Streams::Both).then(sink),
        ..Options::default()
    };
    let finished = run(command, options, deadline)?;
    if !finished.is_read() {
        return Err(ChildError::Cut {
            program,
            longest: None,
        });
    }
    let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((finished, std::mem::take(&mut *made)))
}
