//! The lease: one deploy at a time, held by real runbooks, taken over on proof of death and on nothing else.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod by_hand;
mod owners;
mod signals;
mod stopped;
mod two;

#[path = "../runbook/mod.rs"]
mod runbook;
#[path = "../common/tree.rs"]
mod tree;
