//! The error codes of `healthwait`.

/// What only this tool reports, each with its meaning; `application`'s come on top.
pub(crate) const OWN: step::Codes = &[
    (
        "not-healthy",
        "the attempts are used up, and something is not well",
    ),
    (
        "service-failed",
        "the service failed, crashed, was started too often or logged too many errors; in a watch also: it was stopped",
    ),
    ("error-rate", "too many answers failed during the watch"),
    (
        "limit-exceeded",
        "the service took more memory or processor time than it may, during the watch",
    ),
    (
        "port-lost",
        "nobody listens any more on the port that was listened on when the watch began",
    ),
    (
        "proof-disproven",
        "all is well, but it is not the new process that answers",
    ),
    (
        "proof-unprovable",
        "all is well, but which process answers cannot be seen",
    ),
];
