//! A kill at each step of the runbook: what is served afterwards, what the state says, what the next command does.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod between;
mod dead_man;
mod kill;
mod parent;
mod table;

#[path = "../runbook/mod.rs"]
mod runbook;
