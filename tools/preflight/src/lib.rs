//! Whatever would stop a deploy half-way is found before it begins.
//!
//! Before: nothing. After: every check for which the options gave material has been made, all of them side by side; each
//! failure names the command that mends it. Nothing is changed.

mod args;
mod checks;
mod codes;
mod finding;
mod given;
mod policy;
mod protected;
mod report;
mod run;
mod told;

pub use args::Args;
pub use finding::{Finding, Status};
pub use report::{CheckReport, Listed, PreflightReport};
pub use told::{Format, Freeze, Frozen, Outside, Run, RunTimeout};

use given::Given;
use policy::Policy;
use std::sync::Arc;
use step::{Context, Failure, Report};

/// The step.
pub struct Tool;

impl step::Tool for Tool {
    const NAME: &'static str = "preflight";
    const ABOUT: &'static str = "Find what would stop a deploy before it begins";
    type Args = Args;
    const FIELDS: &'static [&'static str] = &[
        "checks.N.name",
        "checks.N.status",
        "checks.N.message",
        "checks.N.value",
        "checks.N.limit",
        "checks.N.hint",
        "checks.N.found.N.status",
        "checks.N.found.N.file",
        "checks.N.found.N.line",
        "checks.N.found.N.rule",
        "checks.N.found.N.what",
        "checks.N.found.N.reason",
        "checks.N.durationMs",
        "passed",
        "warned",
        "failed",
        "skipped",
        "forced",
        "forcedPast.N",
        "list.N.name",
        "list.N.about",
        "list.N.needs",
        "list.N.given",
    ];
    const CODES: &'static [step::Codes] = &[
        codes::OWN,
        application::protected::CODES,
        application::fail::CODES,
    ];

    fn run(args: Args, context: &Context) -> Result<Report, Failure> {
        if !args.list {
            step::check_settings::<Self>(context)?;
        }
        let policy = Policy::of(&args)?;
        let protected = !args.list && protected::guard(&args, context)?;
        let list = args.list;
        let given = Arc::new(Given::of(args, protected, context)?);
        if list {
            return Ok(Report::of(&report::list(&given)));
        }
        let chosen = policy.choose(&given)?;
        let done = run::side_by_side(&chosen, &given, |limit| context.deadline(limit))?;
        let report = policy.conclude(done, &given).addressed(context);
        report.tell(context);
        report.verdict()
    }
}
