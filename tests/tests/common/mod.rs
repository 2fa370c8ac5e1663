//! The tools as the workspace has them, and what the tests of all of them share.
#![allow(dead_code)] // Each test program uses its part.

pub(crate) mod acts;
pub(crate) mod process;
pub(crate) mod tree;

use slipway_tests::{Ended, Fixture, Supervisor, Tool};
use std::fmt::Debug;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// The release that is live in a [`place`].
pub(crate) const LIVE: &str = "20260101-000000";
/// A release that is there and not live.
pub(crate) const NEXT: &str = "20260102-000000";

/// The repository.
pub(crate) fn repository() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap().to_owned()
}

/// Every tool there is, by looking: a directory under `tools` with a program in it. One that is added later is found
/// without anybody naming it.
pub(crate) fn tools() -> Vec<String> {
    let directories = fs::read_dir(repository().join("tools")).unwrap();
    let mut tools: Vec<String> = directories
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("src/main.rs").is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name != "lib")
        .collect();
    tools.sort();
    assert!(tools.len() >= 4, "not all tools are seen: {tools:?}");
    tools
}

/// Holds every tool to `promise`; a tool that breaks it does not hide the next one that does.
pub(crate) fn each_tool(promise: impl Fn(&str)) {
    each(tools(), |tool| promise(tool));
}

/// Holds all of these to `promise` and says of each what it broke.
pub(crate) fn each<T: Debug>(all: impl IntoIterator<Item = T>, promise: impl Fn(&T)) {
    let mut count = 0;
    let mut broken = Vec::new();
    for one in all {
        count += 1;
        if let Err(cause) = catch_unwind(AssertUnwindSafe(|| promise(&one))) {
            let cause = cause
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| cause.downcast_ref::<&str>().copied())
                .unwrap_or("a panic without a word");
            broken.push(format!("=== {one:?}: {cause}"));
        }
    }
    assert!(
        broken.is_empty(),
        "broken by {} of {count}:\n{}",
        broken.len(),
        broken.join("\n")
    );
    assert!(count > 0, "nothing was tested");
}

/// An application of plain processes with two releases, the first one live, that no tool has touched yet.
pub(crate) fn place() -> Fixture {
    let fixture = Fixture::on(Supervisor::Process).unwrap();
    fixture.release(LIVE, "1", "healthy");
    fixture.release(NEXT, "2", "healthy");
    fixture.select(LIVE);
    fixture
}

/// Runs a tool that may say on stderr what it likes, except to a terminal's controls.
pub(crate) fn run(tool: Tool, exit: i32) -> Ended {
    let ended = tool.stderr_any().run(exit);
    plain(&ended.stdout);
    plain(&ended.stderr);
    ended
}

/// Nothing that a terminal would take for a command, and nothing of a panic.
pub(crate) fn plain(text: &str) {
    assert!(!text.contains('\u{1b}'), "an escape sequence in {text:?}");
    assert!(!text.contains("panicked"), "a panic: {text}");
}
