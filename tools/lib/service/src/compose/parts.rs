//! Which processes a container has, out of which directory it was made, and which of several are over.

use std::path::Path;

use host::Tri;

use super::inspect::Container;
use super::{Compose, judge};
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

/// The services of which a container is over, where others go on that were all made out of this directory; nothing where
/// it is the whole that is to be started.
pub(super) fn ended(containers: &[Container], directory: Option<&Path>) -> Option<Vec<String>> {
    let directory = directory?;
    let (up, over): (Vec<&Container>, Vec<&Container>) =
        containers.iter().partition(|one| one.lives());
    let is_of_it = |one: &&Container| matches!(made_out_of(one, directory), Tri::Yes(_));
    if up.is_empty() || !up.iter().all(is_of_it) {
        return None;
    }
    let mut services: Vec<String> = over
        .into_iter()
        .filter(|one| !judge::is_done(one))
        .map(|one| one.service().to_owned())
        .collect();
    services.dedup();
    (!services.is_empty()).then_some(services)
}
