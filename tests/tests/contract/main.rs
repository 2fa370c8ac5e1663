//! What every tool promises, shown on every tool there is.
//!
//! Each test finds the tools by itself (`common::tools`), so one that is added later is held to all of this without
//! anybody naming it here.
#![allow(clippy::unwrap_used)]

mod children;
mod env_file;
mod options;
mod pipes;
mod plain;
mod reports;
mod signals;
mod streams;

#[path = "../common/mod.rs"]
mod common;

use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

/// Programs of the workspace that are no tools: what the tests deploy, and what writes the man pages.
const NO_TOOLS: &[&str] = &["demo-service", "slipway-man"];

#[test]
fn every_program_of_the_workspace_is_held_to_the_contract() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(common::repository())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut programs = BTreeSet::new();
    for package in metadata["packages"].as_array().unwrap() {
        for target in package["targets"].as_array().unwrap() {
            let kinds = target["kind"].as_array().unwrap();
            if kinds.contains(&Value::from("bin")) {
                programs.insert(target["name"].as_str().unwrap().to_owned());
            }
        }
    }
    let held: BTreeSet<String> = common::tools().into_iter().collect();
    let others: Vec<&String> = programs.difference(&held).collect();
    assert_eq!(others, NO_TOOLS, "programs that no contract test runs");
    let unknown: Vec<&String> = held.difference(&programs).collect();
    assert!(unknown.is_empty(), "tools that are not built: {unknown:?}");
    // Hints are told the application only behind the names that the tools know of each other.
    let known: BTreeSet<String> = step::TOOLS.into_iter().map(str::to_owned).collect();
    assert_eq!(known, held, "step::TOOLS");
}
