//! The error codes of `release-prune`.

/// Each with its meaning.
pub(crate) const CODES: &[(&str, &str)] = &[
    (
        "not-removable",
        "something in a release is not this user's to remove",
    ),
    ("current-not-a-link", "current is a directory or a file"),
    (
        "current-outside",
        "current selects something that is no release",
    ),
    ("no-such-release", "a release went away meanwhile"),
    ("bad-release-name", "that cannot be the name of a release"),
    (
        "release-outside",
        "the release is a link, or lies outside the releases",
    ),
    ("busy", "another deploy holds the lease"),
    ("lease-lost", "this deploy no longer holds the lease"),
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
];
