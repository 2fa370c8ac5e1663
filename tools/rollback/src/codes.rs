//! What can go wrong in a rollback, by name.

/// The `error.code`s of rollback.
pub(crate) const CODES: &[(&str, &str)] = &[
    (
        "rolled-back",
        "--on-failure: the old release serves again, the new one does not",
    ),
    ("no-target", "there is no release to go back to"),
    (
        "no-such-release",
        "there is no release of that name or commit",
    ),
    ("ambiguous-commit", "several releases are of that commit"),
    (
        "rollback-spent",
        "one automatic rollback has been made since the deploy began",
    ),
    ("down", "neither the new release nor the old one serves"),
    ("busy", "another deploy holds the lease"),
    ("lease-lost", "this deploy no longer holds the lease"),
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
    ("bad-service", "--service is not understood"),
    (
        "service-not-supported",
        "a kind of service that this version does not know",
    ),
    ("service-not-found", "the supervisor knows no such service"),
    ("supervisor-unavailable", "the supervisor does not answer"),
    ("supervisor-refused", "the supervisor refused"),
    ("no-permission", "this user may not do that"),
    ("no-start-command", "nobody said how the process is started"),
    (
        "unreadable",
        "something that is needed is closed to this user",
    ),
    (
        "damaged-file",
        "a file of Slipway's own cannot be understood",
    ),
];
