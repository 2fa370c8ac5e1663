//! One service, whatever supervises it.
//!
//! A [`Service`] is asked the same questions and told the same things whether systemd runs it or nobody does. Every
//! call ends by its deadline; every error says what mends it ([`Error::hint`]).
//!
//! | kind | supervisor | what it cannot do |
//! |---|---|---|
//! | `systemd:UNIT` | the system's own systemd | |
//! | `systemd-user:UNIT` | this user's systemd | |
//! | `pm2:NAME` | PM2, this user's or `PM2_HOME`'s | tell its own restarts from those by hand |
//! | `compose:DIR[#SERVICE,…]` | Docker, for the containers of a Compose project | name one process for all of it |
//! | `process:NAME` | nobody: a plain process that Slipway starts in a session of its own | restart by itself |
//! | `command:FILE` | whatever that executable speaks for | what it does not tell |
//!
//! [`Service::proof`] answers the question that a health check cannot: is it the new process that answers?

mod command;
mod compose;
mod dead_man;
mod detached;
mod environment;
pub mod environment_file;
mod error;
mod log_file;
mod logs;
mod name;
mod pm2;
mod process;
mod processes;
mod proof;
mod service;
mod status;
mod stop;
mod supervisor;
mod systemd;
mod usage;

pub use compose::{ComposeSource, KIND as COMPOSE, Pinned, by_hand as compose_by_hand, is_twin};
pub use dead_man::{DeadMan, DeadManBy, Disarmed, StartAgain};
pub use error::Error;
pub use logs::{FileMark, LogErrors, Mark};
pub use name::Name;
pub use pm2::by_hand as pm2_by_hand;
pub use proof::{Before, Expectation, Proof, Verdict};
pub use service::{Service, Setting};
pub use status::{Active, Image, StartLimit, Status};
pub use stop::{Cut, Stopped};
pub use usage::{Usage, share};
