//! `release-swap`: one atomic switch of `current`.
//!
//! Before: the release is complete, a real directory beneath the releases, and `current` is a link or missing. After:
//! `current` selects the release, the state says so and holds the service's counters of before; whoever looked
//! meanwhile saw the old release or the new. A failure leaves the link as it was. The service is not touched.

mod args;
mod codes;
pub mod plan;
mod switch;

pub use args::Args;
pub use switch::{SwapReport, switch};

use application::{Application, STALE_AFTER, answers, fail};
use deadline::Deadline;
use plan::{NoRelease, Wanted};
use serde::Serialize;
use service::Service;
use state::State;
use std::time::Duration;
use step::{Context, Failure, Report};

/// Far longer than the lock, the supervisor's answer and a few synced writes take.
const LIMIT: Duration = Duration::from_secs(60);

/// The tool.
#[derive(Debug)]
pub struct Tool;

/// What `--dry-run` adds to the report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DryRun {
    #[serde(flatten)]
    swap: SwapReport,
    dry_run: bool,
}

impl step::Tool for Tool {
    const NAME: &'static str = "release-swap";
    const ABOUT: &'static str = "Make a release live: one atomic switch of current";
    type Args = Args;
    const FIELDS: &'static [&'static str] = &["from", "to", "changed", "dryRun"];
    const CODES: &'static [step::Codes] = &[codes::OWN, application::fail::CODES];

    fn run(args: Args, context: &Context) -> Result<Report, Failure> {
        let application = Application::of(&args.layout)?;
        let service = application.service(&args.service)?;
        let wanted = wanted(&args, context)?;
        let deadline = context.deadline(LIMIT);
        if args.dry_run {
            let swap = foresee(&application, &wanted, &deadline)?;
            context.note(told(&swap, "would be"));
            return Ok(Report::of(&DryRun {
                swap,
                dry_run: true,
            }));
        }
        let swap = swap(&application, context, &wanted, service.as_ref(), &deadline)?;
        context.note(told(&swap, "is"));
        Ok(Report::of(&swap))
    }
}

/// The release that was told: on the command line, else by the step before.
fn wanted(args: &Args, context: &Context) -> Result<Wanted, Failure> {
    if let Some(release) = &args.release {
        return Ok(Wanted::Named(release.clone()));
    }
    if args.previous {
        return Ok(Wanted::Previous);
    }
    if args.newest {
        return Ok(Wanted::Newest);
    }
    context
        .upstream()
        .and_then(|upstream| upstream.find("/release")?.as_str())
        .map(|release| Wanted::Named(release.to_owned()))
        .ok_or_else(|| {
            Failure::usage("no release was named").hint(
                "release-swap RELEASE, release-swap --newest, or release-stage … | release-swap -",
            )
        })
}

/// Takes the lease, switches, gives the lease back.
fn swap(
    application: &Application,
    context: &Context,
    wanted: &Wanted,
    service: Option<&Service>,
    deadline: &Deadline,
) -> Result<SwapReport, Failure> {
    // What cannot be is refused before a lease is taken for it.
    if let Wanted::Named(release) = wanted {
        releases::resolve(&application.layout, release).map_err(|error| fail::resolve(&error))?;
    }
    answers(service, deadline)?;
    let tool = <Tool as step::Tool>::NAME;
    let lease = application.enter(context, tool, STALE_AFTER, deadline)?;
    let to = {
        let mut held = lease.lock(deadline)?;
        application.learn(&mut held.state)?;
        choose(application, wanted, &held.state)?
    };
    let swap = switch(application, &lease, &to, service, deadline)?;
    // The switch is made: what is left is only said.
    lease.leave(None, &deadline.uninterruptible())?;
    Ok(swap)
}

fn choose(application: &Application, wanted: &Wanted, state: &State) -> Result<String, Failure> {
    let link = application.link()?;
    plan::choose(wanted, state, link.release()).map_err(|no_release| match no_release {
        NoRelease::AtAll => Failure::no(
            "no-such-release",
            format!("there is no release in {}", application.layout.releases),
        )
        .hint("release-stage --source DIR"),
        NoRelease::NewestIsBad(release) => Failure::no(
            "release-bad",
            format!("the newest release, {release}, is marked bad"),
        )
        .hint(format!(
            "release-swap {release}, to switch to it all the same"
        )),
        NoRelease::Before => Failure::no(
            "no-previous",
            format!(
                "there is nothing to go back to from {}",
                link.release().unwrap_or("nothing")
            ),
        )
        .hint("release-swap RELEASE; deploy-state show --field state.releases names them"),
    })
}

/// What a switch would come to, by looking alone.
fn foresee(
    application: &Application,
    wanted: &Wanted,
    deadline: &Deadline,
) -> Result<SwapReport, Failure> {
    let mut state = application.load()?;
    application.learn(&mut state)?;
    let to = choose(application, wanted, &state)?;
    releases::resolve(&application.layout, &to).map_err(|error| fail::resolve(&error))?;
    let from = application.link()?.release().map(str::to_owned);
    if from.as_deref() != Some(to.as_str()) {
        application.admits(&to, deadline)?;
    }
    Ok(SwapReport {
        changed: from.as_deref() != Some(to.as_str()),
        from,
        to,
    })
}

fn told(swap: &SwapReport, verb: &str) -> String {
    let SwapReport { from, to, changed } = swap;
    if *changed {
        let from = from.as_deref().unwrap_or("nothing");
        format!("current {verb} switched: {from} -> {to}")
    } else {
        format!("current is {to} already")
    }
}
