//! The error codes of `release-swap`.

/// What only this tool reports, each with its meaning; `application`'s come on top.
pub(crate) const OWN: step::Codes = &[
    (
        "release-bad",
        "the release is marked bad; --force goes past that",
    ),
    (
        "no-previous",
        "no release before this one is fit to go back to",
    ),
];
