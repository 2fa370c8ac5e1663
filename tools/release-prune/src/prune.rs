//! Decided, looked at once more, removed.

use crate::usage::Obstacle;
use crate::{PruneReport, Stays, plan, usage};
use application::{Application, Lease, fail};
use camino::Utf8PathBuf;
use deadline::Deadline;
use durable::Leftover;
use releases::plan::Decision;
use serde_json::json;
use state::{Note, State};
use std::collections::BTreeSet;
use step::{Context, Failure};

/// What is to be done with each release, newest first.
pub(crate) fn decide(
    application: &Application,
    context: &Context,
    state: &State,
    keep: usize,
) -> Result<Vec<Decision>, Failure> {
    let link = application.link()?;
    let decide = |in_use: &BTreeSet<String>| {
        releases::plan::prune(&plan::entries(state, link.release(), in_use), keep)
    };
    // Only what is old enough to go is looked for among the processes.
    let candidates: Vec<(String, Utf8PathBuf)> = decide(&BTreeSet::new())
        .into_iter()
        .filter(|decision| !decision.keep)
        .map(|decision| {
            let path = releases::resolve(&application.layout, &decision.name)
                .map_err(|error| fail::resolve(&error))?;
            Ok((decision.name, path))
        })
        .collect::<Result<_, Failure>>()?;
    Ok(decide(&usage::in_use(context, &candidates)?))
}

/// Removes what is to go; what was removed before a failure is in the report of the failure.
pub(crate) fn remove(
    application: &Application,
    context: &Context,
    lease: &Lease<'_>,
    decisions: &[Decision],
    deadline: &Deadline,
) -> Result<PruneReport, Failure> {
    let mut report = PruneReport::default();
    let mut obstacles = Vec::new();
    let mut done = sweep(application, context, lease, deadline, &mut report);
    for decision in decisions {
        let name = &decision.name;
        let why = if decision.keep {
            Some(decision.why.as_str())
        } else if done.is_err() {
            Some("not-reached")
        } else {
            match one(application, lease, name, deadline) {
                Ok(Removed::Freed(bytes)) => {
                    context.note(format!("removed: {name}"));
                    report.removed.push(name.clone());
                    report.freed_bytes += bytes;
                    None
                }
                Ok(Removed::Obstructed(what)) => {
                    obstacles.push(what);
                    Some("not-removable")
                }
                Ok(Removed::Wanted) => Some("in-use"),
                Err(failure) => {
                    done = Err(failure);
                    Some("not-reached")
                }
            }
        };
        report.kept.extend(why.map(|why| Stays {
            release: name.clone(),
            why: why.into(),
        }));
    }
    let recorded = record(application, lease, &report);
    done.and(recorded)
        .map_err(|failure| failure.with(&report))?;
    match obstacles.first() {
        Some(first) => Err(Failure::impossible("not-removable", first)
            .hint(first.hint())
            .with(&report)),
        None => Ok(report),
    }
}

enum Removed {
    /// It is gone, and freed so many bytes.
    Freed(u64),
    /// Something in it is not this user's to remove; nothing was touched.
    Obstructed(Obstacle),
    /// Somebody has come to need it meanwhile.
    Wanted,
}

/// Removes one release, unless the moment before shows that it must stay after all.
fn one(
    application: &Application,
    lease: &Lease<'_>,
    name: &str,
    deadline: &Deadline,
) -> Result<Removed, Failure> {
    let path =
        releases::resolve(&application.layout, name).map_err(|error| fail::resolve(&error))?;
    if let Some(what) = usage::obstacle(&path) {
        return Ok(Removed::Obstructed(what));
    }
    {
        let held = lease.lock(deadline)?;
        let link = application.link()?;
        let is_wanted = plan::entries(&held.state, link.release(), &BTreeSet::new())
            .into_iter()
            .any(|entry| {
                entry.name == name
                    && (entry.is_current || entry.is_last_good || entry.pinned || entry.in_use)
            });
        if is_wanted {
            return Ok(Removed::Wanted);
        }
    }
    // Not under the lock, which nobody holds for as long as a large tree takes. What could select this release
    // meanwhile is a rollback, and where that goes was just seen to stay.
    let place = application.in_place(name);
    let freed = durable::remove_tree(&path).map_err(|error| fail::durable(&error))?;
    // What a tree keeps of a release that is gone costs room and nothing else: where the tree is gone as well, so is that.
    if let Ok(Some(place)) = place {
        let commit = place.release().commit;
        if let Ok(tree) = place.open(deadline) {
            tree.forget(name, commit, deadline).ok();
        }
    }
    Ok(Removed::Freed(freed))
}

/// Removes what dead makers left; what a living one is at work on stays.
fn sweep(
    application: &Application,
    context: &Context,
    lease: &Lease<'_>,
    deadline: &Deadline,
    report: &mut PruneReport,
) -> Result<(), Failure> {
    let dead = {
        let _held = lease.lock(deadline)?;
        leftovers(application)?
    };
    for leftover in dead {
        deadline.check()?;
        report.freed_bytes += leftover.remove().map_err(|error| fail::durable(&error))?;
        let name = leftover
            .path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        context.note(format!("removed, left by a dead process: {name}"));
        report.leftovers.push(name.into_owned());
    }
    Ok(())
}

/// What dead makers left.
pub(crate) fn leftovers(application: &Application) -> Result<Vec<Leftover>, Failure> {
    let mut found =
        durable::leftovers(&application.layout.releases).map_err(|error| fail::durable(&error))?;
    found.retain(|leftover| !leftover.in_use);
    Ok(found)
}

/// What is gone is forgotten by the state, and told by the history, also where a signal ended the rest.
fn record(
    application: &Application,
    lease: &Lease<'_>,
    report: &PruneReport,
) -> Result<(), Failure> {
    if report.removed.is_empty() {
        return Ok(());
    }
    let mut held = lease.lock(&Deadline::never().uninterruptible())?;
    application.learn(&mut held.state)?;
    let details = json!({"removed": report.removed, "freedBytes": report.freed_bytes});
    held.write(Note::new("pruned", Some(lease.id()), details))
        .map_err(fail::store)
}
