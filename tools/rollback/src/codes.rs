//! The error codes of `rollback`.

/// What only this tool reports, each with its meaning; `application`'s come on top.
pub(crate) const OWN: step::Codes = &[
    (
        "rolled-back",
        "--on-failure: the old release serves again, the new one does not",
    ),
    ("no-target", "there is no release to go back to"),
    ("ambiguous-commit", "several releases are of that commit"),
    (
        "rollback-spent",
        "one automatic rollback has been made since the deploy began",
    ),
    (
        "port-held",
        "by hand: somebody else holds the service's port, and nothing was changed",
    ),
    (
        "other-kind",
        "the application is not deployed in the way that --kind names",
    ),
    ("down", "neither the new release nor the old one serves"),
];
