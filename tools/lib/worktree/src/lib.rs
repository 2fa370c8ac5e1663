//! A git working tree that an application runs in, and the releases that are mirrored into it.
//!
//! [`Tree::mirror`] makes the tree hold exactly one release: the commit, by `git reset --hard`, and beside it what the
//! release's build made, its outputs. Whatever ends it, the next call to the same or to another release finishes or undoes
//! it. What it needs lies in the tree's git directory:
//!
//! ```text
//! .git/slipway/outputs/NAME/     outputs made ready for the tree: a mirror only renames them
//! .git/slipway/placed.json       the release that is in the tree, and its outputs there
//! .git/slipway/mirroring.json    a mirror that is under way
//! .git/slipway/lock              held by who mirrors, until what is in the tree is the live release
//! .git/slipway/saved/            what stood in the way of a rollback
//! refs/slipway/NAME              keeps the commit of a release
//! ```
//!
//! The order of a mirror: outputs made ready, the way looked at, `mirroring.json`, old outputs aside, the commit, new
//! outputs in, everything on the disk, `placed.json`, `mirroring.json` gone. git works on an index of its own, which
//! replaces the tree's in one step, so a git that is killed leaves no lock where others would stumble over it.

mod alone;
mod ask;
mod error;
mod export;
mod fetch;
mod index;
mod journal;
mod look;
mod mirror;
mod obstacles;
mod prepare;
mod save;
mod tree;

pub use alone::Alone;
pub use error::{Error, Kind};
pub use export::Built;
pub use fetch::Revision;
pub use look::{CLEANED, Head, half_done};
pub use mirror::{Care, Mirrored};
pub use tree::{Release, Tree};
