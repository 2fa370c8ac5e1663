//! One at a time in a tree.

use crate::{Error, Tree};
use deadline::Deadline;
use durable::{Mutex, MutexError};

/// The right to change a tree, until this is dropped or its holder dead.
///
/// Whoever mirrors a release and makes it the live one keeps it over both: so whoever has it sees in the tree either the live
/// release or what a mirror was ended in.
#[derive(Debug)]
pub struct Alone {
    _mutex: Mutex,
}

impl Tree {
    /// Waits until nobody else changes the tree.
    pub fn alone(&self, deadline: &Deadline) -> Result<Alone, Error> {
        let lock = self.make_area()?.join("lock");
        match Mutex::acquire(lock, 0o644, deadline) {
            Ok(mutex) => Ok(Alone { _mutex: mutex }),
            Err(MutexError::Ended(ended)) => Err(ended.into()),
            Err(MutexError::File(error)) => Err(error.into()),
        }
    }
}
