//! `docker` and Compose, which is `docker compose` or, of old, `docker-compose`: called the same way each time, their
//! refusals sorted.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use deadline::Deadline;
use deadline::child::{
    Answer, ChildError, Finished, Options, Streams, ask, fold_lines, quoted, run,
};

use super::project::Project;
use crate::Error;

/// The longest that one look may take, and an order beyond what the engine was told to wait.
const ONE_LOOK: Duration = Duration::from_secs(20);
/// How much of what was said is told.
const LINES: usize = 3;
/// The same of what fetches and builds, which say first what is wrong and then what that has led to.
const MORE_LINES: usize = 20;

/// The first version's program.
const STANDALONE: &str = "docker-compose";

/// Which Compose there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compose {
    /// `docker compose`, a plugin: the second version.
    Plugin,
    /// `docker-compose`, a program of its own: the first.
    Standalone,
}

impl Compose {
    /// As a person types it.
    fn typed(self) -> &'static str {
        match self {
            Self::Plugin => "docker compose",
            Self::Standalone => STANDALONE,
        }
    }

    /// What stands between a project's name and a service's in the name of an image that is built here.
    pub(super) fn parted(self) -> char {
        match self {
            Self::Plugin => '-',
            Self::Standalone => '_',
        }
    }
}

/// How to speak to the engine about one service.
#[derive(Debug)]
pub(super) struct Client {
    /// As `--service` names it.
    service: String,
    compose: OnceLock<Compose>,
}

impl Client {
    pub(super) fn new(service: String) -> Self {
        Self {
            service,
            compose: OnceLock::new(),
        }
    }

    /// The service as `--service` names it.
    pub(super) fn service(&self) -> &str {
        &self.service
    }

    /// `docker ARGUMENTS`, and what it answers, where it answers at once.
    pub(super) fn docker(
        &self,
        arguments: &[&str],
        action: &str,
        deadline: &Deadline,
    ) -> Result<Answer, Error> {
        self.docker_in(Duration::ZERO, arguments, action, deadline)
    }

    /// `docker ARGUMENTS`, where the engine itself waits for up to `wait` before it answers.
    pub(super) fn docker_in(
        &self,
        wait: Duration,
        arguments: &[&str],
        action: &str,
        deadline: &Deadline,
    ) -> Result<Answer, Error> {
        let mut command = Command::new("docker");
        command.args(arguments).env("LC_ALL", "C");
        let limit = deadline.or_after(wait.saturating_add(ONE_LOOK));
        let finished = ask(command, Options::default(), &limit)
            .map_err(|error| Error::of_child(error, action))?;
        if finished.status.success() {
            return Ok(finished);
        }
        Err(self.sort(&finished, action, None))
    }

