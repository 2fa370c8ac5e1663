//! The checks, each in a file of its own: what it gathers, and apart from that what it makes of it.

mod boot;
mod branch;
mod disk;
mod git;
mod health;
mod inodes;
mod layout;
mod live;
mod lock;
mod memory;
mod paused;
mod permissions;
mod places;
mod port;
mod release;
mod restarts;
mod service;
mod source;
mod space;
mod supervised;
mod worktree;

use crate::finding::Finding;
use crate::given::Given;
use deadline::Deadline;

/// One check.
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
    paused::CHECK,
    lock::CHECK,
    space::CHECK,
    permissions::CHECK,
];
