//! The errors of the crates below, as failures with their code, hint and exit code.

use deadline::Ended;
use releases::{ManifestError, ResolveError};
use state::{Refused, StoreError};
use step::Failure;

/// The `error.code`s that these failures have; a tool that uses this crate names them beside its own.
pub const CODES: step::Codes = &[
    ("state-damaged", "the state file cannot be understood"),
    (
        "state-newer",
        "the state file was written by a newer version",
    ),
    (
        "state-missing",
        "the state file is gone although there is a history",
    ),
    (
        "state-locked",
        "another tool kept the state locked all the time",
    ),
    ("lease-lost", "this deploy no longer holds the lease"),
    ("busy", "another deploy holds the lease"),
    (
        "rate-limited",
        "there were as many deploys as are allowed in that time",
    ),
    (
        "phase-order",
        "a deploy does not go back to an earlier phase",
    ),
    ("no-such-release", "there is no such release"),
    ("bad-release-name", "that cannot be the name of a release"),
    (
        "release-outside",
        "the release is a link, or lies outside the releases",
    ),
    ("current-not-a-link", "current is a directory or a file"),
    (
        "current-outside",
        "current selects something that is no release",
    ),
    (
        "contradiction",
        "the disk shows neither what was nor what was to be",
    ),
    ("no-such-root", "the application's directory is not there"),
    (
        "not-a-flag",
        "what the state names as the drain flag is something else",
    ),
    (
        "releases-missing",
        "releases are known, and none is on disk",
    ),
    ("bad-service", "--service is not understood"),
    ("service-not-found", "the supervisor knows no such service"),
    ("supervisor-unavailable", "the supervisor does not answer"),
    ("supervisor-refused", "the supervisor refused"),
    ("no-permission", "this user may not do that"),
    (
        "service-command",
        "the command that answers for the supervisor cannot be used",
    ),
    ("no-start-command", "nobody said how the process is started"),
    (
        "compose-file",
        "what describes the Compose project is missing or not understood",
    ),
    (
        "no-images",
        "the service is not made of images, so there are none to pull or build",
    ),
    (
        "images-missing",
        "images that a start needs are not on this host",
    ),
    ("still-running", "processes that even SIGKILL did not end"),
    (
        "unreadable",
        "something that is needed is closed to this user",
    ),
    (
        "damaged-file",
        "a file of Slipway's own cannot be understood",
    ),
    (
        "not-a-working-tree",
        "the directory is not the top of a git working tree",
    ),
    ("git-failed", "git failed"),
    (
        "no-such-revision",
        "the repository has no such branch, tag or commit",
    ),
    ("tree-dirty", "the working tree is not clean"),
    (
        "half-done",
        "a merge, a rebase or the like is half-done in the working tree",
    ),
    (
        "local-commits",
        "the checked-out branch has commits that would be lost",
    ),
    ("tree-busy", "another git is at work in the working tree"),
    (
        "in-the-way",
        "what is not committed lies in the working tree where the release has its own",
    ),
];

/// The state could not be read or written.
pub fn store(error: StoreError) -> Failure {
    let message = error.to_string();
    match error {
        StoreError::Damaged { path, .. } => {
            let mut layout = releases::Layout::new(path.clone());
            layout.state.clone_from(&path);
            let history = layout.history();
            let message = format!(
                "{message}; a copy of it may be put back; moved away with its history {history}, it is begun anew from what is on disk, \
                 without verdicts, pins and the lease of a deploy that goes on"
            );
            Failure::impossible("state-damaged", message).hint(format!("ls -l {path} {history}"))
        }
        StoreError::NewerSchema { .. } => {
            let message = format!("{message}; install the newer version of Slipway");
            Failure::impossible("state-newer", message).hint("deploy-state --version")
        }
        StoreError::Missing { path } => {
            let message =
                format!("{message}; put it back, or move the history away too to begin anew");
            Failure::impossible("state-missing", message).hint(format!("ls -l {path}*"))
        }
        StoreError::Io(error) => durable(&error),
        StoreError::Ended(Ended::Passed) => {
            Failure::timed_out("state-locked", message).hint("deploy-state show")
        }
        StoreError::Ended(ended) => ended.into(),
    }
}

/// The file system refused.
pub fn durable(error: &durable::Error) -> Failure {
    let failure = Failure::impossible("io", error);
    if error.is_full() {
        failure.hint("release-prune")
    } else {
        failure.hint(format!("ls -ld {}", error.path.display()))
    }
}

/// The state does not allow the change.
pub fn refused(refused: &Refused) -> Failure {
    match refused {
        Refused::LeaseLost { .. } => {
            Failure::busy("lease-lost", refused).hint("deploy-state history")
        }
        Refused::PhaseOrder { .. } => Failure::no("phase-order", refused),
        Refused::NoSuchRelease(_) => {
            Failure::no("no-such-release", refused).hint("deploy-state show --field state.releases")
        }
    }
}

/// A release's name leads nowhere, or somewhere that it must not lead.
pub fn resolve(error: &ResolveError) -> Failure {
    const LIST: &str = "deploy-state show --field state.releases";
    match error {
        ResolveError::BadName { .. } => Failure::usage_coded("bad-release-name", error).hint(LIST),
        ResolveError::Absent(_) => Failure::no("no-such-release", error).hint(LIST),
        ResolveError::Link { path, .. } | ResolveError::NotADirectory(path) => {
            Failure::no("release-outside", error).hint(format!("ls -ld {path}"))
        }
        ResolveError::Unreadable(_) => Failure::impossible("io", error),
    }
}

/// What a release says of itself cannot be had.
pub fn manifest(error: &ManifestError) -> Failure {
    match error {
        ManifestError::File(error) => durable(error),
        ManifestError::Newer(..) => {
            let message = format!("{error}; install the newer version of Slipway");
            Failure::impossible("damaged-file", message).hint("deploy-state --version")
        }
        ManifestError::Absent(path) | ManifestError::Malformed(path, _) => {
            Failure::impossible("damaged-file", error).hint(format!("cat {path}"))
        }
    }
}

/// The working tree is not as it has to be, or git failed in it.
pub fn worktree(error: &worktree::Error) -> Failure {
    let failure = match error.kind {
        worktree::Kind::No => Failure::no(error.code, error),
        worktree::Kind::Impossible => Failure::impossible(error.code, error),
        worktree::Kind::Ended(ended) => ended.into(),
    };
    match &error.hint {
        Some(hint) => failure.hint(hint.clone()),
        None => failure,
    }
}

/// The service could not be asked, started or stopped.
pub fn service(error: &service::Error) -> Failure {
    use service::Error;
    let failure = match error {
        Error::TimedOut { .. } => Failure::timed_out("timed-out", error),
        Error::Interrupted { signal } => Ended::Signal(*signal).into(),
        Error::BadName { .. } | Error::NoImages | Error::NoStartCommand { .. } => {
            Failure::usage_coded(error.code(), error)
        }
        _ => Failure::impossible(error.code(), error),
    };
    match error.hint() {
        Some(hint) => failure.hint(hint),
        // It belongs into the file: a shell's variable would be every application's.
        None if matches!(error, Error::NoStartCommand { .. }) => failure.hint(step::EDIT),
        None => failure,
    }
}
