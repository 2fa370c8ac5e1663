//! The error codes of `drain-wait`.

/// What only this tool reports, each with its meaning; `application`'s come on top.
pub(crate) const OWN: step::Codes = &[
    ("not-drained", "something was still in flight at the end"),
    (
        "source-unreadable",
        "how much is in flight could not be read",
    ),
    (
        "source-not-supported",
        "a kind of source that this version does not know",
    ),
];
