//! `release-stage`: a complete new release, not yet live.
//!
//! Before: a directory, a git repository, or a working tree that the application runs in. After: one more directory in `releases/`, complete, on the disk, known to the
//! state and next in its order; or, after any failure, a signal or a full disk, nothing at all. What a kill leaves
//! behind bears a name that is no release's, and the next command removes it. What is live is never touched.

mod args;
mod codes;
mod command;
mod compose;
mod copy;
pub mod exclude;
mod file;
mod fill;
mod foresee;
pub mod git;
mod in_place;
mod known_bad;
mod links;
mod nothing_new;
pub mod plan;
mod publish;
pub mod request;
pub mod share;
mod sharing;
pub mod size;
pub mod source;
mod trouble;

pub use args::Args;
pub use fill::lacking;

use application::{Application, Lease, STALE_AFTER, fail, protected};
use durable::Staging;
use fill::Fill;
use request::{LinkDest, Request, Source};
use serde::Serialize;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use step::{Context, Failure, Report};

/// Who may look into a release: everybody; what is secret in it has permissions of its own.
const MODE: u32 = 0o755;
/// Far longer than the lock and a few synced writes take.
const LIMIT: Duration = Duration::from_secs(60);

/// The tool.
#[derive(Debug)]
pub struct Tool;

/// A release that has been staged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StageReport {
    /// Whether it was made; else it is live already, and there is nothing new.
    pub changed: bool,
    /// Its name.
    pub release: String,
    /// Its directory, physical.
    pub path: String,
    /// What kind of build it is; none where that cannot be foreseen.
    pub kind: Option<&'static str>,
    /// The commit that it was made from, in full.
    pub commit: Option<String>,
    /// Regular files in it, its manifest not counted.
    pub files: u64,
    /// The sum of their lengths, in bytes.
    pub bytes: u64,
    /// Files that it shares with another release.
    pub linked: u64,
    /// Files of its own.
    pub copied: u64,
    /// The command that starts it, where one is known.
    pub start: Option<String>,
    /// In place: the working tree, physical.
    pub working_tree: Option<String>,
    /// In place: what the build made beside what is committed, as paths in the tree.
    pub outputs: Vec<String>,
    /// In place: the release that was made of what was checked out before.
    pub adopted: Option<String>,
    /// Of a Compose project: the image of each service, as `SERVICE=sha256:…`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// None was made, and this is what it would be.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

impl step::Tool for Tool {
    const NAME: &'static str = "release-stage";
    const ABOUT: &'static str = "Make a complete new release, not yet live";
    type Args = Args;
    const FIELDS: &'static [&'static str] = &[
        "changed",
        "release",
        "path",
        "kind",
        "commit",
        "files",
        "bytes",
        "linked",
        "copied",
        "start",
        "workingTree",
        "outputs.N",
        "adopted",
        "images.N",
        "dryRun",
    ];
    const CODES: &'static [step::Codes] = &[
        codes::OWN,
        application::protected::CODES,
        application::fail::CODES,
    ];

    fn run(args: Args, context: &Context) -> Result<Report, Failure> {
        let application = Application::of(&args.layout)?;
        let dry_run = args.dry_run;
        if args.force && protected::is_protected(context)? {
            let hint = "deploy-state mark RELEASE good";
            return Err(protected::not_forced(protected::BAD, hint));
        }
        if let Some(told) = &args.source {
            source::is_absolute(told, &["RELEASE_STAGE_SOURCE"], context.app())?;
        }
        if let Some(told) = &args.in_place {
            source::is_absolute(told, &["RELEASE_STAGE_IN_PLACE"], context.app())?;
        }
        if let Some(told) = &args.compose {
            source::is_absolute(told, &["RELEASE_STAGE_COMPOSE"], context.app())?;
        }
        let request = Request::of(args)?;
        if dry_run {
            check_name(&application, &request)?;
            check_source(&application, &request)?;
            twin(&application, &request.link_dest)?;
            let foreseen = foresee::foresee(&application, &request, SystemTime::now())?;
            return Ok(Report::of(&foreseen));
        }
        let staged = stage(&application, context, &request)?;
        let release = &staged.release;
        context.note(if staged.changed {
            format!("staged: {release}")
        } else {
            format!("nothing new: {release} is live and was validated")
        });
        Ok(Report::of(&staged))
    }
}

