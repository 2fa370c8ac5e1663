//! `layout`: the directories are as the tools need them, the live release can be read, nothing half-made lies about.

use super::supervised::not_known;
use super::{Check, first};
use crate::finding::Finding;
use crate::given::Given;
use application::Application;
use camino::{Utf8Path, Utf8PathBuf};
use deadline::Deadline;
use durable::Leftover;
use release_stage::share::find;
use releases::{Current, Layout, Manifest, ManifestError};
use std::{fs, io};

pub(super) const CHECK: Check = Check {
    name: "layout",
    about: "current selects a release, releases is a directory, the state and the manifest can be read, what is shared is there, nothing half-made lies about; before a first deploy, that there is a way back from it",
    needs: "--root",
    given: |given| given.application.is_some(),
    run,
};

fn run(given: &Given, deadline: &Deadline) -> Finding {
    let Some(application) = &given.application else {
        return Finding::skip("there is no root");
    };
    let findings = [
        first::no_way_back(given, application, deadline),
        directories(&application.layout),
        live(application),
        state(given, application),
        shared(given, application),
        unfinished(application),
    ];
    worst(findings.into_iter().flatten()).unwrap_or_else(|| {
        let current = match application.current() {
            Ok(Current::Release(name)) => format!("{name} is live"),
            _ => "nothing is live yet".to_owned(),
        };
        Finding::pass(current)
    })
}

/// A failure before a warning.
fn worst(findings: impl Iterator<Item = Finding>) -> Option<Finding> {
    findings.min_by_key(|finding| finding.status != crate::Status::Fail)
}

/// What every release is to share is there, or release-stage would say so later.
fn shared(given: &Given, application: &Application) -> Option<Finding> {
    let told = given.of_stage("share")?;
    let shares: Vec<Utf8PathBuf> = told.lines().map(Into::into).collect();
    let tree = given.of_stage("in-place");
    let base = tree
        .as_deref()
        .map_or(application.layout.shared.as_path(), Utf8Path::new);
    let missing = find(base.as_std_path(), &shares).err()?;
    Some(not_known(&missing.into()))
}

/// The root must be there, for a wrong one would be made and deployed to. Releases may still be to come.
fn directories(layout: &Layout) -> Option<Finding> {
    let make = || format!("mkdir -p {}", layout.releases);
    match fs::metadata(&layout.root) {
        Ok(data) if data.is_dir() => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Some(Finding::fail(
                format!("there is no {}", layout.root),
                make(),
            ));
        }
        other => return Some(strange(&layout.root, other.err())),
    }
    match fs::metadata(&layout.releases) {
        Ok(data) if data.is_dir() => None,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(Finding::warn(
            format!("there is no {} yet", layout.releases),
            make(),
        )),
        other => Some(strange(&layout.releases, other.err())),
    }
}

fn strange(place: &Utf8Path, error: Option<io::Error>) -> Finding {
    let message = match error {
        Some(error) => format!("{place} cannot be looked at: {error}"),
        None => format!("{place} is not a directory"),
    };
    Finding::fail(message, format!("ls -ld {place}"))
}

fn live(application: &Application) -> Option<Finding> {
    let link = &application.layout.current;
    match application.current() {
        Ok(Current::Release(name)) => manifest(&application.layout, &name),
        Ok(Current::Dangling(target)) => Some(Finding::fail(
            format!("{link} leads to {target}, which is gone"),
            "release-swap --previous",
        )),
        Ok(Current::Absent) => None,
        // The same words as from the tools that would stop at it.
        Ok(Current::Outside(_) | Current::NotALink) => {
            let failure = application.link().err()?;
            Some(Finding::fail(
                failure.message(),
                failure.hint_text().unwrap_or_default(),
            ))
        }
        Err(failure) => Some(Finding::fail(failure.message(), format!("ls -l {link}"))),
    }
}

/// A release without one is no fault: somebody else made it.
fn manifest(layout: &Layout, name: &str) -> Option<Finding> {
    let directory = layout.releases.join(name);
    match Manifest::read(&directory) {
        Ok(_) | Err(ManifestError::Absent(_)) => None,
        Err(error) => Some(Finding::fail(
            error.to_string(),
            format!("ls -l {}", directory.join(releases::MANIFEST)),
        )),
    }
}

fn state(given: &Given, application: &Application) -> Option<Finding> {
    let problem = given.state(application).err()?;
    Some(Finding {
        hint: problem.hint.clone(),
        ..Finding::fail(problem.message.clone(), "")
    })
}

/// What a killed tool was making or removing.
fn unfinished(application: &Application) -> Option<Finding> {
    let layout = &application.layout;
    let mut places = vec![layout.releases.clone()];
    places.extend(layout.current.parent().map(Utf8Path::to_owned));
    places.extend(layout.state.parent().map(Utf8Path::to_owned));
    places.sort();
    places.dedup();
    let dead: Vec<Leftover> = places
        .iter()
        .filter_map(|place| durable::leftovers(place).ok())
        .flatten()
        .filter(|leftover| !leftover.in_use)
        .collect();
    let first = dead.first()?;
    let more = match dead.len() {
        1 => String::new(),
        several => format!(" and {} more", several - 1),
    };
    Some(
        Finding::warn(
            format!("{}{more} was left behind half-made", first.path.display()),
            "deploy-state recover",
        )
        .measured(dead.len(), 0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_comes_before_a_warning() {
        let warning = Finding::warn("w", "");
        let failure = Finding::fail("f", "");
        let worst = worst([warning, failure.clone()].into_iter());
        assert_eq!(worst, Some(failure));
    }
}
