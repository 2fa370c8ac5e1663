//! Everything between an empty directory and a complete release that only lacks its name.

use crate::command::{self, BUILD, INSTALL, Stage};
use crate::compose::{self, Made};
use crate::exclude::Exclude;
use crate::in_place::Checkout;
use crate::plan::Root;
use crate::request::{Job, LinkDest, Request, Source, job};
use crate::{copy, git, known_bad, links, share, sharing, source, trouble};
use application::Application;
use deadline::Deadline;
use releases::MANIFEST;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use step::{Context, Failure};
use walkdir::WalkDir;

/// The most bytes that are read of a `package.json`.
const LARGEST_PACKAGE: u64 = 4 * 1024 * 1024;
/// How many of the things that were left out are named.
const NAMED: usize = 5;

/// What the directory holds now.
#[derive(Debug)]
pub(crate) struct Filled {
    pub(crate) kind: &'static str,
    pub(crate) commit: Option<String>,
    pub(crate) source: String,
    pub(crate) start: Option<String>,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) linked: u64,
    /// In place: what the build made beside what is committed.
    pub(crate) outputs: Vec<String>,
    /// Of a Compose project: what it is made of.
    pub(crate) compose: Option<Made>,
}

/// What a directory was filled with, if at all.
#[derive(Debug)]
pub(crate) enum Fill {
    /// It was.
    Filled(Box<Filled>),
    /// It was not: this release is the same, live and validated.
    IsLive(String),
}

/// Fills `release`. `twin` is the release to share files with, where there is one; `checkout` the commit of a working tree,
/// where it is made of one.
pub(crate) fn fill(
    application: &Application,
    context: &Context,
    request: &Request,
    release: &Path,
    twin: Option<&Path>,
    checkout: Option<&Checkout<'_>>,
) -> Result<Fill, Failure> {
    if let Source::Compose(project) = &request.source {
        return compose::fill(application, context, request, project, release);
    }
    let commit = take(application, context, request, release, checkout)
        .map_err(|failure| in_time(failure, request))?;
    let shared = checkout.map_or(application.layout.shared.as_std_path(), Checkout::shared);
    let shared = share::link(shared, release, &request.shares)?;
    let is_built = request.build.is_some();
    let hint = by_hand(application, context, request);
    run(
        context,
        INSTALL,
        request.install.as_ref(),
        release,
        hint.as_deref(),
        request.install_timeout,
        |root| root.install(is_built),
    )?;
    run(
        context,
        BUILD,
        request.build.as_ref(),
        release,
        hint.as_deref(),
        request.build_timeout,
        Root::build,
    )?;
    share::verify(&shared)?;
    let outputs = match checkout {
        Some(checkout) => checkout.outputs(context, request, release)?,
        None => Vec::new(),
    };
    let root = look(release)?;
    let linked = match request.link_dest {
        LinkDest::None => 0,
        LinkDest::Previous | LinkDest::Release(_) => {
            sharing::with(release, twin, &Deadline::never())?
        }
    };
    let (files, bytes) = count(release)?;
    Ok(Fill::Filled(Box::new(Filled {
        kind: root.kind().name(),
        start: request.start.clone().or_else(|| root.start()),
        source: match &request.source {
            Source::Directory(directory) => directory.to_string_lossy().into_owned(),
            Source::Git(repository) => repository.shown(),
            Source::InPlace(place) => place.directory.to_string_lossy().into_owned(),
            Source::Compose(project) => project.directory.to_string_lossy().into_owned(),
        },
        commit,
        files,
        bytes,
        linked,
        outputs,
        compose: None,
    })))
}

/// Brings the source into the directory; the commit, where it has one.
fn take(
    application: &Application,
    context: &Context,
    request: &Request,
    release: &Path,
    checkout: Option<&Checkout<'_>>,
) -> Result<Option<String>, Failure> {
    let deadline = context.deadline(request.copy_timeout);
    if let Some(checkout) = checkout {
        let commit = checkout.take(context, release, &deadline)?;
        let shown = release.display().to_string();
        holds_something(release, &shown, &deadline)?;
        links::check(release, &links_in(release)?)?;
        return Ok(Some(commit));
    }
    match &request.source {
        Source::Directory(source) => {
            context.note(format!("copying {}", source.display()));
            let copied = copy::tree(source, release, &request.exclude, &deadline)?;
            holds_something(release, &source.display().to_string(), &deadline)?;
            links::check(release, &copied.links)?;
            tell_skipped(context, &copied.skipped);
            Ok(None)
        }
        Source::Git(repository) => {
            context.note(format!("fetching {}", repository.shown()));
            let commit = git::check_out(context, repository, release, &deadline)?;
            context.note(format!("commit {commit}"));
            if !request.force {
                known_bad::of_commit(application, &commit, "deploy", context)?;
            }
            leave_out(request, release)?;
            holds_something(release, &repository.shown(), &deadline)?;
            links::check(release, &links_in(release)?)?;
            Ok(Some(commit))
        }
        // Whoever stages from a tree has said which commit.
        Source::InPlace(_) | Source::Compose(_) => Err(Failure::usage("no commit was checked out")),
    }
}

/// Refuses a release that would be nothing.
fn holds_something(release: &Path, source: &str, deadline: &Deadline) -> Result<(), Failure> {
    let is_empty = source::is_empty(release, &Exclude::default(), deadline)?;
    if is_empty.map_err(trouble::at("read", release))? {
        return Err(source::empty(source));
    }
    Ok(())
}