    /// `docker ARGUMENTS`, where it answers with any number of lines on both its streams, each of which is seen.
    pub(super) fn fold<T: Default + Send + 'static>(
        &self,
        arguments: &[&str],
        see: impl FnMut(&mut T, &str) + Clone + Send + 'static,
        action: &str,
        deadline: &Deadline,
    ) -> Result<T, Error> {
        let mut command = Command::new("docker");
        command.args(arguments).env("LC_ALL", "C");
        let (finished, seen) = fold_lines(command, Streams::Both, see, deadline)
            .map_err(|error| Error::of_child(error, action))?;
        if finished.status.success() {
            return Ok(seen);
        }
        Err(self.sort(&finished, action, None))
    }

    /// Compose for this project, with `arguments` behind what names it; it may take as long as the deadline lets it. `file`
    /// is what describes the project where that is not the directory's own.
    pub(super) fn compose(
        &self,
        project: &Project,
        path: &Path,
        file: Option<&Path>,
        arguments: &[&str],
        deadline: &Deadline,
    ) -> Result<Answer, Error> {
        let verb = arguments.first().copied().unwrap_or_default();
        let action = format!("{verb} {}", self.service);
        let directory = project.described(path)?;
        let kind = self.kind(deadline)?;
        let mut command = match kind {
            Compose::Plugin => {
                let mut command = Command::new("docker");
                command.arg("compose");
                command
            }
            Compose::Standalone => Command::new(STANDALONE),
        };
        // Where it stands decides what it reads: the file, the one that overrides it, and `.env`.
        command
            .current_dir(directory)
            .env("PWD", directory)
            .env("LC_ALL", "C")
            .args(["-p", &project.name]);
        if let Some(file) = file {
            command
                .arg("--project-directory")
                .arg(directory)
                .arg("-f")
                .arg(file);
        }
        command.args(arguments);
        let finished = ask(command, Options::default(), deadline)
            .map_err(|error| Error::of_child(error, &action))?;
        if finished.status.success() {
            return Ok(finished);
        }
        Err(
            match self.sort(&finished, &action, Some(file.unwrap_or(path))) {
                Error::Refused { action, .. } if matches!(verb, "pull" | "build") => {
                    Error::Refused {
                        action,
                        said: all_of(&finished),
                        hint: Some(format!(
                            "{} && {} -p {} {}",
                            enter(directory),
                            kind.typed(),
                            project.name,
                            arguments.join(" ")
                        )),
                    }
                }
                error => error,
            },
        )
    }

    /// Which Compose there is; looked for once.
    pub(super) fn kind(&self, deadline: &Deadline) -> Result<Compose, Error> {
        if let Some(kind) = self.compose.get() {
            return Ok(*kind);
        }
        let mut command = Command::new("docker");
        command
            .args(["compose", "version", "--short"])
            .env("LC_ALL", "C");
        let plugin = match run(command, Options::default(), &deadline.or_after(ONE_LOOK)) {
            Ok(finished) => finished.status.success(),
            Err(ChildError::NotFound { .. }) => false,
            Err(error) => return Err(Error::of_child(error, "look for Compose")),
        };
        let kind = if plugin {
            Compose::Plugin
        } else if is_installed(STANDALONE) {
            // Not asked, only looked for: the first version takes half a second to say anything.
            Compose::Standalone
        } else {
            return Err(Error::MissingProgram {
                program: "docker compose (nor docker-compose)".to_owned(),
            });
        };
        Ok(*self.compose.get_or_init(|| kind))
    }

    /// The project has no service of that name.
    pub(super) fn no_such(&self, name: &str) -> Error {
        let directory = self.service.trim_start_matches("compose:");
        let directory = directory
            .split_once('#')
            .map_or(directory, |(path, _)| path);
        Error::NotFound {
            service: format!("{name} in {}", self.service),
            hint: Some(format!(
                "{} && {} config --services",
                enter(Path::new(directory)),
                typed()
            )),
        }
    }

    /// Which error a failed call is, by its words: the exit statuses do not tell these apart.
    fn sort(&self, finished: &Finished, action: &str, described: Option<&Path>) -> Error {
        let all = finished.words();
        let said = finished.last_words(LINES);
        let action = action.to_owned();
        let has = |words: &[&str]| words.iter().any(|word| all.contains(word));
        if has(&[
            "permission denied while trying to connect",
            "PermissionError(13",
        ]) {
            return Error::Denied {
                action,
                said: "the engine's socket is closed to this user, until the next login after it has become one of \
                       the group docker"
                    .to_owned(),
                hint: "sudo usermod -aG docker \"$USER\"".to_owned(),
            };
        }
        if has(&[
            "Cannot connect to the Docker daemon",
            "Error while fetching server API version",
            "error during connect",
            "Couldn't connect to Docker daemon",
        ]) {
            return Error::Unavailable {
                service: self.service.clone(),
                said: said_of_connection(&said),
            };
        }
        if let Some(name) = unknown_service(&all) {
            return self.no_such(name);
        }
        if let Some(place) = described
            && has(&[
                "yaml.",
                "yaml:",
                "is invalid because",
                "Unsupported config option",
                "Additional property",
                "additional properties",
                "Can't find a suitable configuration file",
                "no configuration file provided",
                "Invalid interpolation format",
                "invalid interpolation format",
                "Version in \"",
                "top-level object must be a mapping",
                "Top level object",
                "undefined service",
                "depends on service",
                "neither an image nor a build context",
            ])
        {
            return Error::Configuration {
                place: place.to_owned(),
                said,
                hint: format!("{} && {} config -q", enter(place), typed()),
            };
        }
        let unbuilt = has(&[
            "needs to be built",
            "No such image",
            "no such image",
            "pull access denied",
        ]);
        Error::Refused {
            action,
            said,
            hint: unbuilt.then(|| "service-start --pull --build".to_owned()),
        }
    }
}

/// What a build said last: of its steps, which go to its output, and of what became of it.
fn all_of(finished: &Finished) -> String {
    let words = finished.words();
    let lines: Vec<&str> = words
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect();
    let last = &lines[lines.len().saturating_sub(MORE_LINES)..];
    if last.is_empty() {
        finished.status.to_string()
    } else {
        format!("its last lines were\n{}", last.join("\n"))
    }
}

/// Goes there, as a person types it.
pub(super) fn enter(directory: &Path) -> String {
    format!("cd {}", quoted(&directory.to_string_lossy()))
}

/// Compose as a person types it, where it has not been looked for: the first version, where there is one, takes the same words.
pub(super) fn typed() -> &'static str {
    if is_installed(STANDALONE) {
        Compose::Standalone.typed()
    } else {
        Compose::Plugin.typed()
    }
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

/// The name that Compose does not find.
fn unknown_service(said: &str) -> Option<&str> {
    ["No such service: ", "no such service: "]
        .iter()
        .find_map(|words| said.split_once(words))
        .and_then(|(_, rest)| rest.split_whitespace().next())
}

/// The first version shows where in its own text it failed to connect; the last words are what matters.
fn said_of_connection(said: &str) -> String {
    said.rsplit_once("docker.errors.")
        .map_or(said, |(_, words)| words)
        .to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn words_of_both_versions() {
        assert_eq!(unknown_service("No such service: web\n"), Some("web"));
        assert_eq!(unknown_service("no such service: web"), Some("web"));
        assert_eq!(unknown_service("no such image"), None);
        assert_eq!(
            said_of_connection("x raise docker.errors.DockerException: Error while"),
            "DockerException: Error while"
        );
    }
}
