//! One run of the service, followed from its start: still coming, up, or over. Pure.

use service::{Active, Status};

/// The run that was asked for, as far as it has been seen.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// The run before it; as long as a service that is over shows this one, the new one has not begun.
    before: Option<String>,
    /// The restart counter before the start.
    restarts: Option<u64>,
    /// Its own name, once it has been seen.
    invocation: Option<String>,
}

/// What one look at the run says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The supervisor has not begun yet, and nothing tells whether it will.
    Pending,
    /// It is on its way.
    Coming,
    /// It runs.
    Up,
    /// It is over, or over and over again; how it ended.
    Ended(String),
}

impl Run {
    /// Follows the run that is started after `before` was seen.
    pub(crate) fn after(before: &Status) -> Self {
        Self {
            before: before.invocation.clone(),
            restarts: before.restarts,
            invocation: None,
        }
    }

    /// Follows a run that is there already.
    pub(crate) fn that(status: &Status) -> Self {
        Self {
            before: None,
            restarts: status.restarts,
            invocation: status.invocation.clone(),
        }
    }

    /// Takes in one look.
    pub(crate) fn observe(&mut self, status: &Status) -> Progress {
        let ended = || Progress::Ended(how(status));
        if status.start_limit_hit || status.active == Active::Restarting {
            return ended();
        }
        if let (Some(before), Some(now)) = (self.restarts, status.restarts)
            && now > before
        {
            return Progress::Ended(format!(
                "it has crashed and was restarted by its supervisor ({} so far)",
                step::counted(now - before, "time")
            ));
        }
        if status.active.is_over() {
            let another = status.invocation != self.before;
            return if another || self.invocation.is_some() {
                ended()
            } else {
                Progress::Pending
            };
        }
        if self.before.is_some() && status.invocation == self.before {
            // A restart in one order: the run before has not ended yet.
            return Progress::Coming;
        }
        match (&self.invocation, &status.invocation) {
            (Some(first), Some(now)) if first != now => {
                return Progress::Ended("it has crashed and was started anew".to_owned());
            }
            (None, Some(now)) => self.invocation = Some(now.clone()),
            _ => {}
        }
        if status.active == Active::Running {
            Progress::Up
        } else {
            Progress::Coming
        }
    }
}

/// How it ended, for a person.
fn how(status: &Status) -> String {
    let phrase = status.phrase();
    if status.start_limit_hit {
        return format!("it was started too often: {phrase}");
    }
    match (status.active, status.exit_status) {
        (Active::Stopped, Some(0)) => format!("it ended at once, with status 0: it is {phrase}"),
        (Active::Stopped, _) => format!("it ended at once: it is {phrase}"),
        _ => format!("it is {phrase}"),
    }
}

#[cfg(test)]
mod tests;
