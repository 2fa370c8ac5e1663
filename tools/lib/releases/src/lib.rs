//! Releases on disk: where they lie, what they are called, which one is live, what is in them; and the decisions about
//! them that need no disk at all.
//!
//! ```text
//! ROOT/releases/20261120-093000/.release.json   a release and its manifest
//! ROOT/current -> releases/20261120-093000       the one that is live
//! ROOT/shared/                                   what outlives every release
//! ROOT/deploy-state.json                         the record of it all
//! ```
//!
//! [`resolve`] is the only way from a name that came from outside to a path: beneath the directory of releases or not
//! at all. [`plan`] decides what to switch to and what to prune, from values alone.

mod current;
mod layout;
mod manifest;
pub mod name;
pub mod plan;
mod resolve;

pub use current::{Current, current};
pub use layout::{Layout, PathError};
pub use manifest::{MANIFEST, Manifest, ManifestError, SCHEMA, runs_in};
pub use name::NameError;
pub use plan::Verdict;
pub use resolve::{ResolveError, list, resolve};
