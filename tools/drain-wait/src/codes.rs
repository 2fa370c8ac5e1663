//! The error codes of `drain-wait`.

use application::fail;

/// What only this tool reports.
const OWN: [(&str, &str); 3] = [
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