/// The end of the copy's time limit, in its own words.
fn in_time(failure: Failure, request: &Request) -> Failure {
    if failure.code() != "timed-out" {
        return failure;
    }
    let limit = request.copy_timeout.as_secs_f64();
    Failure::timed_out(
        "copy-timed-out",
        format!("the source was not copied within {limit} s"),
    )
    .hint(format!(
        "release-stage --copy-timeout {}s",
        (limit * 2.0).ceil()
    ))
}

fn tell_skipped(context: &Context, skipped: &[PathBuf]) {
    for path in skipped.iter().take(NAMED) {
        let path = path.display();
        context.note(format!(
            "left out, neither file nor directory nor link: {path}"
        ));
    }
    if let more @ 1.. = skipped.len().saturating_sub(NAMED) {
        context.note(format!("left out like these: {more} more"));
    }
}

/// Removes from a checkout what was asked to be left out.
fn leave_out(request: &Request, release: &Path) -> Result<(), Failure> {
    let mut walk = WalkDir::new(release).min_depth(1).into_iter();
    while let Some(entry) = walk.next() {
        let entry = entry.map_err(|error| trouble::at("read", release)(io::Error::from(error)))?;
        let path = entry.path();
        let inner = path.strip_prefix(release).unwrap_or(path);
        if !request.exclude.leaves_out(inner) {
            continue;
        }
        if entry.file_type().is_dir() {
            walk.skip_current_dir();
            durable::remove_tree(path).map_err(|error| application::fail::durable(&error))?;
        } else {
            fs::remove_file(path).map_err(trouble::at("remove", path))?;
        }
    }
    Ok(())
}

fn links_in(release: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut links = Vec::new();
    for entry in WalkDir::new(release) {
        let entry = entry.map_err(|error| trouble::at("read", release)(io::Error::from(error)))?;
        if entry.file_type().is_symlink()
            && let Ok(inner) = entry.path().strip_prefix(release)
        {
            links.push(inner.to_path_buf());
        }
    }
    Ok(links)
}

/// Runs one of the two commands, where it is wanted.
fn run(
    context: &Context,
    stage: Stage,
    job: Option<&Job>,
    release: &Path,
    hint: Option<&str>,
    limit: Duration,
    auto: impl FnOnce(&Root) -> Option<&'static str>,
) -> Result<(), Failure> {
    let line = match job {
        None => return Ok(()),
        Some(Job::Command(line)) => line.clone(),
        Some(Job::Auto) => {
            let root = look(release)?;
            auto(&root)
                .ok_or_else(|| no_command(stage.verb, &root))?
                .to_owned()
        }
    };
    command::shell(context, stage, &line, release, limit).map_err(|failure| match hint {
        Some(hint) if failure.code() == stage.failed => failure.hint(hint),
        _ => failure,
    })
}

/// The refusal to find out by itself how that is done.
fn no_command(verb: &str, root: &Root) -> Failure {
    let kind = root.kind().name();
    let variable = step::variable("release-stage", verb);
    let message = format!(
        "nothing in the source, of kind {kind}, says how to {verb} it; {variable}=none, where there is nothing to {verb}, or a command in the application's file would"
    );
    Failure::no("no-command", message).hint(step::EDIT)
}

/// Whether what these two would be told, `auto` among it, would be refused for what lies there.
pub fn lacking(
    directory: &Path,
    install: Option<String>,
    build: Option<String>,
) -> Option<Failure> {
    let (install, build) = (job(install), job(build));
    let root = look(directory).ok()?;
    if install == Some(Job::Auto) && root.install(build.is_some()).is_none() {
        return Some(no_command(INSTALL.verb, &root));
    }
    (build == Some(Job::Auto) && root.build().is_none()).then(|| no_command(BUILD.verb, &root))
}

/// What tells more of a command that failed: its words in the deploy's log, else the source that it ran in a copy of. Of a commit
/// there is none: what lies in a working tree is what is live.
fn by_hand(application: &Application, context: &Context, request: &Request) -> Option<String> {
    if let Some(id) = context.deploy_id() {
        let log = application.log_of(id);
        return Some(format!("less {}", step::quoted(log.as_str())));
    }
    match &request.source {
        Source::Directory(source) => {
            let source = source.to_string_lossy();
            Some(format!("cd {}", step::quoted(&source)))
        }
        Source::Git(_) | Source::InPlace(_) | Source::Compose(_) => None,
    }
}

/// The markers at the root of a directory.
pub(crate) fn look(release: &Path) -> Result<Root, Failure> {
    let mut root = Root::default();
    for entry in fs::read_dir(release).map_err(trouble::at("read", release))? {
        let entry = entry.map_err(trouble::at("read", release))?;
        if let Ok(name) = entry.file_name().into_string() {
            root.names.insert(name);
        }
    }
    root.package = durable::read(release.join("package.json"), LARGEST_PACKAGE)
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok());
    Ok(root)
}

/// The regular files and the sum of their lengths.
pub(crate) fn count(release: &Path) -> Result<(u64, u64), Failure> {
    let manifest = release.join(MANIFEST);
    let (mut files, mut bytes) = (0, 0);
    for entry in WalkDir::new(release) {
        Deadline::never().check()?;
        let failed = |error| trouble::at("read", release)(io::Error::from(error));
        let entry = entry.map_err(failed)?;
        if entry.file_type().is_file() && entry.path() != manifest {
            files += 1;
            bytes += entry.metadata().map_err(failed)?.len();
        }
    }
    Ok((files, bytes))
}
