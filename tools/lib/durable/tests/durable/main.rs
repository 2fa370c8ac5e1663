//! What the crate promises, tried on trees and at moments that are against it.
#![allow(clippy::unwrap_used)]

mod failed_sync;
mod full_disk;
mod history;
mod killed;
mod leftovers;
mod link;
mod mutex;
mod publish;
mod relocate;
mod replace;
mod scratch;
mod tree;
