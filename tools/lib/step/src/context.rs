//! What a tool may ask of the world around it.

use crate::config::{self, EnvFile};
use crate::hint;
use crate::upstream::Upstream;
use deadline::Deadline;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// To the line's beginning, with nothing left of it: what is written next stands in its place.
const OVER: &str = "\r\x1b[2K";
/// Whether the last line on the terminal is one of progress.
static IN_PROGRESS: AtomicBool = AtomicBool::new(false);

/// What the command line and the environment say beyond a tool's own options.
pub struct Context {
    pub(crate) tool: &'static str,
    pub(crate) deploy_id: Option<String>,
    pub(crate) quiet: bool,
    pub(crate) app: Option<EnvFile>,
    pub(crate) upstream: Option<Upstream>,
}

impl Context {
    /// The deploy of which this step is a part: `--id`, or `DEPLOY_ID`.
    pub fn deploy_id(&self) -> Option<&str> {
        self.deploy_id.as_deref()
    }

    /// The application's env file, where one was named.
    pub fn app(&self) -> Option<&EnvFile> {
        self.app.as_ref()
    }

    /// What the application is called on a command line, where one was named.
    pub fn app_name(&self) -> Option<String> {
        self.app.as_ref().map(|file| config::name_of(&file.path))
    }

    /// The report of the step before, where the last argument was `-`.
    pub fn upstream(&self) -> Option<&Upstream> {
        self.upstream.as_ref()
    }

    /// The instant `limit` from now, which a signal brings forward.
    pub fn deadline(&self, limit: Duration) -> Deadline {
        Deadline::after(limit)
    }

    /// A fact for people, on standard error; not with `--quiet`. A command in it can be pasted, as in a hint.
    pub fn note(&self, fact: impl Display) {
        if !self.quiet {
            say(self.tool, &self.addressed(&fact.to_string()));
        }
    }

    /// A command for people as it can be pasted: the tools named in it are told the application. An error's hint becomes so
    /// by itself.
    pub fn addressed(&self, text: &str) -> String {
        let file = self.app.as_ref().map(|file| file.path.as_path());
        let text = hint::edited(text.to_owned(), self.tool, file);
        match file {
            Some(file) => hint::addressed(&text, &config::name_of(file)),
            None => text,
        }
    }

    /// A fact only for a person who is watching: where standard error is a terminal. Scripts have the report.
    pub fn aside(&self, fact: impl Display) {
        if io::stderr().is_terminal() {
            self.note(fact);
        }
    }

    /// Whether a person is watching: standard error is a terminal, and something may be said there.
    pub fn is_watched(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// How a long wait stands, for a person who is watching: one line, which the next one takes the place of.
    pub fn progress(&self, fact: impl Display) {
        if self.is_watched() {
            let line = format!("{OVER}{}: {fact}", self.tool);
            let mut stderr = io::stderr().lock();
            stderr.write_all(line.as_bytes()).ok();
            stderr.flush().ok();
            IN_PROGRESS.store(true, Ordering::SeqCst);
        }
    }

    /// A line for people as it is, on standard error; not with `--quiet`.
    pub fn relay(&self, line: &str) {
        if !self.quiet {
            relay(line);
        }
    }

    /// Whether nothing is to be said on standard error.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }
}

/// Another program's line on standard error, as it came; for a thread that has no [`Context`].
pub fn relay(line: &str) {
    // Nobody may be listening; the step is done all the same.
    writeln!(io::stderr().lock(), "{line}").ok();
}

/// Whether a line of progress was still there, which stands no longer.
fn end_progress() -> bool {
    IN_PROGRESS.swap(false, Ordering::SeqCst)
}

/// Takes away a line of progress that nothing has taken the place of.
pub(crate) fn wipe() {
    if end_progress() {
        io::stderr().lock().write_all(OVER.as_bytes()).ok();
    }
}

/// One or more lines on standard error, each beginning with the tool's name. A closed or full stream is nobody's
/// failure: the step is done or not done whether or not somebody can read of it.
pub(crate) fn say(tool: &str, text: &str) {
    let over = if end_progress() { OVER } else { "" };
    let lines: String = text
        .lines()
        .map(|line| format!("{tool}: {line}\n"))
        .collect();
    let lines = format!("{over}{lines}");
    io::stderr().lock().write_all(lines.as_bytes()).ok();
}
