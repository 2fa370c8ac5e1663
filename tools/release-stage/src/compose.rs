//! A release of a Compose project: its configuration, with every image told by its id.

use crate::fill::{self, Fill, Filled};
use crate::request::{Project, Request};
use crate::{known_bad, nothing_new};
use application::{Application, fail};
use deadline::Deadline;
use service::{ComposeSource, Pinned};
use std::path::Path;
use std::time::Duration;
use step::{Context, Failure};

/// What a release is made of, and who keeps it.
#[derive(Debug)]
pub(crate) struct Made {
    source: ComposeSource,
    pinned: Pinned,
}

/// Fetches and builds while what runs goes on running, and writes down what came of it.
pub(crate) fn fill(
    application: &Application,
    context: &Context,
    request: &Request,
    project: &Project,
    release: &Path,
) -> Result<Fill, Failure> {
    let failed = |error: service::Error| fail::service(&error);
    let source = ComposeSource::at(&project.directory, &project.services);
    let named = project.directory.display();
    is_the_same_project(
        application,
        &source,
        &context.deadline(request.copy_timeout),
    )?;
    let (pull, build) = (project.pull, request.build.is_some());
    if pull || build {
        context.note(match (pull, build) {
            (true, true) => format!("pulling and building the images of {named}"),
            (true, false) => format!("pulling the images of {named}"),
            (false, _) => format!("building the images of {named}"),
        });
        let limit = |wanted, limit| if wanted { limit } else { Duration::ZERO };
        let limit = limit(pull, request.copy_timeout) + limit(build, request.build_timeout);
        let deadline = context.deadline(limit);
        source.prepare(pull, build, &deadline).map_err(failed)?;
    }
    let deadline = context.deadline(request.copy_timeout);
    let pinned = source.pinned(&deadline).map_err(failed)?;
    if !request.force {
        known_bad::refuse(
            application,
            &format!("the configuration of {named}, with the same images,"),
            "deploy-compose",
            context,
            |one| is_same(application, &pinned, &one.name),
        )?;
        let live = nothing_new::validated(application)?.filter(|_| request.name.is_none());
        if let Some(live) = live.filter(|live| is_same(application, &pinned, live)) {
            return Ok(Fill::IsLive(live));
        }
    }
    source.write(&pinned, release, &deadline).map_err(failed)?;
    let (files, bytes) = fill::count(release)?;
    Ok(Fill::Filled(Box::new(Filled {
        kind: service::COMPOSE,
        commit: None,
        source: project.directory.to_string_lossy().into_owned(),
        start: None,
        files,
        bytes,
        linked: 0,
        outputs: Vec::new(),
        compose: Some(Made { source, pinned }),
    })))
}

/// Refuses what a deploy would start beside what runs already: it stops only what it knows by its own project's name.
fn is_the_same_project(
    application: &Application,
    source: &ComposeSource,
    deadline: &Deadline,
) -> Result<(), Failure> {
    let current = &application.layout.current;
    let unseen = source.unseen_at(current.as_std_path(), deadline);
    let Some((own, other)) = unseen.map_err(|error| fail::service(&error))? else {
        return Ok(());
    };
    Err(Failure::no(
        "other-project",
        format!(
            "containers of the project {own} run, and {current} is taken for the project {other}: \
             nobody would stop them before the release starts, unless the application's file says COMPOSE_PROJECT_NAME={own}"
        ),
    )
    .hint(step::EDIT))
}

/// Whether that release is of this very configuration, with these very images.
fn is_same(application: &Application, pinned: &Pinned, release: &str) -> bool {
    let directory = application.layout.releases.join(release);
    ComposeSource::is_same(pinned, directory.as_std_path())
}

impl Made {
    /// Keeps the images for as long as the release is kept. The release is there already: a failure is only said.
    pub(crate) fn keep(&self, context: &Context, release: &Path) {
        let deadline = Deadline::after(crate::LIMIT).uninterruptible();
        if let Err(error) = self.source.keep(&self.pinned, release, &deadline) {
            context.note(format!("its images have no tag of their own: {error}"));
        }
    }

    /// The image of each service.
    pub(crate) fn images(&self) -> Vec<String> {
        self.pinned.images.iter().map(ToString::to_string).collect()
    }
}
