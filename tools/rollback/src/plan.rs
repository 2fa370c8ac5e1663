//! The decisions: whether to go back, and to which release. Pure.

use serde_json::Value;
use state::{Deploy, Release, State, Status, Verdict};

/// What a failed report asks of `rollback --on-failure`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It failed before anything that serves was touched: its verdict stands, and nothing is to be brought back.
    PassOn,
    /// It failed after the service or the link had been touched; the reason.
    Act(String),
}

/// The tools that touch what serves; the others fail without a trace.
const TOUCHING: [&str; 4] = [
    "service-stop",
    "release-swap",
    "service-start",
    "healthwait",
];

/// Reads the report of the step before. In a deploy the state says whether anything was touched; outside one, the
/// reports do.
pub(crate) fn asked(report: &Value, deploy: Option<&Status>) -> Asked {
    let reason = reason(report);
    match deploy {
        Some(Status::Validating(_) | Status::RollingBack(_)) => Asked::Act(reason),
        Some(Status::Deploying(_)) => Asked::PassOn,
        Some(Status::Idle) | None => {
            if touched(report) {
                Asked::Act(reason)
            } else {
                Asked::PassOn
            }
        }
    }
}

/// Why the step before failed, in its own words.
fn reason(report: &Value) -> String {
    let tool = report["tool"].as_str().unwrap_or("the step before");
    let message = report["error"]["message"].as_str().unwrap_or_default();
    let exit = report["exit"].as_u64().unwrap_or(3);
    if message.is_empty() {
        format!("{tool} ended with {exit}")
    } else {
        format!("{tool}: {message}")
    }
}

/// Whether a failed report speaks against the release. That a runbook, or a tool in it, was killed does not.
pub(crate) fn blames(report: &Value) -> bool {
    !is_cut_off(report) && report["error"]["code"] != "command-died"
}

/// Whether a step of this chain of reports has touched what serves.
fn touched(report: &Value) -> bool {
    let touching = |report: &Value| {
        report["tool"]
            .as_str()
            .is_some_and(|tool| TOUCHING.contains(&tool))
    };
    if is_cut_off(report) {
        // What died before a stop is a preparation; what died later, or is not known at all, may have touched anything.
        let unknown = report["tool"].is_null();
        return unknown || touching(report) && report["tool"] != "service-stop";
    }
    // Bad usage and a lease that was not had come before anything is done; a switch that fails leaves the link alone.
    let failed_early =
        matches!(report["exit"].as_u64(), Some(2 | 75)) || report["tool"] == "release-swap";
    if touching(report) && !failed_early {
        return true;
    }
    let mut before = &report["upstream"];
    while before.is_object() {
        let changed = before["changed"] != Value::Bool(false);
        if touching(before) && changed && before["tool"] != "healthwait" {
            return true;
        }
        before = &before["upstream"];
    }
    false
}

/// Whether nothing is known of the steps before this one: one of them died without a word, or this one was ended by a
/// signal while it waited for them, as at a Ctrl-C all of them are at once.
fn is_cut_off(report: &Value) -> bool {
    match report["error"]["code"].as_str() {
        Some("upstream-missing" | "upstream-invalid") => true,
        Some("interrupted") => report["upstream"].is_null(),
        _ => false,
    }
}

/// What is known of the link, outside any deploy, where the state does not tell what was tried.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Link {
    /// A step of the chain switched it.
    Switched {
        /// What was live before.
        from: Option<String>,
        /// What has been live since.
        to: String,
    },
    /// The chain failed before it was switched.
    Left,
    /// The chain was cut off by a step that died; it may have been switched before.
    CutOff,
    /// There is no chain, or no switch in it.
    #[default]
    Untold,
}

/// What the chain of reports says of the link.
pub(crate) fn link(report: &Value) -> Link {
    // A stop comes before the switch, and a switch that fails leaves the link alone.
    let failed_before = report["tool"] == "service-stop" || report["tool"] == "release-swap";
    let mut at = report;
    while at.is_object() {
        if at["tool"] == "release-swap" && at["ok"] == Value::Bool(true) {
            let to = at["to"]
                .as_str()
                .filter(|_| at["changed"] == Value::Bool(true));
            return to.map_or(Link::Left, |to| Link::Switched {
                from: at["from"].as_str().map(str::to_owned),
                to: to.into(),
            });
        }
        if is_cut_off(at) {
            return Link::CutOff;
        }
        at = &at["upstream"];
    }
    if failed_before {
        Link::Left
    } else {
        Link::Untold
    }
}

/// Why there is no release to go back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoTarget {
    /// Nothing of that name or commit.
    NoSuch(String),
    /// Several releases of that commit.
    Ambiguous(Vec<String>),
    /// Nothing before the live one that was validated, or at least live and not bad.
    Nowhere,
}

/// The release that a person names: by its name, or by a commit or the beginning of one.
pub(crate) fn named(state: &State, wanted: &str) -> Result<String, NoTarget> {
    if let Some(release) = state.release(wanted) {
        return Ok(release.name.clone());
    }
    let of_commit: Vec<&Release> = state
        .releases
        .iter()
        .filter(|release| {
            let commit = release.commit.as_deref().unwrap_or_default();
            // Shorter than Git abbreviates it, it is no commit.
            wanted.len() >= 4 && commit.starts_with(wanted)
        })
        .collect();
    match of_commit.as_slice() {
        [] => Err(NoTarget::NoSuch(wanted.into())),
        [one] => Ok(one.name.clone()),
        several => Err(NoTarget::Ambiguous(
            several.iter().map(|release| release.name.clone()).collect(),
        )),
    }
}

/// Where a rollback leads by itself. A deploy goes back to what was validated when it began; where it has not
/// switched yet, that is what is live, and the way back is to start it. Outside any deploy the same is so of a chain of
/// tools, as far as their reports tell. Those in `passed` are passed over.
pub(crate) fn target(
    state: &State,
    deploy: Option<&Deploy>,
    live: Option<&str>,
    link: &Link,
    passed: &[&str],
) -> Result<String, NoTarget> {
    let usable = |name: &&str| {
        state.release(name).is_some()
            && state.verdict(name) != Verdict::Bad
            && Some(*name) != live
            && !passed.contains(name)
    };
    // It is started again where it is, if it can be.
    let stays = live.filter(|live| !passed.contains(live));
    if let Some(deploy) = deploy.filter(|deploy| deploy.moment_of.is_none()) {
        let brought = deploy.release.is_some() && !deploy.brings_nothing();
        let switched = brought && deploy.release.as_deref() == live;
        if !switched && let Some(live) = stays {
            return Ok(live.into());
        }
        if let Some(previous) = deploy.previous.as_deref().filter(usable) {
            return Ok(previous.into());
        }
    } else if let Some(live) = live {
        let is_good = state.verdict(live) == Verdict::Good;
        match link {
            Link::Left if stays.is_some() => return Ok(live.into()),
            Link::CutOff if is_good && stays.is_some() => return Ok(live.into()),
            Link::Switched { from, to } if to == live => {
                if let Some(from) = from.as_deref().filter(usable) {
                    return Ok(from.into());
                }
            }
            _ => {}
        }
    }
    state
        .rollback_target_past(live, passed)
        .map(|release| release.name.clone())
        .ok_or(NoTarget::Nowhere)
}

#[cfg(test)]
mod tests;
