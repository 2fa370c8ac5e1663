//! What a git that is itself the caller hands on, as the installed one says.
#![allow(clippy::unwrap_used)]

use std::process::Command;

#[test]
fn nothing_that_git_calls_local_to_a_repository_is_handed_on_but_settings_that_were_given() {
    let output = Command::new("git")
        .args(["rev-parse", "--local-env-vars"])
        .output()
        .unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    let kept: Vec<&str> = said
        .lines()
        .filter(|variable| !git::OF_A_CALLER.contains(variable))
        .collect();
    assert_eq!(kept, ["GIT_CONFIG_COUNT"]);
}
