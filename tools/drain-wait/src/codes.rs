//! The error codes of `drain-wait`.

/// What only this tool reports, each with its meaning; `application`'s come on top.
pub(crate) const OWN: step::Codes = &[
    ("not-drained", "something was still in flight at the end"),
    (
        "source-unreadable",
        "how much is in flight could not be read",
    ),
    ("haproxy-unreachable", "nobody answers on HAProxy's socket"),
    (
        "no-such-server",
        "HAProxy knows no such backend, or no such server in it",
    ),
    (
        "last-server",
        "no other server of its backend takes new work",
    ),
    (
        "haproxy-refused",
        "HAProxy did not do what it was asked for",
    ),
];
