//! Whether a release's images are still there. Somebody who clears away what no container uses takes them too, and an image
//! that is told by its id is in no registry under that name: it is looked for before anything is stopped, and never fetched.

use std::path::Path;

use deadline::Deadline;

use super::project::Project;
use super::{Compose, images, pin};
use crate::{Error, Image};

impl Compose {
    /// What the engine lacks of the release in `directory`, of the services that are meant; nothing of a project that has no
    /// releases.
    pub(super) fn lacking_of(
        &self,
        directory: &Path,
        deadline: &Deadline,
    ) -> Result<Vec<Image>, Error> {
        let project = Project::of(directory, &self.path, &self.current);
        if !project.is_linked {
            return Ok(Vec::new());
        }
        let text = match self.written_down(&project)? {
            Some(text) => text,
            None => images::call_config(self, &project, deadline)?,
        };
        self.lacking_in(&text, &project, deadline)
    }

    /// For a start of a release: its configuration, resolved, where it has not been written down yet. An error where an image
    /// is not there: whoever started it all the same would have Compose ask registries for an id, for as long as that takes.
    pub(super) fn startable_text(
        &self,
        project: &Project,
        deadline: &Deadline,
    ) -> Result<Option<String>, Error> {
        let written = self.written_down(project)?;
        let (text, hint) = match &written {
            Some(text) => (text.clone(), "rollback"),
            None => (
                images::call_config(self, project, deadline)?,
                "service-start --pull --build",
            ),
        };
        let images = self.lacking_in(&text, project, deadline)?;
        if images.is_empty() {
            return Ok(written.is_none().then_some(text));
        }
        Err(Error::ImagesMissing {
            of: self.client.service().to_owned(),
            images,
            hint: hint.to_owned(),
        })
    }

    /// What the engine lacks of this configuration, of the services that are meant.
    fn lacking_in(
        &self,
        text: &str,
        project: &Project,
        deadline: &Deadline,
    ) -> Result<Vec<Image>, Error> {
        let mut lacking = Vec::new();
        for (service, made) in pin::services(text) {
            if !self.is_meant(&service) {
                continue;
            }
            let id = self.name_of(&service, made, project, deadline)?;
            if self.image(&service, &id, deadline)?.is_none() {
                lacking.push(Image { service, id });
            }
        }
        Ok(lacking)
    }

    /// Whether this service is one of those that were named, or all are meant.
    pub(super) fn is_meant(&self, service: &str) -> bool {
        self.services.is_empty() || self.services.iter().any(|name| name == service)
    }

    /// What the image of a service is called: as its configuration says or, where it is built here and nothing says so, as
    /// Compose calls it.
    pub(super) fn name_of(
        &self,
        service: &str,
        made: pin::Made,
        project: &Project,
        deadline: &Deadline,
    ) -> Result<String, Error> {
        if let Some(name) = made.image {
            return Ok(name);
        }
        let parted = self.client.kind(deadline)?.parted();
        Ok(format!("{}{parted}{service}", project.name))
    }

    /// The id of the image of that name; nothing where the engine has none.
    pub(super) fn image(
        &self,
        service: &str,
        name: &str,
        deadline: &Deadline,
    ) -> Result<Option<String>, Error> {
        let action = format!("find the image {name} of {service}");
        let ask = ["image", "inspect", "--format", "{{.Id}}", name];
        match self.client.docker(&ask, &action, deadline) {
            Ok(finished) => Ok(Some(finished.stdout_text().trim().to_owned())),
            Err(Error::Refused { said, .. }) if is_gone(&said) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether the engine says that it has no such image. Whatever else it says is no reason to pass a release over.
fn is_gone(said: &str) -> bool {
    said.to_ascii_lowercase().contains("no such image")
}

#[cfg(test)]
mod tests {
    use super::is_gone;

    #[test]
    fn an_engine_in_trouble_has_not_lost_an_image() {
        for gone in [
            "Error response from daemon: No such image: demo:1",
            "Error: No such image: demo:1",
        ] {
            assert!(is_gone(gone), "{gone}");
        }
        for trouble in [
            "Error response from daemon: layer does not exist",
            "request returned 500 Internal Server Error for API route and version",
            "Error response from daemon: open /var/lib/docker/image: too many open files",
            "exit status: 1",
        ] {
            assert!(!is_gone(trouble), "{trouble}");
        }
    }
}
