//! The images of a release: fetched or built while the old ones run, and told by their ids from then on.
//!
//! Where the project is a link to one release after another, the first start of a release writes down what it was made of
//! (`ROOT/run/compose/RELEASE.yaml`); a later start of that release, in a rollback, uses exactly these images, wherever their
//! tags have moved meanwhile. A tag of our own keeps them from being cleared away as nobody's.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use deadline::Deadline;

use super::project::Project;
use super::source::FILE;
use super::{Compose, judge, pin};
use crate::Error;

/// Who may read what was written down: it may hold what the project's environment holds.
const MODE: u32 = 0o600;

/// Fetches and builds; the next start finds what came of it.
pub(super) fn prepare(
    compose: &Compose,
    pull: bool,
    build: bool,
    deadline: &Deadline,
) -> Result<(), Error> {
    let project = compose.project();
    if project.is_staged() {
        let note = "nothing is fetched or built for it: the release tells its images by their ids";
        compose.noted().push(note.to_owned());
        return Ok(());
    }
    let call = |verb: &[&str]| {
        let mut arguments = verb.to_vec();
        arguments.extend(compose.services.iter().map(String::as_str));
        compose
            .client
            .compose(&project, &compose.path, None, &arguments, deadline)
    };
    if pull {
        let text = call_config(compose, &project, deadline)?;
        // What is built here is in no registry.
        let named = |name: &String| compose.services.is_empty() || compose.services.contains(name);
        let fetched: Vec<String> = pin::services(&text)
            .into_iter()
            .filter(|(name, made)| !made.built && named(name))
            .map(|(name, _)| name)
            .collect();
        if !fetched.is_empty() {
            let mut arguments = vec!["pull", "--quiet"];
            arguments.extend(fetched.iter().map(String::as_str));
            compose
                .client
                .compose(&project, &compose.path, None, &arguments, deadline)?;
        }
    }
    if build {
        call(if pull {
            &["build", "--pull"]
        } else {
            &["build"]
        })?;
    }
    // What was written down is no longer what is wanted.
    if let Some(file) = compose.pinned_file(&project) {
        match durable::remove(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn call_config(
    compose: &Compose,
    project: &Project,
    deadline: &Deadline,
) -> Result<String, Error> {
    let finished = compose
        .client
        .compose(project, &compose.path, None, &["config"], deadline)?;
    Ok(finished.stdout_text())
}

impl Compose {
    /// Where the configuration of the release is written down that the link leads to.
    pub(super) fn pinned_file(&self, project: &Project) -> Option<PathBuf> {
        let release = project.directory.as_ref()?.file_name()?;
        let mut name = release.to_owned();
        name.push(".yaml");
        project
            .is_linked
            .then(|| self.run.join("compose").join(name))
    }

    /// The release's configuration with its images told by their ids: as its first start has written it down, or as it was
    /// staged.
    pub(super) fn written_down(&self, project: &Project) -> Result<Option<String>, Error> {
        let written = self.pinned_file(project).filter(|file| file.is_file());
        let staged = || {
            let directory = project.directory.as_ref()?;
            project.is_staged().then(|| directory.join(FILE))
        };
        let read = |file: PathBuf| {
            fs::read_to_string(&file).map_err(Error::io(format!("read {}", file.display())))
        };
        written.or_else(staged).map(read).transpose()
    }

    /// After a start: what the release is made of is kept and, where `text` is its configuration, written down, and what is
    /// no release's any more is let go. The service has been started all the same, so a failure is only noted.
    pub(super) fn look_after_images(
        &self,
        project: &Project,
        text: Option<&str>,
        deadline: &Deadline,
    ) {
        let note = |what: &str, error: &Error| self.noted().push(format!("{what}: {error}"));
        match self.containers(deadline) {
            Ok(containers) => {
                let images = judge::images(&containers).into_iter();
                let images = images.map(|image| (image.service, image.id)).collect();
                let release = project.directory.as_deref();
                // Again for one that was staged: nobody may have come to it then.
                if let Some(Err(error)) =
                    release.map(|release| self.keep(project, release, &images, deadline))
                {
                    note("its images have no tag of their own", &error);
                }
                if let Some(Err(error)) = text.map(|text| self.pin(project, text, &images)) {
                    let what = "its images are not written down, and it would be started again \
                                with whatever their names mean then";
                    note(what, &error);
                }
            }
            Err(error) => note("its images are neither tagged nor written down", &error),
        }
        if let Err(error) = self.forget(project, deadline) {
            note("images of releases that are gone are still there", &error);
        }
    }

    /// Writes down what the release that has just been started is made of.
    fn pin(
        &self,
        project: &Project,
        text: &str,
        images: &BTreeMap<String, String>,
    ) -> Result<(), Error> {
        let Some(file) = self.pinned_file(project) else {
            return Ok(());
        };
        let Some(directory) = file.parent().filter(|_| !images.is_empty()) else {
            return Ok(());
        };
        durable::create_directory(&self.run, 0o755)?;
        durable::create_directory(directory, 0o755)?;
        durable::replace(&file, pin::pinned(text, images).as_bytes(), MODE)?;
        Ok(())
    }

    /// Gives the images a tag of the release, so that they stay for as long as it does.
    pub(super) fn keep(
        &self,
        project: &Project,
        release: &Path,
        images: &BTreeMap<String, String>,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        for (service, id) in images {
            let tag = format!(
                "{}{}:{}",
                kept_in(&project.name),
                service.to_lowercase(),
                tag_of(release)
            );
            let action = format!("keep the image of {service}");
            self.client.docker(&["tag", id, &tag], &action, deadline)?;
        }
        Ok(())
    }

    /// Lets go of what belonged to releases that are gone. What cannot be removed, because something else uses it, stays.
    fn forget(&self, project: &Project, deadline: &Deadline) -> Result<(), Error> {
        let release = project.directory.as_deref();
        let Some(releases) = release.and_then(Path::parent) else {
            return Ok(());
        };
        let there: HashSet<String> = entries(releases)?.iter().map(|path| tag_of(path)).collect();
        let action = "look for images of releases that are gone";
        let reference = format!("reference={}*", kept_in(&project.name));
        let list = [
            "images",
            "--filter",
            &reference,
            "--format",
            "{{.Repository}}:{{.Tag}}",
        ];
        let listed = self.client.docker(&list, action, deadline)?.stdout_text();
        for image in listed.lines() {
            // What the engine takes for a match is not enough to remove anything: another project's images look much alike.
            let Some(release) = kept_of(image, &project.name) else {
                continue;
            };
            if there.contains(release) {
                continue;
            }
            let removed = self.client.docker(&["rmi", image], action, deadline);
            if let Err(error @ (Error::TimedOut { .. } | Error::Interrupted { .. })) = removed {
                return Err(error);
            }
        }
        for file in entries(&self.run.join("compose")).unwrap_or_default() {
            let is_gone = file
                .file_stem()
                .is_some_and(|name| !releases.join(name).exists());
            if is_gone && file.extension().is_some_and(|kind| kind == "yaml") {
                durable::remove(&file)?;
            }
        }
        Ok(())
    }
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let read =
        fs::read_dir(directory).map_err(Error::io(format!("read {}", directory.display())))?;
    Ok(read.flatten().map(|entry| entry.path()).collect())
}

/// Where a project's images are kept, each under its service's name. A name cannot hold the slash behind the project's, so
/// that `shop` and `shop-api` never meet.
fn kept_in(project: &str) -> String {
    format!("slipway/{project}/")
}

/// The release that an image is kept for, where it is one of this very project's.
fn kept_of<'a>(image: &'a str, project: &str) -> Option<&'a str> {
    let (service, release) = image.strip_prefix(&kept_in(project))?.split_once(':')?;
    (!service.contains('/')).then_some(release)
}

/// A release's name as a tag: what a tag cannot hold is left out, and it is 128 characters long at most.
fn tag_of(release: &Path) -> String {
    let name = release.file_name().unwrap_or_default().to_string_lossy();
    let kept = name
        .chars()
        .filter(|one| one.is_ascii_alphanumeric() || "_.-".contains(*one));
    kept.skip_while(|one| "-.".contains(*one))
        .take(128)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_one_projects_alone_however_alike_their_names_are() {
        let image = |project: &str, service: &str| format!("{}{service}:r1", kept_in(project));
        assert_eq!(kept_of(&image("shop", "web"), "shop"), Some("r1"));
        for (project, service) in [
            ("shop-api", "web"),
            ("shop-staging", "web"),
            ("shop_api", "web"),
            ("sho", "web"),
        ] {
            let image = image(project, service);
            assert_eq!(kept_of(&image, "shop"), None, "{image}");
        }
        assert_ne!(image("shop", "api-web"), image("shop-api", "web"));
        assert_eq!(kept_of("slipway/shop/web/more:r1", "shop"), None);
        assert_eq!(kept_of("slipway/shop-web:r1", "shop"), None);
    }
}
