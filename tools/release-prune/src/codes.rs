//! The error codes of `release-prune`.

/// What only this tool reports, each with its meaning; `application`'s come on top.
pub(crate) const OWN: step::Codes = &[(
    "not-removable",
    "something in a release is not this user's to remove",
)];
