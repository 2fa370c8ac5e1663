//! What was asked for, checked before anything is begun.

use crate::args::Args;
use crate::exclude::Exclude;
use crate::git::{Repository, Revision};
use crate::{share, trouble};
use camino::Utf8PathBuf;
use releases::{ResolveError, name};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use step::Failure;

/// Where a release comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A directory, physical.
    Directory(PathBuf),
    /// A git repository.
    Git(Repository),
    /// A Compose project.
    Compose(Project),
    /// A git working tree, which the release is to be mirrored into.
    InPlace(InPlace),
}

/// A Compose project, and what is done before it is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its directory, physical.
    pub directory: PathBuf,
    /// Those of its services that are meant; all where none is named.
    pub services: Vec<String>,
    /// Whether images are fetched.
    pub pull: bool,
}

/// A working tree, and which commit is wanted in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InPlace {
    /// The top of the tree, as it was told.
    pub directory: PathBuf,
    /// The commit.
    pub revision: worktree::Revision,
    /// Whether what is checked out becomes a release first, where none is live.
    pub adopt: bool,
}

/// A command that is to be run in the release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// What its kind says.
    Auto,
    /// This shell command.
    Command(String),
}

/// With which release unchanged files are shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkDest {
    /// With none.
    None,
    /// With the live one, or where none is live with the newest.
    Previous,
    /// With this one.
    Release(String),
}

impl LinkDest {
    /// What `--link-dest` says.
    pub fn told(text: &str) -> Self {
        match text {
            "none" => Self::None,
            "previous" => Self::Previous,
            release => Self::Release(release.into()),
        }
    }
}

/// A release to be made.
#[derive(Debug, Clone)]
pub struct Request {
    /// From what.
    pub source: Source,
    /// Its name, where one was given.
    pub name: Option<String>,
    /// The installation of what it depends on.
    pub install: Option<Job>,
    /// Its build.
    pub build: Option<Job>,
    /// When the installation is killed.
    pub install_timeout: Duration,
    /// When the build is killed.
    pub build_timeout: Duration,
    /// When the copy is given up.
    pub copy_timeout: Duration,
    /// What is left out.
    pub exclude: Exclude,
    /// With which release files are shared.
    pub link_dest: LinkDest,
    /// What is linked into `shared/`.
    pub shares: Vec<Utf8PathBuf>,
    /// How it is started, where that was told.
    pub start: Option<String>,
    /// Whether one is made of what was marked bad, or is live already.
    pub force: bool,
}

impl Request {
    /// What these options ask for.
    pub fn of(args: Args) -> Result<Self, Failure> {
        let source = source(&args)?;
        if let Some(name) = &args.name {
            name::validate(name).map_err(|why| {
                let name = name.clone();
                application::fail::resolve(&ResolveError::BadName { name, why })
            })?;
        }
        share::check(&args.share)?;
        let (install, build) = (job(args.install), job(args.build));
        let is_built_from = install.is_some() || build.is_some();
        let told = args.exclude.iter().map(String::as_str);
        let shares = args.share.iter().map(|share| share.as_str());
        let exclude = match &source {
            Source::Git(_) | Source::InPlace(_) | Source::Compose(_) => {
                Exclude::of_repository(told, shares)
            }
            Source::Directory(_) => Exclude::of_directory(is_built_from, told, shares),
        };
        Ok(Self {
            source,
            name: args.name,
            install,
            build,
            install_timeout: args.install_timeout,
            build_timeout: args.build_timeout,
            copy_timeout: args.copy_timeout,
            exclude,
            link_dest: LinkDest::told(&args.link_dest),
            shares: args.share,
            start: args.start,
            force: args.force,
        })
    }
}

/// What `--install` or `--build` asks for; nothing where it says none.
pub fn job(told: Option<String>) -> Option<Job> {
    match told?.as_str() {
        "none" | "" => None,
        "auto" => Some(Job::Auto),
        command => Some(Job::Command(command.into())),
    }
}

fn source(args: &Args) -> Result<Source, Failure> {
    let revision = [
        args.branch.clone().map(Revision::Branch),
        args.tag.clone().map(Revision::Tag),
        args.commit.clone().map(Revision::Commit),
    ]
    .into_iter()
    .flatten()
    .next();
    if let Some(directory) = &args.in_place {
        return Ok(Source::InPlace(InPlace {
            directory: directory.clone(),
            revision: in_place(revision)?,
            adopt: !args.no_adopt,
        }));
    }
    if let Some(told) = &args.compose {
        if matches!(job(args.build.clone()), Some(Job::Command(_))) {
            return Err(
                Failure::usage(
                    "of a Compose project, --build takes no command: it builds the images that the project builds",
                )
                .hint("release-stage --build"),
            );
        }
        return Ok(Source::Compose(Project {
            directory: directory_at("--compose", told)?,
            services: args.services.clone(),
            pull: args.pull,
        }));
    }
    match (&args.source, &args.git) {
        // With both, the application's file names the repository, and the revision is of that.
        (Some(_), None) if revision.is_some() => Err(Failure::usage(
            "--branch, --tag and --commit need --git or --in-place",
        )),
        (Some(directory), _) => Ok(Source::Directory(directory_at("--source", directory)?)),
        (None, Some(url)) => {
            let revision = revision.unwrap_or(Revision::Head);
            Ok(Source::Git(Repository::at(url, revision)?))
        }
        (None, None) => Err(Failure::usage(
            "nothing was named to make a release from, by --source DIR, --git URL, --in-place DIR or --compose DIR",
        )
        .hint("release-stage --help")),
    }
}

/// The same words for a tree; without any the upstream of its branch.
fn in_place(revision: Option<Revision>) -> Result<worktree::Revision, Failure> {
    use worktree::Revision as InTree;
    if let Some(Revision::Branch(name) | Revision::Tag(name) | Revision::Commit(name)) = &revision
        && (name.is_empty() || name.starts_with('-'))
    {
        return Err(Failure::usage(format!("{name:?} names no commit")));
    }
    Ok(match revision {
        None | Some(Revision::Head) => InTree::Upstream,
        Some(Revision::Branch(name)) => InTree::Branch(name),
        Some(Revision::Tag(name)) => InTree::Tag(name),
        Some(Revision::Commit(id)) => InTree::Commit(id),
    })
}

fn directory_at(option: &str, told: &Path) -> Result<PathBuf, Failure> {
    let missing = |why: &str| {
        Failure::no("no-source", format!("{option}: {} {why}", told.display()))
            .hint(format!("ls -ld {}", told.display()))
    };
    match fs::metadata(told) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(missing("is not there")),
        Err(error) => Err(trouble::at("read", told)(error)),
        Ok(found) if !found.is_dir() => Err(missing("is not a directory")),
        Ok(_) => fs::canonicalize(told).map_err(trouble::at("read", told)),
    }
}
