//! Deployed in place: a service that runs out of a git working tree, a remote that commits come from, and the runbook
//! `deploy-in-place`, from a good commit to every way in which one is rejected, killed or taken back.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod checkout;
mod deploys;
mod kills;
mod refusals;
mod word;

#[path = "../runbook/mod.rs"]
mod runbook;
