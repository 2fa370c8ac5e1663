//! The error codes of `service-start`.

/// What only this tool reports, each with its meaning; `application`'s come on top.
pub(crate) const OWN: step::Codes = &[
    (
        "start-failed",
        "the service crashed, ended at once or was not allowed to start",
    ),
    ("port-held", "somebody else holds the service's port"),
    ("not-ready", "the service was not ready in time"),
    (
        "proof-disproven",
        "something else answers than the new process of the live release",
    ),
    (
        "proof-unprovable",
        "it cannot be seen from here whether the new process answers",
    ),
    (
        "still-old",
        "the service runs already, out of another release",
    ),
    (
        "no-current",
        "no release is live, so there is none to start",
    ),
];
