//! What makes each tool do its work. A tool that is new and not named here fails the tests that need it, by name.

use super::NEXT;
use slipway_tests::Fixture;

/// The words that make a tool's command line complete, to which `-` is added so that it waits for a report first.
/// Most tools need none.
pub(crate) fn complete(tool: &str) -> &'static [&'static str] {
    match tool {
        "deploy-state" => &["show"],
        "release-stage" => &["--source", "."],
        _ => &[],
    }
}

/// The words with which a tool does its work in a [`place`](super::place) and exits with 0, once it
/// is made ready for it. A drop of the fixture takes back whatever came of it.
pub(crate) fn work(tool: &str, fixture: &Fixture) -> Vec<String> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    match tool {
        "deploy-state" => words(&["begin"]),
        "preflight" => words(&["--only", "layout"]),
        "release-stage" => {
            let source = fixture.source("new", "3", "healthy");
            words(&["--source", source.to_str().unwrap()])
        }
        "drain-wait" => words(&["--in-flight-command", "echo 0"]),
        "service-stop" | "service-start" => Vec::new(),
        "release-swap" => words(&[NEXT]),
        "healthwait" => {
            fixture.start();
            Vec::new()
        }
        "rollback" => words(&["--if-crash-loop"]),
        "release-prune" => words(&["--keep", "5"]),
        _ => panic!(
            "{tool} is new: say in tests/tests/common/acts.rs with which words it does its work"
        ),
    }
}
