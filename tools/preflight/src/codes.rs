//! The error codes of `preflight`.

/// What only this tool reports, each with its meaning; `application`'s come on top.
pub(crate) const OWN: step::Codes = &[
    ("check-failed", "one check or more failed"),
    (
        "protected",
        "--force, or less asked for than by the application's file, where DEPLOY_PROTECTED says yes",
    ),
];
