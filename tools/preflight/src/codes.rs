//! The error codes of `preflight`.

/// What only this tool reports, each with its meaning; `application`'s come on top.
pub(crate) const OWN: step::Codes = &[("check-failed", "one check or more failed")];
