//! Which processes a container has, and out of which directory it was made.

use std::path::Path;

use host::Tri;

use super::Compose;
use super::inspect::Container;
use crate::Error;

impl Compose {
    /// Every process of a container: those in its control group; where that cannot be told, its first one and what
    /// descends from it.
    pub(super) fn processes(&self, container: &Container) -> Result<Vec<u32>, Error> {
        let first = container.state.pid;
        let groups = self.proc.cgroups_of(first).unwrap_or_default();
        let own = groups.iter().find(|group| {
            group.tells_units() && group.path.to_string_lossy().contains(&container.id)
        });
        let listed = match own {
            Some(group) => self.proc.cgroup_members(&group.path),
            None => self.proc.descendants(first),
        };
        let mut pids = listed.map_err(Error::io(format!(
            "list the processes of {}",
            self.client.service()
        )))?;
        pids.push(first);
        Ok(pids)
    }
}

/// Whether a container was made out of this directory, by what Compose noted on it.
pub(super) fn made_out_of(container: &Container, directory: &Path) -> Tri {
    let called = format!("container {} of {}", container.short(), container.called());
    match container.directory() {
        Some(noted) if Path::new(noted) == directory => {
            Tri::Yes(format!("{called} was made out of it"))
        }
        Some(noted) => Tri::No(format!("{called} was made out of {noted}")),
        None => Tri::Unknown(format!(
            "{called} does not say out of which directory it is"
        )),
    }
}
