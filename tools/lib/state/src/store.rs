//! The state file, its lock and its history on disk.

use crate::document::{self, Document, DocumentError};
use crate::model::{Beat, Event, State};
use crate::note::Note;
use crate::record::{self, Told, deploys};
use camino::{Utf8Path, Utf8PathBuf};
use clock::rfc3339;
use deadline::{Deadline, Ended};
use durable::{Mutex, MutexError};
use releases::Layout;
use serde_json::{Value, json};
use std::fmt;
use std::io;
use std::time::SystemTime;

/// Readable by everyone, written by the owner: what is in it is shown by `deploy-state show` anyway.
const MODE: u32 = 0o644;
/// Far more than a state with thousands of releases.
const LARGEST_STATE: u64 = 64 * 1024 * 1024;
/// Enough for years of deploys; a history beyond it is to be moved away by a person.
const LARGEST_HISTORY: u64 = 1024 * 1024 * 1024;

/// Where one application's state lies.
#[derive(Debug, Clone)]
pub struct Store {
    state: Utf8PathBuf,
    lock: Utf8PathBuf,
    history: Utf8PathBuf,
}

/// Why the state could not be read or written.
#[derive(Debug)]
pub enum StoreError {
    /// The file cannot be understood.
    Damaged {
        /// The state file.
        path: Utf8PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The file was written by a newer version.
    NewerSchema {
        /// The state file.
        path: Utf8PathBuf,
        /// Its schema.
        schema: u64,
    },
    /// There is a history and no state: somebody has removed it.
    Missing {
        /// The state file.
        path: Utf8PathBuf,
    },
    /// The file system refused.
    Io(durable::Error),
    /// Another held the lock for too long, or a signal came.
    Ended(Ended),
}

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged { path, problem } => {
                write!(formatter, "the state {path} is damaged: {problem}")
            }
            Self::NewerSchema { path, schema } => write!(
                formatter,
                "the state {path} was written by a newer version (schema {schema}; this one reads {})",
                document::SCHEMA
            ),
            Self::Missing { path } => write!(
                formatter,
                "the state {path} is missing although there is a history beside it"
            ),
            Self::Io(error) => error.fmt(formatter),
            Self::Ended(Ended::Passed) => {
                write!(
                    formatter,
                    "the state was locked by another tool all the time"
                )
            }
            Self::Ended(ended) => ended.fmt(formatter),
        }
    }
}

impl std::error::Error for StoreError {}

impl Store {
    /// The store of the application that lies there.
    pub fn at(layout: &Layout) -> Self {
        Self {
            lock: layout.lock(),
            history: layout.history(),
            state: layout.state.clone(),
        }
    }

    /// The state file.
    pub fn path(&self) -> &Utf8Path {
        &self.state
    }

    /// Reads the state without waiting for anyone. A first run has the first state.
    pub fn load(&self) -> Result<State, StoreError> {
        match durable::read(&self.state, LARGEST_STATE) {
            Ok(text) => Document::parse(&text).map_err(|error| match error {
                DocumentError::NewerSchema(schema) => StoreError::NewerSchema {
                    path: self.state.clone(),
                    schema,
                },
                DocumentError::Damaged(problem) => StoreError::Damaged {
                    path: self.state.clone(),
                    problem,
                },
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if self.history.exists() {
                    return Err(StoreError::Missing {
                        path: self.state.clone(),
                    });
                }
                Ok(State::first())
            }
            Err(error) => Err(StoreError::Io(error)),
        }
    }

    /// Takes the lock, for the milliseconds that reading, deciding and writing take.
    pub fn lock(&self, deadline: &Deadline) -> Result<Held<'_>, StoreError> {
        let mutex = Mutex::acquire(&self.lock, MODE, deadline).map_err(|error| match error {
            MutexError::Ended(ended) => StoreError::Ended(ended),
            MutexError::File(error) => StoreError::Io(error),
        })?;
        Ok(Held {
            store: self,
            state: self.load()?,
            _mutex: mutex,
        })
    }

    /// The history's lines, oldest first. A line that was torn by a power cut is not one.
    pub fn history(&self) -> Result<Vec<Value>, StoreError> {
        let text = match durable::read(&self.history, LARGEST_HISTORY) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::Io(error)),
        };
        Ok(record::lines(&text))
    }
}

impl Store {
    /// The deploys so far, oldest first. The last event counts also where it has not come into the history yet: the state
    /// is written first.
    pub fn told(&self) -> Result<Vec<Told>, StoreError> {
        let state = self.load()?;
        let mut history = self.history()?;
        if let Some(event) = state.last_event
            && history
                .iter()
                .all(|line| line["event"] == "step" || line["generation"] != event.generation)
        {
            history.push(serde_json::to_value(event).unwrap_or_default());
        }
        Ok(deploys(&history))
    }
}

/// The lock, and with it the right to write.
#[derive(Debug)]
pub struct Held<'a> {
    store: &'a Store,
    /// The state as it is, to be changed by a transition and then written.
    pub state: State,
    _mutex: Mutex,
}

impl Held<'_> {
    /// Writes the changed state, and what led to it into the history: state first, history second. A history that
    /// could not be written is made up for by the next write, since the state holds the event.
    pub fn write(&mut self, note: Note) -> Result<(), StoreError> {
        self.catch_up()?;
        let now = SystemTime::now();
        self.state.generation += 1;
        self.state.updated_at = Some(now);
        self.state.beat = beat();
        self.state.last_event = Some(Event {
            generation: self.state.generation,
            at: rfc3339(now),
            event: note.event,
            deploy_id: note.deploy_id,
            details: note.details,
        });
        let text = document::text(&self.state);
        durable::replace(&self.store.state, text.as_bytes(), MODE).map_err(StoreError::Io)?;
        // The change is made; that the history lags behind is known and mended by whoever writes next.
        self.append_last_event().ok();
        // What was written is what is read back: times lose their nanoseconds on the way.
        self.state = self.store.load()?;
        Ok(())
    }

    /// Adds a line to the history that is no change of the state: the report of a step.
    pub fn append_report(&mut self, phase: &str, report: &Value) -> Result<(), StoreError> {
        self.catch_up()?;
        let id = self.state.deploy().map(|deploy| deploy.id.clone());
        let line = json!({
            "generation": self.state.generation, "at": rfc3339(SystemTime::now()),
            "event": "step", "deployId": report["deployId"].as_str().map(str::to_owned).or(id),
            "phase": phase, "report": report,
        });
        self.append(&line)
    }

    /// Makes sure that the last event is in the history.
    fn catch_up(&self) -> Result<(), StoreError> {
        let Some(event) = &self.state.last_event else {
            return Ok(());
        };
        if record::last_generation(&self.store.history).map_err(StoreError::Io)? < event.generation
        {
            self.append_last_event()?;
        }
        Ok(())
    }

    fn append_last_event(&self) -> Result<(), StoreError> {
        match &self.state.last_event {
            Some(event) => self.append(&serde_json::to_value(event).unwrap_or_default()),
            None => Ok(()),
        }
    }

    fn append(&self, line: &Value) -> Result<(), StoreError> {
        durable::append(&self.store.history, line.to_string().as_bytes(), MODE)
            .map_err(StoreError::Io)
    }
}

/// This moment by the clock of this boot; nothing where it cannot be had.
fn beat() -> Option<Beat> {
    let boottime = host::boottime().ok()?;
    Some(Beat {
        boot_id: host::boot_id().ok()?,
        boottime_ms: u64::try_from(boottime.as_millis()).ok()?,
    })
}

#[cfg(test)]
mod tests;
