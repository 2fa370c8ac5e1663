//! A project directory as what releases are made of.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use deadline::Deadline;

use super::inspect::Container;
use super::project::Project;
use super::{Compose, images, pin};
use crate::{Error, Image, Setting};

/// The configuration's name in a release.
pub(super) const FILE: &str = "compose.yaml";
/// Who may read it: it holds what the project's environment holds.
const MODE: u32 = 0o600;

/// A project directory, of which a release keeps the configuration as it is now, with every image told by its id.
#[derive(Debug)]
pub struct ComposeSource {
    compose: Compose,
}

/// A configuration that needs nothing looked up any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// The project's name, the same for all of its releases.
    pub project: String,
    /// The whole configuration.
    pub text: String,
    /// The image of each service.
    pub images: Vec<Image>,
}

impl ComposeSource {
    /// The project in `directory`, and those of its services that are meant: all where none is named.
    pub fn at(directory: &Path, services: &[String]) -> Self {
        // Nothing of it is started here: it has no application around it.
        let setting = Setting {
            root: directory.to_owned(),
            current: PathBuf::new(),
            start: None,
        };
        Self {
            compose: Compose::new(&directory.to_string_lossy(), services, &setting),
        }
    }

    /// Fetches what a registry has and builds what is built here, while what runs goes on running.
    pub fn prepare(&self, pull: bool, build: bool, deadline: &Deadline) -> Result<(), Error> {
        images::prepare(&self.compose, pull, build, deadline)
    }

    /// Where containers of this project run, and whoever starts and stops what `current` leads to looks for those of another
    /// one: the project's name, and the other's.
    pub fn unseen_at(
        &self,
        current: &Path,
        deadline: &Deadline,
    ) -> Result<Option<(String, String)>, Error> {
        let own = self.compose.project().name;
        let other = Project::at(current, current).name;
        if own == other {
            return Ok(None);
        }
        let containers = self.compose.containers(deadline)?;
        let runs = containers.iter().any(Container::lives);
        Ok(runs.then_some((own, other)))
    }

    /// The configuration with its images as they are now.
    pub fn pinned(&self, deadline: &Deadline) -> Result<Pinned, Error> {
        let project = self.compose.project();
        let text = images::call_config(&self.compose, &project, deadline)?;
        let mut found = BTreeMap::new();
        let mut lacking = Vec::new();
        for (service, made) in pin::services(&text) {
            let name = self.compose.name_of(&service, made, &project, deadline)?;
            match self.compose.image(&service, &name, deadline)? {
                Some(id) => {
                    found.insert(service, id);
                }
                // One that nobody asked for may stay as it is.
                None if !self.compose.is_meant(&service) => {}
                None => lacking.push(Image { service, id: name }),
            }
        }
        if !lacking.is_empty() {
            return Err(Error::ImagesMissing {
                of: self.compose.client.service().to_owned(),
                images: lacking,
                hint: "release-stage --pull --build".to_owned(),
            });
        }
        let chosen = self.compose.services.iter();
        if let Some(unknown) = chosen.clone().find(|name| !found.contains_key(*name)) {
            return Err(self.compose.client.no_such(unknown));
        }
        let text = pin::pinned(&text, &found);
        let images = found.into_iter();
        Ok(Pinned {
            project: project.name,
            text,
            images: images.map(|(service, id)| Image { service, id }).collect(),
        })
    }

    /// Writes the configuration into the empty directory of a release, and has Compose read it there.
    pub fn write(&self, pinned: &Pinned, into: &Path, deadline: &Deadline) -> Result<(), Error> {
        let name = format!("COMPOSE_PROJECT_NAME={}\n", pinned.project);
        durable::replace(into.join(".env"), name.as_bytes(), MODE)?;
        durable::replace(into.join(FILE), pinned.text.as_bytes(), MODE)?;
        let there = Project {
            name: pinned.project.clone(),
            directory: Some(into.to_owned()),
            is_linked: false,
        };
        let read = self
            .compose
            .client
            .compose(&there, into, None, &["config"], deadline)?;
        let made = pin::services(&read.stdout_text());
        let is_so = |image: &Image| {
            made.get(&image.service)
                .is_some_and(|made| !made.built && made.image.as_ref() == Some(&image.id))
        };
        match pinned.images.iter().find(|image| !is_so(image)) {
            None => Ok(()),
            Some(image) => Err(Error::Configuration {
                place: into.to_owned(),
                said: format!("Compose does not read {image} out of what it printed itself"),
                hint: format!(
                    "{} && {} config",
                    super::client::enter(&self.compose.path),
                    super::client::typed()
                ),
            }),
        }
    }

    /// Whether the release in `directory` has this very configuration, with these very images.
    pub fn is_same(pinned: &Pinned, directory: &Path) -> bool {
        is_text(directory, &pinned.text)
    }

    /// Keeps the images for as long as the release does, which is in `release`.
    pub fn keep(&self, pinned: &Pinned, release: &Path, deadline: &Deadline) -> Result<(), Error> {
        let images = pinned.images.iter();
        let images = images.map(|image| (image.service.clone(), image.id.clone()));
        let project = self.compose.project();
        self.compose
            .keep(&project, release, &images.collect(), deadline)
    }
}

/// Whether two releases are the same configuration with the same images.
pub fn is_twin(one: &Path, other: &Path) -> bool {
    let staged = |directory: &Path| Project::at(directory, Path::new("")).is_staged();
    let text = std::fs::read_to_string(one.join(FILE));
    staged(one) && staged(other) && text.is_ok_and(|text| is_text(other, &text))
}

fn is_text(directory: &Path, text: &str) -> bool {
    std::fs::read_to_string(directory.join(FILE)).is_ok_and(|there| there == text)
}
