//! A state file that cannot be read or understood is never taken for an empty one.

use crate::acts::Minds;
use crate::each_refuses;
use slipway_tests::{Fixture, User, left_out};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

const NAME: &str = "deploy-state.json";

fn file(fixture: &Fixture) -> PathBuf {
    fixture.root.join(NAME)
}

fn refused(damage: impl Fn(&Fixture), code: &str) {
    each_refuses(Minds::State, damage, |tool| tool, (3, code), NAME);
}

#[test]
fn an_empty_state() {
    refused(
        |fixture| fs::write(file(fixture), "").unwrap(),
        "state-damaged",
    );
}

#[test]
fn a_state_that_is_cut_in_half() {
    let damage = |fixture: &Fixture| {
        let text = fs::read(file(fixture)).unwrap();
        fs::write(file(fixture), &text[..text.len() / 2]).unwrap();
    };
    refused(damage, "state-damaged");
}

#[test]
fn a_state_of_zeros() {
    let damage = |fixture: &Fixture| {
        let length = fs::metadata(file(fixture)).unwrap().len();
        fs::write(file(fixture), vec![0; usize::try_from(length).unwrap()]).unwrap();
    };
    refused(damage, "state-damaged");
}

#[test]
fn a_state_that_says_something_else() {
    for text in [
        "{}",
        "[]",
        "null",
        "{\"schema\":1}",
        "{\"schema\":\"1\"}",
        "{\"schema\":0}",
    ] {
        refused(
            |fixture| fs::write(file(fixture), text).unwrap(),
            "state-damaged",
        );
    }
}

#[test]
fn a_state_of_a_newer_schema() {
    let newer = |change: fn(&mut serde_json::Value)| {
        move |fixture: &Fixture| {
            let text = fs::read(file(fixture)).unwrap();
            let mut state: serde_json::Value = serde_json::from_slice(&text).unwrap();
            state["schema"] = 99.into();
            change(&mut state);
            fs::write(file(fixture), state.to_string()).unwrap();
        }
    };
    refused(newer(|_| {}), "state-newer");
    // It may look like nothing that this version knows.
    refused(
        newer(|state| *state = serde_json::json!({"schema": 99, "all": "new"})),
        "state-newer",
    );
}

#[test]
fn a_state_that_is_gone_beside_its_history() {
    refused(
        |fixture| fs::remove_file(file(fixture)).unwrap(),
        "state-missing",
    );
}

#[test]
fn a_state_that_is_a_directory() {
    let damage = |fixture: &Fixture| {
        fs::remove_file(file(fixture)).unwrap();
        fs::create_dir(file(fixture)).unwrap();
    };
    refused(damage, "io");
}

#[test]
fn a_state_that_this_user_may_not_read() {
    let user = match User::deploy() {
        Ok(user) => user,
        Err(why) => return left_out(&why),
    };
    let damage = |fixture: &Fixture| {
        user.own(&fixture.directory);
        fs::set_permissions(file(fixture), Permissions::from_mode(0o000)).unwrap();
    };
    let as_user = |tool: slipway_tests::Tool| tool.as_user(Some(&user));
    each_refuses(Minds::State, damage, as_user, (3, "io"), NAME);
}
