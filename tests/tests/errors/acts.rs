//! All that the tools do, and what each of it depends on.

use crate::common::{LIVE, NEXT};
use slipway_tests::{Fixture, Tool};

/// What can be wrong with an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Minds {
    /// The link to the live release.
    Link,
    /// The state file.
    State,
    /// The supervisor's program.
    Supervisor,
}
use Minds::{Link, State, Supervisor};

/// One way to use a tool.
#[derive(Debug)]
pub(crate) struct Act {
    pub(crate) words: Vec<String>,
    minds: &'static [Minds],
}

impl Act {
    fn new(words: &[&str], minds: &'static [Minds]) -> Self {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Self { words, minds }
    }

    pub(crate) fn minds(&self, what: Minds) -> bool {
        self.minds.contains(&what)
    }

    /// The tool at it; where it reads a report first, a good one.
    pub(crate) fn tool(&self, name: &str, fixture: &Fixture) -> Tool {
        let tool = fixture.tool(name).args(&self.words);
        tool.stdin(r#"{"tool":"t","ok":true,"exit":0}"#)
    }
}

/// All that a tool does with an application, and what it depends on. A tool that is new and not named here fails every
/// test of this program, by name.
pub(crate) fn acts(tool: &str, fixture: &Fixture) -> Vec<Act> {
    const ALL: &[Minds] = &[Link, State, Supervisor];
    match tool {
        "deploy-state" => vec![
            Act::new(&["begin"], &[Link, State]),
            Act::new(&["run", "--", "true"], &[Link, State]),
            Act::new(&["--id", "d1", "step", "build", "--", "true"], &[State]),
            Act::new(&["--id", "d1", "phase", "build"], &[State]),
            Act::new(&["--id", "d1", "end", "failed"], &[State]),
            Act::new(&["show"], &[State]),
            Act::new(&["healthy"], &[State]),
            Act::new(&["wait"], &[State]),
            Act::new(&["record"], &[State]),
            Act::new(&["pause", "--why", "x"], &[State]),
            Act::new(&["resume"], &[State]),
            Act::new(&["mark", NEXT, "bad"], &[State]),
            Act::new(&["recover"], &[State]),
        ],
        // Whatever is wrong is a failed check in its own list, with a hint there; its own tests show that.
        "preflight" => vec![Act::new(&["--only", "layout"], &[])],
        "release-stage" => {
            let source = fixture.source("new", "3", "healthy");
            let source = source.to_str().unwrap();
            vec![Act::new(&["--source", source], &[Link, State])]
        }
        // It has to do with the state where it raises a flag that outlives it.
        "drain-wait" => {
            let flag = fixture.root.join("drain");
            let words = ["--in-flight-command", "echo 0", "--pending-file"];
            let words = [&words[..], &[flag.to_str().unwrap()]].concat();
            vec![Act::new(&words, &[State])]
        }
        "service-stop" => vec![
            Act::new(&[], ALL),
            Act::new(&["--dead-man", "90s"], ALL),
            Act::new(&["--dry-run"], &[Supervisor]),
        ],
        "release-swap" => vec![
            Act::new(&[LIVE], ALL),
            Act::new(&["--previous"], ALL),
            Act::new(&["--dry-run", LIVE], &[Link, State]),
        ],
        "service-start" => vec![Act::new(&[], ALL)],
        "healthwait" => vec![Act::new(&["--timeout", "1s", "-"], ALL)],
        "rollback" => vec![
            Act::new(&[], ALL),
            Act::new(&["--to", LIVE], ALL),
            Act::new(&["--if-crash-loop"], &[State]),
        ],
        "release-prune" => vec![
            Act::new(&["--keep", "1"], &[Link, State]),
            Act::new(&["--keep", "1", "--dry-run"], &[Link, State]),
        ],
        _ => panic!("{tool} is new: say in tests/tests/errors/acts.rs what it does"),
    }
}
