//! The checks, each in a file of its own: what it gathers, and apart from that what it makes of it.

mod balanced;
mod boot;
mod branch;
mod command;
mod disk;
mod entry;
mod env;
mod first;
mod forbidden;
mod freeze;
mod git;
mod health;
mod inodes;
mod layout;
mod live;
mod lock;
mod memory;
mod migrations;
mod outside;
mod paused;
mod permissions;
mod places;
mod port;
mod rate;
mod release;
mod restarts;
mod search;
mod service;
mod since;
mod source;
mod space;
mod supervised;
mod worktree;

pub(crate) use entry::{Entry, Family, is_name, named};

use crate::finding::Finding;
use crate::given::Given;
use deadline::Deadline;

/// One check that there always is.
pub(crate) struct Check {
    /// Its name on the command line and in the report.
    pub(crate) name: &'static str,
    /// What it looks at.
    pub(crate) about: &'static str,
    /// The options that give it material.
    pub(crate) needs: &'static str,
    /// Whether they were given.
    pub(crate) given: fn(&Given) -> bool,
    /// Looks and judges.
    pub(crate) run: fn(&Given, &Deadline) -> Finding,
}

/// All of them, in the order in which they are reported.
pub(crate) const ALL: &[Check] = &[
    service::CHECK,
    restarts::CHECK,
    port::CHECK,
    disk::CHECK,
    inodes::CHECK,
    memory::CHECK,
    health::CHECK,
    layout::CHECK,
    release::CHECK,
    source::CHECK,
    git::CHECK,
    branch::CHECK,
    env::CHECK,
    forbidden::CHECK,
    migrations::CHECK,
    freeze::CHECK,
    rate::CHECK,
    paused::CHECK,
    lock::CHECK,
    space::CHECK,
    permissions::CHECK,
];

/// Those that options name, behind them.
pub(crate) const FAMILIES: &[Family] = &[outside::FAMILY, command::FAMILY];
