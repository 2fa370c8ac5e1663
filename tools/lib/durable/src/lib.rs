//! Files that survive a kill and a power cut.
//!
//! Whoever calls a function of this crate and gets `Ok` may take the change for done: it is there after a power
//! cut, and whoever looked meanwhile saw the old or the new and nothing between. After an `Err` nothing has
//! changed, unless [`Error::took_effect`] says otherwise.
//!
//! | to do | function | what is never seen |
//! |---|---|---|
//! | a whole file | [`replace`] | half a file, an empty file |
//! | a line more | [`append`] | a line lost that was reported written; a torn line before a whole one |
//! | a directory made ready aside | [`Staging`], [`publish`] | half a directory under its final name |
//! | something to another place | [`relocate`], [`install`] | neither place having it, both having it |
//! | a symbolic link | [`switch`] | no link at all, a link to nothing |
//! | a tree away | [`remove_tree`] | half a tree under its own name; anything touched outside the tree |
//! | one at a time | [`Mutex`] | two holders; a lock left behind by the dead |
//!
//! Nothing else in this project renames, links or syncs. What a killed process leaves behind carries a name that
//! [`leftovers`] knows, and the kernel itself tells whether its writer still lives: the writer holds a lock on it.

mod claim;
mod directory;
mod error;
mod file;
mod history;
mod leftover;
mod link;
mod mutex;
mod names;
mod place;
mod relocate;
mod staging;
mod tree;

pub use directory::{create_directory, publish};
pub use error::{Error, without_number};
pub use file::{read, remove, replace};
pub use history::{append, intact};
pub use leftover::{Kind, Leftover, leftovers};
pub use link::switch;
pub use mutex::{Mutex, MutexError};
pub use relocate::{install, relocate, sync};
pub use staging::Staging;
pub use tree::remove_tree;
