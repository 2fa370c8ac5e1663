//! The error codes of `deploy-state`.

/// What only this tool reports, each with its meaning; `application`'s come on top.
pub(crate) const OWN: step::Codes = &[
    ("no-such-deploy", "there is no deploy of that name"),
    ("no-such-process", "there is no process of that number"),
    (
        "not-ended",
        "the command ended well but did not end its deploy",
    ),
    (
        "command-failed",
        "the command ended with another code than 0",
    ),
    ("down", "neither the new release nor the old one serves"),
    ("command-died", "the command was ended by a signal"),
    ("not-succeeded", "the deploy ended, but not well"),
    ("abandoned", "the deploy's holder is dead"),
    ("still-going", "the deploy has not ended in time"),
];
