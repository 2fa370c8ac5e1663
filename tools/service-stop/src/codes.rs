//! The error codes of `service-stop`.

/// What only this tool reports, each with its meaning; `application`'s come on top.
pub(crate) const OWN: step::Codes = &[
    (
        "port-held",
        "the service is stopped, but the port is not free",
    ),
    (
        "started-again",
        "the service was stopped, and somebody has started it anew",
    ),
];