/// Makes the release. The lease is held all the while: nobody deploys or prunes meanwhile.
pub fn stage(
    application: &Application,
    context: &Context,
    request: &Request,
) -> Result<StageReport, Failure> {
    let layout = &application.layout;
    check_name(application, request)?;
    check_source(application, request)?;
    let twin = twin(application, &request.link_dest)?;
    let deadline = context.deadline(LIMIT);
    let lease = application.enter(context, <Tool as step::Tool>::NAME, STALE_AFTER, &deadline)?;
    durable::create_directory(&layout.releases, MODE).map_err(|error| fail::durable(&error))?;
    let maker = Maker {
        application,
        context,
        request,
        lease: &lease,
        twin,
    };
    let report = match &request.source {
        Source::InPlace(place) => in_place::stage(&maker, place)?,
        Source::Directory(_) | Source::Git(_) | Source::Compose(_) => {
            maker.make(request.name.as_deref(), None)?
        }
    };
    // The release is there: what is left is only said.
    lease.leave(None, &context.deadline(LIMIT).uninterruptible())?;
    Ok(report)
}

/// What every release of one call is made with.
struct Maker<'a> {
    application: &'a Application,
    context: &'a Context,
    request: &'a Request,
    lease: &'a Lease<'a>,
    /// The release to share files with.
    twin: Option<PathBuf>,
}

impl Maker<'_> {
    /// Makes one release, called `name`, else after this moment; nothing is left of it after a failure.
    fn make(
        &self,
        name: Option<&str>,
        checkout: Option<&in_place::Checkout<'_>>,
    ) -> Result<StageReport, Failure> {
        let (application, context) = (self.application, self.context);
        let at = SystemTime::now();
        let releases = application
            .layout
            .physical_releases()
            .map_err(|error| Failure::impossible("io", error))?;
        let staging = Staging::create(&releases, MODE).map_err(|error| fail::durable(&error))?;
        let twin = self.twin.as_deref();
        let path = staging.path();
        let filled = match fill::fill(application, context, self.request, path, twin, checkout) {
            Ok(Fill::Filled(filled)) => *filled,
            Ok(Fill::IsLive(live)) => {
                staging.discard().map_err(|error| fail::durable(&error))?;
                return nothing_new::report(application, &live);
            }
            Err(failure) => {
                if let Err(error) = staging.discard() {
                    context.note(format!("{error}; deploy-state recover removes it"));
                }
                return Err(failure);
            }
        };
        let deadline = context.deadline(LIMIT);
        let (release, path) =
            publish::publish(self, staging, &filled, name, at, checkout, &deadline)?;
        if let Some(made) = &filled.compose {
            made.keep(context, path.as_std_path());
        }
        Ok(StageReport {
            changed: true,
            release,
            path: path.into(),
            kind: Some(filled.kind),
            commit: filled.commit,
            files: filled.files,
            bytes: filled.bytes,
            linked: filled.linked,
            copied: filled.files - filled.linked,
            start: filled.start,
            working_tree: checkout.map(in_place::Checkout::tree_path),
            outputs: filled.outputs,
            adopted: None,
            images: filled.compose.map_or_else(Vec::new, |made| made.images()),
            dry_run: false,
        })
    }
}

/// Whether the name that was asked for is free.
fn check_name(application: &Application, request: &Request) -> Result<(), Failure> {
    let Some(name) = &request.name else {
        return Ok(());
    };
    let path = application.layout.releases.join(name);
    match path.symlink_metadata() {
        Ok(_) => Err(publish::exists(&path)),
        Err(_) => Ok(()),
    }
}

/// Whether the source is a place of its own.
fn check_source(application: &Application, request: &Request) -> Result<(), Failure> {
    match &request.source {
        Source::Directory(directory) => source::is_apart(directory, &application.layout),
        Source::Git(_) | Source::InPlace(_) | Source::Compose(_) => Ok(()),
    }
}

/// The release to share files with; for `previous` none where there is none yet.
pub fn twin(application: &Application, wanted: &LinkDest) -> Result<Option<PathBuf>, Failure> {
    let name = match wanted {
        LinkDest::None => None,
        LinkDest::Release(name) => Some(name.clone()),
        LinkDest::Previous => {
            let live = application.link()?.release().map(str::to_owned);
            let newest = || Some(application.load().ok()?.newest()?.name.clone());
            live.or_else(newest)
        }
    };
    name.map(|name| {
        releases::resolve(&application.layout, &name)
            .map(PathBuf::from)
            .map_err(|error| fail::resolve(&error))
    })
    .transpose()
}
