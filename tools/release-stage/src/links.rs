//! Symbolic links that came with a source: none of them leads out of the release.

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use std::fs::{self, File};
use std::path::{Component, Path, PathBuf};
use step::Failure;

/// Refuses the first of `links`, paths in `root`, that leads out of it. One that leads to nothing in it stays.
pub(crate) fn check(root: &Path, links: &[PathBuf]) -> Result<(), Failure> {
    let directory = File::open(root).map_err(crate::trouble::at("read", root))?;
    for link in links {
        if leads_out(root, &directory, link) {
            let target = fs::read_link(root.join(link)).unwrap_or_default();
            return Err(Failure::no(
                "link-outside",
                format!(
                    "the link {} leads out of the release, to {}; --share is for what belongs to every release",
                    link.display(),
                    target.display()
                ),
            )
            .hint(format!(
                "release-stage --exclude '/{}'",
                link.display()
            )));
        }
    }
    Ok(())
}

/// The kernel says where it leads, over whatever other links.
fn leads_out(root: &Path, directory: &File, link: &Path) -> bool {
    let how = OpenHow::new()
        .flags(OFlag::O_PATH | OFlag::O_CLOEXEC)
        .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS);
    match openat2(directory, link, how) {
        Ok(_) => false,
        // To nothing, or round in a circle: not out, unless what it says would lead out once something is there.
        Err(Errno::ENOENT | Errno::ELOOP | Errno::ENOTDIR | Errno::EACCES) => says_out(root, link),
        Err(Errno::EXDEV) => true,
        // Older containers forbid the call, or it fails for a reason of its own.
        Err(_) => fs::canonicalize(root.join(link))
            .map_or_else(|_| says_out(root, link), |real| !real.starts_with(root)),
    }
}

/// Whether the words of the link alone lead out.
fn says_out(root: &Path, link: &Path) -> bool {
    let Ok(target) = fs::read_link(root.join(link)) else {
        return true;
    };
    if target.is_absolute() {
        return true;
    }
    let mut depth = link.components().count().saturating_sub(1);
    for part in target.components() {
        match part {
            Component::ParentDir if depth == 0 => return true,
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => depth += 1,
            _ => {}
        }
    }
    false
}
