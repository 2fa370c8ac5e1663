//! Migrations: what a directory of them holds, and which statements take something away from the release that is live.
//!
//! While a deploy goes on, the old release runs on the new schema, and it must be able to come back. So migrations only
//! add: what is dropped, renamed or narrowed is found here, by a parser made for the dialect. A comment in front of a
//! statement allows it.

mod allow;
mod bounds;
mod directory;
mod effect;
mod examine;
mod file;
mod judge;
mod lines;
mod name;
mod postgres;
mod rule;
mod scan;
mod section;
mod split;
mod sqlite;

pub use directory::{Directory, Migration};
pub use examine::{Allowed, Doubtful, Examined, New, Problem, examine, examine_text};
pub use rule::{Dialect, Rule};
