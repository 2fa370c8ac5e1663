//! `space`: what is to be staged fits, and what pruning will want to remove afterwards can be removed.

use super::source::{is_built, left_out};
use super::{Check, places};
use crate::finding::Finding;
use crate::given::Given;
use application::Application;
use camino::Utf8Path;
use deadline::{Deadline, Ended};
use host::disk::Usage;
use release_prune::forecast::{Forecast, forecast};
use release_stage::exclude::Exclude;
use release_stage::request::LinkDest;
use release_stage::size::{Size, of_directory};
use releases::Current;
use std::path::{Path, PathBuf};
use step::parse::mebibytes;
use step::{counted, quoted};

/// How many releases release-prune keeps where nobody says otherwise.
const KEPT: usize = 5;

pub(super) const CHECK: Check = Check {
    name: "space",
    about: "the releases' file system has room for what is to be staged, in bytes and inodes, and what pruning will remove can be removed",
    needs: "--root",
    given: |given| given.application.is_some(),
    run,
};

/// What a deploy will take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Need {
    bytes: u64,
    inodes: u64,
    /// At most so many of the bytes are given back, once what is the same in another release is linked.
    linkable: u64,
    /// It is what the live release took: what a build will come to is not known.
    by_the_last: bool,
}

fn run(given: &Given, deadline: &Deadline) -> Finding {
    let Some(application) = &given.application else {
        return Finding::skip("there is no root");
    };
    look(given, application, deadline).unwrap_or_else(|finding| finding)
}

fn look(given: &Given, application: &Application, deadline: &Deadline) -> Result<Finding, Finding> {
    let place = places::nearest(&application.layout.releases);
    let usage = host::disk::usage(place.as_std_path()).map_err(|error| {
        Finding::fail(error.to_string(), format!("df {}", quoted(place.as_str())))
    })?;
    let late = |ended: Ended| {
        Finding::fail(
            format!("what is there could not be measured: {ended}"),
            "preflight --check-timeout 1m",
        )
    };
    let live = match application.current() {
        Ok(Current::Release(name)) => Some(name),
        _ => None,
    };
    let need = need(given, application, live.as_deref(), deadline)?;
    let prune = match given.state(application) {
        Ok(state) => {
            // As pruning itself does, for what was never staged here.
            let mut state = state.clone();
            application.learn(&mut state).ok();
            let keep = given.of_tool("release-prune", "keep");
            let keep = keep.and_then(|text| text.parse().ok()).unwrap_or(KEPT);
            let (live, next) = (live.as_deref(), given.release.as_deref());
            forecast(application, &state, live, next, keep, deadline).map_err(late)?
        }
        // Another check says what is wrong with the state.
        Err(_) => Forecast::default(),
    };
    Ok(judge(need, &usage, &prune, &place))
}

/// What the deploy will take; nothing where it stages nothing.
fn need(
    given: &Given,
    application: &Application,
    live: Option<&str>,
    deadline: &Deadline,
) -> Result<Option<Need>, Finding> {
    let told = |option: &str| given.of_stage(option);
    let measure = |directory: &Path, exclude: &Exclude, other: Option<&Path>| {
        let shown = directory.display();
        match of_directory(directory, exclude, other, deadline) {
            Ok(Ok(size)) => Ok(size),
            Ok(Err(error)) => Err(Finding::fail(
                format!("{shown} cannot be measured: {error}"),
                format!("du -s {}", quoted(&shown.to_string())),
            )),
            Err(ended) => Err(Finding::fail(
                format!("{shown} could not be measured: {ended}"),
                "preflight --check-timeout 1m",
            )),
        }
    };
    let is_git = told("git").is_some();
    if given.args.source.is_none() && !is_git {
        return Ok(None);
    }
    let mut need = Need::default();
    if let Some(source) = &given.args.source {
        let size = measure(
            source.as_std_path(),
            &left_out(told),
            twin(given, application).as_deref(),
        )?;
        need.take(&size, false);
    }
    // What a build adds is known by the last one only.
    if (is_git || is_built(told))
        && let Some(live) = live.and_then(|name| releases::resolve(&application.layout, name).ok())
    {
        need.take(
            &measure(live.as_std_path(), &Exclude::default(), None)?,
            true,
        );
    }
    Ok(Some(need))
}

/// The release with which release-stage will share files; that it cannot be told is release-stage's to say.
fn twin(given: &Given, application: &Application) -> Option<PathBuf> {
    let wanted = LinkDest::told(given.of_stage("link-dest")?.as_str());
    release_stage::twin(application, &wanted).ok().flatten()
}

impl Need {
    /// The larger of two.
    fn take(&mut self, size: &Size, by_the_last: bool) {
        if size.on_disk > self.bytes {
            self.bytes = size.on_disk;
            self.by_the_last = by_the_last;
        }
        self.inodes = self.inodes.max(size.inodes);
        self.linkable = self.linkable.max(size.linkable_on_disk);
    }
}

