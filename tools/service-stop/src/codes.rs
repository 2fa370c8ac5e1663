//! The error codes of `service-stop`.

use application::fail;

/// What only this tool reports.
const OWN: [(&str, &str); 2] = [
    (
        "port-held",
        "the service is stopped, but the port is not free",
    ),
    (
        "started-again",
        "the service was stopped, and somebody has started it anew",
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
