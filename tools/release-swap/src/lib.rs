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

use application::{Application, STALE_AFTER, answers, fail, protected};
use deadline::Deadline;
use plan::{Chosen, NoRelease, Wanted};
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

/// The report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole {
    #[serde(flatten)]
    swap: SwapReport,
    /// Whether a bad verdict was gone past.
    forced: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
}

impl step::Tool for Tool {
    const NAME: &'static str = "release-swap";
    const ABOUT: &'static str = "Make a release live: one atomic switch of current";
    type Args = Args;
    const FIELDS: &'static [&'static str] = &["from", "to", "changed", "forced", "dryRun"];
    const CODES: &'static [step::Codes] = &[
        codes::OWN,
        application::protected::CODES,
        application::fail::CODES,
    ];

    fn run(args: Args, context: &Context) -> Result<Report, Failure> {
        let application = Application::of(&args.layout)?;
        let service = application.service(&args.service)?;
        let wish = Wish {
            wanted: wanted(&args, context)?,
            force: args.force,
            is_protected: protected::is_protected(context)?,
        };
        if wish.force && wish.is_protected {
            let hint = "deploy-state mark RELEASE good";
            return Err(protected::not_forced(protected::BAD, hint));
        }
        let deadline = context.deadline(LIMIT);
        let whole = if args.dry_run {
            foresee(&application, &wish, &deadline)?
        } else {
            swap(&application, context, &wish, service.as_ref(), &deadline)?
        };
        if whole.forced {
            context.note(format!("{} is marked bad: forced", whole.swap.to));
        }
        context.note(told(&whole));
        Ok(Report::of(&whole))
    }
}

/// What was asked for, and what may be gone past for it.
#[derive(Debug)]
struct Wish {
    wanted: Wanted,
    force: bool,
    is_protected: bool,
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
            Failure::usage("no release was named: RELEASE, --newest, or - behind release-stage")
                .hint("deploy-state show --field state.releases")
        })
}

/// Takes the lease, switches, gives the lease back.
fn swap(
    application: &Application,
    context: &Context,
    wish: &Wish,
    service: Option<&Service>,
    deadline: &Deadline,
) -> Result<Whole, Failure> {
    // What cannot be is refused before a lease is taken for it.
    if let Wanted::Named(release) = &wish.wanted {
        releases::resolve(&application.layout, release).map_err(|error| fail::resolve(&error))?;
    }
    answers(service, deadline)?;
    let tool = <Tool as step::Tool>::NAME;
    let lease = application.enter(context, tool, STALE_AFTER, deadline)?;
    let Chosen { release, forced } = {
        let mut held = lease.lock(deadline)?;
        application.learn(&mut held.state)?;
        choose(application, wish, &held.state)?
    };
    let swap = switch(application, &lease, &release, service, deadline)?;
    // The switch is made: what is left is only said.
    let why = forced.then(|| format!("{release} is marked bad, and --force went past it"));
    lease.leave(why.as_deref(), &deadline.uninterruptible())?;
    Ok(Whole {
        swap,
        forced,
        dry_run: false,
    })
}

fn choose(application: &Application, wish: &Wish, state: &State) -> Result<Chosen, Failure> {
    let link = application.link()?;
    let chosen = plan::choose(&wish.wanted, state, link.release(), wish.force);
    chosen.map_err(|no_release| match no_release {
        NoRelease::AtAll => Failure::no(
            "no-such-release",
            format!("there is no release in {}", application.layout.releases),
        )
        .hint("release-stage --source DIR"),
        NoRelease::IsBad(release) => {
            let which = match &wish.wanted {
                Wanted::Newest => "the newest release, ",
                _ => "",
            };
            let good = format!("deploy-state mark {release} good");
            let force = if wish.is_protected {
                String::new()
            } else {
                format!("; release-swap --force {release} goes past that")
            };
            let comma = if which.is_empty() { "" } else { "," };
            let message = format!("{which}{release}{comma} is marked bad{force}");
            Failure::no("release-bad", message).hint(good)
        }
        NoRelease::Before => Failure::no(
            "no-previous",
            format!(
                "there is nothing to go back to from {}",
                link.release().unwrap_or("nothing")
            ),
        )
        .hint("deploy-state show --field state.releases"),
    })
}

/// What a switch would come to, by looking alone.
fn foresee(application: &Application, wish: &Wish, deadline: &Deadline) -> Result<Whole, Failure> {
    let mut state = application.load()?;
    application.learn(&mut state)?;
    let Chosen {
        release: to,
        forced,
    } = choose(application, wish, &state)?;
    releases::resolve(&application.layout, &to).map_err(|error| fail::resolve(&error))?;
    let from = application.link()?.release().map(str::to_owned);
    if from.as_deref() != Some(to.as_str()) {
        application.admits(&to, deadline)?;
    }
    let swap = SwapReport {
        changed: from.as_deref() != Some(to.as_str()),
        from,
        to,
    };
    Ok(Whole {
        swap,
        forced,
        dry_run: true,
    })
}

fn told(whole: &Whole) -> String {
    let SwapReport { from, to, changed } = &whole.swap;
    let verb = if whole.dry_run { "would be" } else { "is" };
    if *changed {
        let from = from.as_deref().unwrap_or("nothing");
        format!("current {verb} switched: {from} -> {to}")
    } else {
        format!("current is {to} already")
    }
}
