//! The real binary on real trees, repositories and disks.
#![allow(clippy::unwrap_used)]

mod building;
mod directory;
mod full_disk;
mod git;
mod support;
