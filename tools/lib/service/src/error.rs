//! What can go wrong between a tool and a supervisor.

use std::fmt;
use std::io;
use std::path::PathBuf;

use deadline::Ended;
use deadline::child::ChildError;

use crate::Image;

/// Why a service could not be asked, started or stopped.
#[derive(Debug)]
pub enum Error {
    /// `--service` is not a name that is understood.
    BadName {
        /// As it was given.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// A program that is needed is not installed.
    MissingProgram {
        /// Its name as it was called.
        program: String,
    },
    /// The supervisor is there and knows no such service.
    NotFound {
        /// The service as [`crate::Name`] prints it.
        service: String,
        /// What lists those that there are, where that is not systemd.
        hint: Option<String>,
    },
    /// The supervisor itself does not answer: it does not run, or not for this user.
    Unavailable {
        /// The service as [`crate::Name`] prints it.
        service: String,
        /// What was said.
        said: String,
    },
    /// This user may not.
    Denied {
        /// What was to be done: `start systemd:shop.service`.
        action: String,
        /// What was said.
        said: String,
        /// What mends it.
        hint: String,
    },
    /// The supervisor refused or failed for another reason.
    Refused {
        /// What was to be done.
        action: String,
        /// What was said.
        said: String,
        /// What mends it, or tells more.
        hint: Option<String>,
    },
    /// A plain process, or a process of PM2's, that nobody said how to start.
    NoStartCommand {
        /// The service as [`crate::Name`] prints it.
        service: String,
        /// What else was looked for, and not found: `there is no ecosystem file in …`.
        also: Option<String>,
    },
    /// What describes a Compose project is not there, or Compose does not understand it.
    Configuration {
        /// The directory or the file.
        place: PathBuf,
        /// What is wrong with it.
        said: String,
        /// What mends it, or tells more.
        hint: String,
    },
    /// Images that a start needs are not on this host.
    ImagesMissing {
        /// What lacks them.
        of: String,
        /// They, by the ids or the names that are wanted.
        images: Vec<Image>,
        /// What mends it.
        hint: String,
    },
    /// There is nothing to fetch or to build for a service that is not made of images.
    NoImages,
    /// The executable that answers for a supervisor cannot be used, or does not keep to the protocol.
    Command {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        what: String,
        /// What mends it, or tells more.
        hint: String,
    },
    /// Processes that even SIGKILL did not end.
    StillRunning {
        /// The processes with their command lines, as `PID (COMMAND)`.
        processes: Vec<String>,
    },
    /// Something that a proof or a check needs is closed to this user.
    Unreadable {
        /// What could not be read.
        what: String,
        /// What was said.
        said: String,
        /// What opens it.
        hint: String,
    },
    /// A file of ours that does not hold what we write.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The time limit passed.
    TimedOut {
        /// What was to be done.
        action: String,
    },
    /// A signal asked the tool to end.
    Interrupted {
        /// Its number.
        signal: i32,
    },
    /// A file could not be written.
    File(durable::Error),
    /// The operating system said no.
    Io {
        /// What was to be done.
        action: String,
        /// What it said.
        source: io::Error,
    },
}

impl Error {
    /// The error's name in a report, in kebab case; listed in the man pages.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadName { .. } => "bad-service",
            Self::MissingProgram { .. } => "missing-program",
            Self::NotFound { .. } => "service-not-found",
            Self::Unavailable { .. } => "supervisor-unavailable",
            Self::Denied { .. } => "no-permission",
            Self::Refused { .. } => "supervisor-refused",
            Self::NoStartCommand { .. } => "no-start-command",
            Self::Configuration { .. } => "compose-file",
            Self::ImagesMissing { .. } => "images-missing",
            Self::NoImages => "no-images",
            Self::Command { .. } => "service-command",
            Self::StillRunning { .. } => "still-running",
            Self::Unreadable { .. } => "unreadable",
            Self::Damaged { .. } => "damaged-file",
            Self::TimedOut { .. } => "timed-out",
            Self::Interrupted { .. } => "interrupted",
            Self::File(error) if error.kind() == io::ErrorKind::PermissionDenied => "no-permission",
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "no-permission"
            }
            Self::File(_) | Self::Io { .. } => "io",
        }
    }

    /// The command, or the step, that mends it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::MissingProgram { program } if program == "pm2" => {
                Some("npm install -g pm2".to_owned())
            }
            Self::MissingProgram { program } => Some(format!("command -v {program}")),
            Self::Denied { hint, .. }
            | Self::Unreadable { hint, .. }
            | Self::Configuration { hint, .. }
            | Self::ImagesMissing { hint, .. }
            | Self::NotFound {
                hint: Some(hint), ..
            }
            | Self::Command { hint, .. } => Some(hint.clone()),
            Self::NotFound { service, .. } => {
                let (kind, unit) = service.split_once(':').unwrap_or(("systemd", service));
                let user = if kind == "systemd-user" {
                    " --user"
                } else {
                    ""
                };
                Some(format!(
                    "systemctl{user} list-unit-files --type=service '*{}*'",
                    unit.trim_end_matches(".service")
                ))
            }
            Self::Unavailable { service, .. } if service.starts_with("systemd-user:") => {
                Some("loginctl enable-linger \"$(id -un)\"".to_owned())
            }
            Self::Unavailable { service, .. } if service.starts_with("compose:") => {
                Some("systemctl start docker".to_owned())
            }
            Self::Unavailable { service, .. } if service.starts_with("command:") => {
                let file = service.trim_start_matches("command:");
                Some(format!("{file} status; echo $?"))
            }
            Self::Unavailable { service, .. } if service.starts_with("pm2:") => {
                Some(format!("{} ping", crate::pm2::by_hand()))
            }
            Self::Unavailable { .. } => Some("systemctl is-system-running".to_owned()),
            Self::NoImages => Some("service-start".to_owned()),
            Self::Refused { hint, .. } => hint.clone(),
            Self::File(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Some(format!("ls -l {}", error.path.display()))
            }
            Self::Damaged { path, .. } => Some(format!("rm {}", path.display())),
            _ => None,
        }
    }

    /// A child that did not end by itself while `action` was to be done.
    pub(crate) fn of_child(error: ChildError, action: &str) -> Self {
        match error {
            ChildError::NotFound { program } => Self::MissingProgram { program },
            ChildError::Start { program, error } => Self::Io {
                action: format!("start {program}"),
                source: error,
            },
            ChildError::TimedOut { .. } => Self::TimedOut {
                action: action.to_owned(),
            },
            ChildError::Interrupted { signal } => Self::Interrupted { signal },
            cut @ ChildError::Cut { .. } => Self::io(action)(io::Error::other(cut)),
        }
    }

    /// A wait that was over before `action` was done.
    pub(crate) fn of_wait(ended: Ended, action: &str) -> Self {
        match ended {
            Ended::Passed => Self::TimedOut {
                action: action.to_owned(),
            },
            Ended::Signal(signal) => Self::Interrupted { signal },
        }
    }

    /// For `map_err` on what the operating system says.
    pub(crate) fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::Io { action, source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadName { name, why } => {
                write!(formatter, "{name:?} is not a service's name: {why}")
            }
            Self::MissingProgram { program } => write!(
                formatter,
                "there is no program {program} on the PATH (that of a timer or a cron job is short)"
            ),
            Self::NotFound { service, .. } => write!(formatter, "there is no service {service}"),
            Self::Unavailable { service, said } => {
                write!(
                    formatter,
                    "the supervisor of {service} does not answer: {said}"
                )
            }
            Self::Denied { action, said, .. } => {
                write!(formatter, "no permission to {action}: {said}")
            }
            Self::Refused { action, said, .. } => write!(formatter, "cannot {action}: {said}"),
            Self::Configuration { place, said, .. } => {
                write!(
                    formatter,
                    "no Compose project at {}: {said}",
                    place.display()
                )
            }
            Self::ImagesMissing { of, images, .. } => {
                let images: Vec<String> = images.iter().map(ToString::to_string).collect();
                write!(
                    formatter,
                    "images of {of} are not on this host: {}",
                    images.join(", ")
                )
            }
            Self::NoImages => write!(
                formatter,
                "there is nothing to pull or to build for a service that is not made of images: --pull and --build are for compose:DIR"
            ),
            Self::Command { file, what, .. } => write!(formatter, "{}: {what}", file.display()),
            Self::NoStartCommand { service, also } => {
                write!(
                    formatter,
                    "no command is given that starts {service}, by --start or DEPLOY_START"
                )?;
                also.iter()
                    .try_for_each(|also| write!(formatter, ", and {also}"))
            }
            Self::StillRunning { processes } => write!(
                formatter,
                "still there after SIGKILL: {}",
                processes.join(", ")
            ),
            Self::Unreadable { what, said, .. } => {
                write!(formatter, "{what} cannot be read: {said}")
            }
            Self::Damaged { path, why } => write!(formatter, "{}: {why}", path.display()),
            Self::TimedOut { action } => {
                write!(
                    formatter,
                    "the time limit passed before it was done: {action}"
                )
            }
            Self::Interrupted { signal } => write!(formatter, "ended by signal {signal}"),
            Self::File(error) => error.fmt(formatter),
            Self::Io { action, source } => write!(formatter, "cannot {action}: {source}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File(error) => Some(error),
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<durable::Error> for Error {
    fn from(error: durable::Error) -> Self {
        Self::File(error)
    }
}
