//! The error codes of `service-start`.

use application::fail;

/// What only this tool reports.
const OWN: [(&str, &str); 7] = [
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

const ALL: [(&str, &str); OWN.len() + fail::CODES.len()] = {
    let mut all = [("", ""); OWN.len() + fail::CODES.len()];
    let mut place = 0;
    while place < all.len() {
        all[place] = if place < OWN.len() {
            OWN[place]
        } else {
            fail::CODES[place - OWN.len()]
        };
        place += 1;
    }
    all
};

/// Each with its meaning.
pub(crate) const CODES: &[(&str, &str)] = &ALL;
