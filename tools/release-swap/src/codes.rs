//! The error codes of `release-swap`.

/// Each with its meaning.
pub(crate) const CODES: &[(&str, &str)] = &[
    (
        "release-bad",
        "the newest release is marked bad; name it to have it",
    ),
    (
        "no-previous",
        "no release before this one is fit to go back to",
    ),
    ("no-such-release", "there is no release of that name"),
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
    ("busy", "another deploy holds the lease"),
    ("lease-lost", "this deploy no longer holds the lease"),
    (
        "phase-order",
        "a deploy does not go back to an earlier phase",
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
    (
        "unreadable",
        "something that is needed is closed to this user",
    ),
    (
        "damaged-file",
        "a file of Slipway's own cannot be understood",
    ),
];
