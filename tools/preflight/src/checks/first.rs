//! The first deploy of what runs already: nothing leads back from it, unless what runs becomes a release before.

use super::live::Live;
use crate::finding::Finding;
use crate::given::Given;
use application::Application;
use camino::Utf8PathBuf;
use deadline::Deadline;
use host::Proc;
use release_stage::source;
use service::{Active, Status};
use std::path::Path;
use step::quoted;

/// What the release is called that is made of what runs.
const NAME: &str = "before";
/// Where programs lie that are no part of an application.
const OF_THE_SYSTEM: [&str; 9] = [
    "/usr", "/bin", "/sbin", "/lib", "/lib64", "/proc", "/sys", "/dev", "/run",
];

/// The service runs and no release is live: whatever it runs out of is left for good by this deploy. In place it is not, for
/// there release-stage itself makes a release of it first.
pub(super) fn no_way_back(
    given: &Given,
    application: &Application,
    deadline: &Deadline,
) -> Option<Finding> {
    let service = given.service.as_ref()?;
    if Live::of(given) != Live::Nothing || given.of_stage("in-place").is_some() {
        return None;
    }
    let status = given.status(service, deadline).ok()?;
    if status.active != Active::Running {
        return None;
    }
    let project = given.of_stage("compose");
    let place = home(status).filter(|place| {
        project.is_none() && source::is_apart(place.as_std_path(), &application.layout).is_ok()
    });
    let out_of = place
        .as_ref()
        .map_or(String::new(), |place| format!(" out of {place}"));
    let make = match (project, place) {
        // As it is now, whatever a deploy would fetch or build.
        (Some(project), _) => format!(
            "env RELEASE_STAGE_PULL=no RELEASE_STAGE_BUILD=none release-stage --compose {} --name {NAME}",
            quoted(&project)
        ),
        (None, Some(place)) => format!(
            "release-stage --source {} --name {NAME} --install none --build none",
            quoted(place.as_str())
        ),
        (None, None) => return Some(Finding::warn(message(&out_of), "man 7 slipway")),
    };
    Some(Finding::warn(
        message(&out_of),
        format!("{make} && release-swap {NAME}"),
    ))
}

fn message(out_of: &str) -> String {
    format!(
        "the service runs{out_of} and nothing is live yet: if the first release fails, there is none to go back to, unless one is made of what runs"
    )
}

/// The directory that holds all that the service runs out of, as far as that can be told: where it stands, unless that is no
/// application's place, or its program lies elsewhere.
fn home(status: &Status) -> Option<Utf8PathBuf> {
    let proc = Proc::system();
    let pid = status.main_pid?;
    let stands = Utf8PathBuf::from_path_buf(proc.cwd(pid).ok()?).ok()?;
    // PM2 makes one argument of all.
    let arguments = proc.arguments(pid).ok()?;
    let lines: Vec<_> = arguments
        .iter()
        .map(|line| line.to_string_lossy())
        .collect();
    let elsewhere = lines
        .iter()
        .flat_map(|line| line.split_whitespace())
        .any(|word| {
            let path = Path::new(word);
            path.is_absolute()
                && path.is_file()
                && !path.starts_with(&stands)
                && !of_the_system(path)
        });
    (!elsewhere && !of_many(stands.as_std_path()) && !of_the_system(stands.as_std_path()))
        .then_some(stands)
}

/// Whether more lies there than one application: a directory at the top, one of those for all, or somebody's home. A copy of it
/// would show to all what was one user's own.
fn of_many(path: &Path) -> bool {
    let above = path.parent();
    above.is_none_or(|above| above == "/" || above == "/home")
        || path == "/var/tmp"
        || std::env::home_dir().is_some_and(|home| home == path)
}

fn of_the_system(path: &Path) -> bool {
    OF_THE_SYSTEM.iter().any(|place| path.starts_with(place))
}

#[cfg(test)]
mod tests {
    use super::of_many;
    use std::path::Path;

    #[test]
    fn a_home_and_a_place_for_all_are_no_applications() {
        for path in [
            "/",
            "/home/shop",
            "/opt",
            "/srv",
            "/tmp",
            "/root",
            "/var/tmp",
        ] {
            assert!(of_many(Path::new(path)), "{path}");
        }
        for path in [
            "/home/shop/app",
            "/opt/shop",
            "/srv/shop",
            "/var/www",
            "/tmp/x",
        ] {
            assert!(!of_many(Path::new(path)), "{path}");
        }
    }
}
