//! The checks of what is deployed, in real trees.
#![allow(clippy::unwrap_used)]

mod forbidden;
mod migrations;
#[allow(dead_code, unreachable_pub)]
#[path = "../support/mod.rs"]
mod support;
mod tree;
