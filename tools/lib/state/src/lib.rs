//! The deploy state of one application: what it says, how it changes, who may change it, what happened so far.
//!
//! [`State`] and its transitions are pure. [`Store`] is the one place that reads and writes it.

mod adopt;
mod choice;
mod crash_loop;
mod document;
pub mod lease;
mod model;
mod note;
mod rate;
mod record;
mod recovery;
mod refused;
mod run;
mod store;
mod transition;
mod wishes;

pub use choice::Seen;
pub use document::{Document, SCHEMA};
pub use model::{
    Baseline, Beat, Deploy, Event, Failing, Intent, Outcome, Pause, Phase, Release, State, Status,
    Switch,
};
pub use note::Note;
pub use rate::{Rate, Used};
pub use record::{Told, deploys};
pub use recovery::{Contradiction, Link, Settlement, settle};
pub use refused::Refused;
pub use releases::Verdict;
pub use store::{Held, Store, StoreError};
pub use transition::Begin;
pub use wishes::Mark;
