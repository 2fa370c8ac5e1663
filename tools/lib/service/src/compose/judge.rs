//! How a project stands, by its containers. Pure.

use super::inspect::Container;
use crate::{Active, Status};

/// The exit statuses of a process that was ended by SIGTERM or SIGKILL.
const ENDED: [i32; 2] = [128 + 15, 128 + 9];

/// How one container stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    Running,
    /// It runs and is not yet well, or not well any more.
    Unready,
    Restarting,
    Stopping,
    /// It has done what it was there for: a step that runs once.
    Done,
    Stopped,
    Failed,
}

/// The status of the services whose containers these are. `wanted` are those that must be there; the first one's
/// process counts as the main one.
pub(super) fn status(containers: &[Container], wanted: &[String]) -> Status {
    let stands: Vec<Stand> = containers.iter().map(stand).collect();
    let missing: Vec<&String> = wanted
        .iter()
        .filter(|name| !containers.iter().any(|one| one.service() == name.as_str()))
        .collect();
    let active = together(&stands, !missing.is_empty());
    let mut status = Status::bare(active, words(containers, &stands, &missing));
    let main = main(containers, wanted);
    status.main_pid = main.map(|main| main.state.pid);
    status.invocation = invocation(containers);
    status.restarts = (!containers.is_empty())
        .then(|| containers.iter().map(|one| one.restart_count).sum::<u64>());
    status.start_limit_hit = containers.iter().any(has_given_up);
    let failed = containers
        .iter()
        .zip(&stands)
        .find(|(_, stand)| matches!(stand, Stand::Failed | Stand::Restarting))
        .map(|(container, _)| container);
    if let Some(failed) = failed {
        status.exit_status = Some(failed.state.exit_code);
        status.result = Some(if failed.state.oom_killed {
            "out of memory".to_owned()
        } else {
            format!("{} ended", failed.called())
        });
    }
    if let Some(one) = main.or(containers.first()) {
        status.user = Some(one.config.user.clone()).filter(|user| !user.is_empty());
        status.working_directory = one.directory().map(Into::into);
        status.file = one.files().map(Into::into);
    }
    status.images = images(containers);
    status
}

/// The image of each service, by its id.
pub(super) fn images(containers: &[Container]) -> Vec<crate::Image> {
    let mut images: Vec<crate::Image> = containers
        .iter()
        .map(|one| crate::Image {
            service: one.service().to_owned(),
            id: one.image.clone(),
        })
        .collect();
    images.dedup();
    images
}

fn stand(container: &Container) -> Stand {
    let state = &container.state;
    match state.status.as_str() {
        "running" => match state.health.as_ref().map(|health| health.status.as_str()) {
            Some("starting" | "unhealthy") => Stand::Unready,
            _ => Stand::Running,
        },
        "paused" => Stand::Unready,
        "restarting" => Stand::Restarting,
        "removing" => Stand::Stopping,
        // Made, and not started: by a start that failed, or by one that is under way.
        "created" if state.exit_code != 0 || !state.error.is_empty() => Stand::Failed,
        "created" => Stand::Stopped,
        "dead" => Stand::Failed,
        _ => exited(container),
    }
}

/// It has ended because its work is done.
pub(super) fn is_done(container: &Container) -> bool {
    stand(container) == Stand::Done
}

/// It has ended: as it was told, by itself because its work is done, or because it failed.
fn exited(container: &Container) -> Stand {
    let state = &container.state;
    let policy = container.host_config.restart_policy.name.as_str();
    if state.oom_killed || has_given_up(container) || !state.error.is_empty() {
        return Stand::Failed;
    }
    match policy {
        // The engine starts it anew whatever it ends with, unless somebody has stopped it.
        "always" | "unless-stopped" => Stand::Stopped,
        _ if state.exit_code == 0 => Stand::Done,
        // And here where it fails, unless it was stopped.
        "on-failure" => Stand::Stopped,
        _ if ENDED.contains(&state.exit_code) => Stand::Stopped,
        _ => Stand::Failed,
    }
}

/// The engine has tried as often as it may.
fn has_given_up(container: &Container) -> bool {
    let policy = &container.host_config.restart_policy;
    let state = &container.state;
    policy.name == "on-failure"
        && state.status == "exited"
        && state.exit_code != 0
        && policy.maximum_retry_count > 0
        && container.restart_count >= policy.maximum_retry_count
}

fn together(stands: &[Stand], some_missing: bool) -> Active {
    let any = |stand| stands.contains(&stand);
    let up = any(Stand::Running) || any(Stand::Unready);
    if any(Stand::Restarting) {
        Active::Restarting
    } else if any(Stand::Stopping) {
        Active::Stopping
    } else if any(Stand::Failed) {
        Active::Failed
    } else if !up {
        Active::Stopped
    } else if any(Stand::Stopped) || some_missing {
        // One runs, and the others were stopped or never made: that is nobody's intention.
        Active::Failed
    } else if any(Stand::Unready) {
        Active::Starting
    } else {
        Active::Running
    }
}

/// The containers' states in the engine's own words: those that are alike together.
fn words(containers: &[Container], stands: &[Stand], missing: &[&String]) -> String {
    let mut words = Vec::new();
    for (container, stand) in containers.iter().zip(stands) {
        let word = match (stand, container.state.health.as_ref()) {
            (Stand::Running, _) if containers.len() == 1 && missing.is_empty() => {
                return "running".to_owned();
            }
            (Stand::Running, _) => continue,
            (Stand::Unready, Some(health)) if container.state.status == "running" => {
                let said = health.complaint().map(|said| format!(" ({said:.100})"));
                format!(
                    "{}: health {}{}",
                    container.called(),
                    health.status,
                    said.unwrap_or_default()
                )
            }
            (Stand::Failed | Stand::Done, _) if container.state.error.is_empty() => format!(
                "{} {} with {}",
                container.called(),
                container.state.status,
                container.state.exit_code
            ),
            (Stand::Failed, _) => format!("{}: {}", container.called(), container.state.error),
            _ => format!("{} {}", container.called(), container.state.status),
        };
        words.push(word);
    }
    words.extend(
        missing
            .iter()
            .map(|name| format!("{name} has no container")),
    );
    match (words.is_empty(), containers.is_empty()) {
        (false, _) => words.join(", "),
        (true, true) => "no containers".to_owned(),
        (true, false) => "running".to_owned(),
    }
}

/// The container whose process stands for the project.
fn main<'a>(containers: &'a [Container], wanted: &[String]) -> Option<&'a Container> {
    let of = |name: &String| {
        let mut its = containers.iter().filter(move |one| one.service() == name);
        its.find(|one| one.lives())
    };
    wanted
        .iter()
        .find_map(of)
        .or_else(|| containers.iter().find(|one| one.lives()))
}

/// Names this run of all of them: which containers, started when. It changes when the engine starts one anew.
fn invocation(containers: &[Container]) -> Option<String> {
    let runs: Vec<String> = containers
        .iter()
        .map(|one| {
            let started: String = one
                .state
                .started_at
                .chars()
                .filter(char::is_ascii_digit)
                .collect();
            format!("{}@{started}", one.short())
        })
        .collect();
    (!runs.is_empty()).then(|| runs.join(","))
}

#[cfg(test)]
mod tests;
