//! What is wrong on a host is a clear error: a code and a hint in the report, the exit code of the table, and nothing
//! changed on disk. Each fault is tried on every tool that it concerns.
#![allow(clippy::unwrap_used)]

mod acts;
mod env_file;
mod link;
mod names;
mod pm2;
mod state;
mod systemctl;

#[path = "../common/mod.rs"]
mod common;

use acts::{Act, Minds, acts};
use common::tree::Tree;
use common::{LIVE, NEXT, each_tool, place, run};
use slipway_tests::{Ended, Fixture, Tool};

/// An application with a past: [`LIVE`] was well, [`NEXT`] followed it and is live.
fn settled() -> Fixture {
    let fixture = place();
    let state = |words: &[&str]| run(fixture.tool("deploy-state").args(words), 0);
    state(&["mark", LIVE, "good"]);
    let begun = state(&["begin"]);
    let id = begun.text("/deployId");
    let swap = fixture.tool("release-swap").args(["--id", id, NEXT]);
    run(swap, 0);
    state(&["--id", id, "end", "succeeded"]);
    fixture
}

/// Tries what every tool does that minds this, each on an application that `damage` was done to: it must end with
/// this exit and code, and leave everything as it was. `adapt` may change how the tool is run.
fn each_refuses(
    minds: Minds,
    damage: impl Fn(&Fixture),
    adapt: impl Fn(Tool) -> Tool,
    (exit, code): (i32, &str),
    names: &str,
) {
    each_tool(|name| {
        let fixture = settled();
        let concerned = acts(name, &fixture);
        damage(&fixture);
        let concerned: Vec<&Act> = concerned.iter().filter(|act| act.minds(minds)).collect();
        if concerned.is_empty() {
            return;
        }
        common::each(concerned, |act| {
            let before = Tree::of(&fixture.directory);
            let ended = refused(adapt(act.tool(name, &fixture)), exit, code);
            let message = ended.text("/error/message");
            assert!(
                message.contains(names),
                "{message:?} does not name {names:?}"
            );
            Tree::of(&fixture.directory).must_be(&before, &act.words.join(" "));
        });
    });
}

/// The tool refuses with this exit and code, and says what mends it.
fn refused(tool: Tool, exit: i32, code: &str) -> Ended {
    let ended = run(tool, exit);
    assert_eq!(ended.error_code(), code, "{}", ended.report);
    assert!(!ended.text("/error/message").is_empty());
    let hint = ended.at("/error/hint").as_str();
    assert!(
        hint.is_some_and(|hint| !hint.is_empty()),
        "no hint in {}",
        ended.report
    );
    ended
}
