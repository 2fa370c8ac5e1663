//! Where to, and the word that this deploy turns back.

use crate::args::Args;
use crate::plan::{self, NoTarget};
use crate::survey::{Passed, phrase};
use crate::wanted::Wanted;
use application::{Application, Lease, fail};
use deadline::Deadline;
use releases::ResolveError;
use state::{State, Status};
use step::Failure;

/// Chooses where to go, and writes down that this deploy turns back.
pub(crate) fn announce(
    application: &Application,
    args: &Args,
    wanted: &Wanted,
    passed: &[Passed],
    lease: &Lease<'_>,
    deadline: &Deadline,
) -> Result<(Option<String>, String), Failure> {
    let mut held = lease.lock(deadline)?;
    application.learn(&mut held.state)?;
    let live = application.link()?.release().map(str::to_owned);
    let to = choose(
        application,
        &held.state,
        args,
        wanted,
        live.as_deref(),
        passed,
    )?;
    releases::resolve(&application.layout, &to).map_err(|error| fail::resolve(&error))?;
    // What the service's own start has announced, and is at or was killed in, is not a second one.
    let is_first = !matches!(&held.state.status, Status::RollingBack(deploy)
        if deploy.intent.as_ref().is_some_and(|intent| intent.to == to));
    let counts = wanted.automatic && is_first && live.as_deref() != Some(&to);
    if counts && held.state.rollbacks_tried > 0 {
        return Err(Failure::no(
            "rollback-spent",
            "one automatic rollback has been made since the deploy began; a second one is for a person to decide",
        )
        .hint("rollback"));
    }
    held.state.live.clone_from(&live);
    let note = held
        .state
        .roll_back(lease.id(), &to, &wanted.reason, counts)
        .map_err(|refused| fail::refused(&refused))?;
    held.write(note).map_err(fail::store)?;
    Ok((live, to))
}

/// Where a rollback leads: as a person says, else by itself; past those that it cannot or need not lead to.
pub(crate) fn choose(
    application: &Application,
    state: &State,
    args: &Args,
    wanted: &Wanted,
    live: Option<&str>,
    passed: &[Passed],
) -> Result<String, Failure> {
    let names: Vec<&str> = passed.iter().map(|one| one.name.as_str()).collect();
    let chosen = match &args.to {
        Some(wanted) if passed.is_empty() => plan::named(state, wanted),
        _ => plan::target(state, state.deploy(), live, &wanted.link, &names),
    };
    chosen.map_err(|no_target| match no_target {
        NoTarget::NoSuch(wanted) => match releases::resolve(&application.layout, &wanted) {
            Ok(_) | Err(ResolveError::Absent(_)) => Failure::no(
                "no-such-release",
                format!("there is no release or commit {wanted}"),
            )
            .hint("deploy-state show --field state.releases"),
            Err(error) => fail::resolve(&error),
        },
        NoTarget::Ambiguous(names) => Failure::no(
            "ambiguous-commit",
            format!("several releases are of that commit: {}", names.join(", ")),
        )
        .hint("rollback --to RELEASE"),
        NoTarget::Nowhere => Failure::no(
            "no-target",
            format!(
                "there is no {}validated release before {}; {}on disk: {}",
                if passed.is_empty() { "" } else { "other " },
                live.unwrap_or("the first one"),
                phrase(passed).map_or_else(String::new, |told| told + "; "),
                listed(state)
            ),
        )
        .hint("rollback --to RELEASE"),
    })
}

/// The releases in their order, each with its verdict.
fn listed(state: &State) -> String {
    let mut releases: Vec<_> = state.releases.iter().collect();
    releases.sort_by_key(|release| release.sequence);
    let listed: Vec<String> = releases
        .iter()
        .map(|release| format!("{} ({})", release.name, release.verdict.phrase()))
        .collect();
    if listed.is_empty() {
        "nothing".into()
    } else {
        listed.join(", ")
    }
}