fn judge(need: Option<Need>, usage: &Usage, prune: &Forecast, place: &Utf8Path) -> Finding {
    let finding = match need {
        Some(need) => fits(need, usage, prune, place),
        None => Finding::pass("nothing is to be staged"),
    };
    let gone = match (prune.removed.len(), prune.obstacles.as_slice()) {
        (0, _) => "nothing will be pruned".to_owned(),
        (count, []) => format!(
            "pruning will remove {count} release{} and free {}",
            if count == 1 { "" } else { "s" },
            mebibytes(prune.freed)
        ),
        (_, [first, ..]) => {
            let message = format!("{}; pruning will stumble: {first}", finding.message);
            let (value, limit) = (finding.value.clone(), finding.limit.clone());
            let barred = match finding.status {
                // That it does not fit comes first.
                crate::Status::Fail => Finding { message, ..finding },
                _ => Finding::warn(message, first.hint()).measured(value, limit),
            };
            return barred;
        }
    };
    Finding {
        message: format!("{}; {gone}", finding.message),
        ..finding
    }
}

/// All of it is copied before anything is linked, so that all of it has to fit for a while.
fn fits(need: Need, usage: &Usage, prune: &Forecast, place: &Utf8Path) -> Finding {
    let what = match need {
        Need {
            by_the_last: true, ..
        } => " (as much as the live release took)".to_owned(),
        Need { linkable: 0, .. } => String::new(),
        Need { linkable, .. } => format!(
            ", of which up to {} are linked in the end,",
            mebibytes(linkable)
        ),
    };
    let hint = || {
        if usage.available.saturating_add(prune.free_now) > need.bytes && prune.free_now > 0 {
            "release-prune".to_owned()
        } else {
            "release-prune --keep 1 --dry-run".to_owned()
        }
    };
    let finding = if need.bytes >= usage.available {
        let (wanted, free) = (mebibytes(need.bytes), mebibytes(usage.available));
        let message = format!("{wanted}{what} are to be staged, and {free} are free at {place}");
        Finding::fail(message, hint())
    } else if usage.inodes_total > 0 && need.inodes >= usage.inodes_available {
        let message = format!(
            "{} to be staged, {} free at {place}",
            counted(need.inodes, "file"),
            counted(usage.inodes_available, "inode")
        );
        return Finding::fail(message, hint()).measured(need.inodes, usage.inodes_available);
    } else {
        Finding::pass(format!(
            "{} in {}{what} fit",
            mebibytes(need.bytes),
            counted(need.inodes, "file")
        ))
    };
    finding.measured(need.bytes, usage.available)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Status;
    use release_prune::{Obstacle, ObstacleKind};

    const USAGE: Usage = Usage {
        total: 100,
        used: 0,
        available: 100,
        inodes_total: 10,
        inodes_available: 10,
        inodes_used: 0,
        read_only: false,
    };

    fn judged(bytes: u64, inodes: u64, prune: &Forecast) -> Finding {
        let need = Need {
            bytes,
            inodes,
            ..Need::default()
        };
        judge(Some(need), &USAGE, prune, Utf8Path::new("/srv"))
    }

    #[test]
    fn bytes_and_inodes_must_fit() {
        let verdict = |bytes, inodes| judged(bytes, inodes, &Forecast::default()).status;
        assert_eq!(verdict(99, 9), Status::Pass);
        assert_eq!(verdict(100, 9), Status::Fail);
        assert_eq!(verdict(99, 10), Status::Fail);
    }

    #[test]
    fn pruning_first_helps_where_it_frees_enough() {
        let prune = |free_now| Forecast {
            free_now,
            ..Forecast::default()
        };
        let hint = |free_now| judged(150, 1, &prune(free_now)).hint.unwrap_or_default();
        assert_eq!(hint(60), "release-prune");
        assert!(hint(40).contains("--keep 1 --dry-run"));
    }

    #[test]
    fn what_cannot_be_pruned_is_a_warning() {
        let prune = Forecast {
            removed: vec!["r1".into()],
            obstacles: vec![Obstacle {
                path: "/srv/releases/r1/a".into(),
                kind: ObstacleKind::Immutable,
            }],
            ..Forecast::default()
        };
        let warned = judged(1, 1, &prune);
        assert_eq!(warned.status, Status::Warn);
        assert!(
            warned
                .message
                .contains("/srv/releases/r1/a cannot be removed: it is immutable")
        );
        assert_eq!(judged(100, 1, &prune).status, Status::Fail);
        let nothing = judge(None, &USAGE, &prune, Utf8Path::new("/srv"));
        assert_eq!(nothing.status, Status::Warn);
    }

    #[test]
    fn the_larger_need_counts() {
        let size = |on_disk, inodes| Size {
            on_disk,
            inodes,
            ..Size::default()
        };
        let mut need = Need::default();
        need.take(&size(10, 50), false);
        need.take(&size(20, 5), true);
        assert_eq!((need.bytes, need.inodes, need.by_the_last), (20, 50, true));
    }
}
