//! `freeze`, by the clock of this machine.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, unreachable_pub)]
mod support;

use serde_json::Value;
use std::process::Command;
use support::{one, run, tool};

fn check(arguments: &[&str], status: &str) -> Value {
    one(&run(tool(arguments), i32::from(status == "fail")), status)
}

/// What `date` says in that zone, a while from now.
fn date(zone: &str, when: &str, form: &str) -> String {
    let mut command = Command::new("date");
    command
        .args(["-d", when, form])
        .env("TZ", zone)
        .env("LC_ALL", "C");
    let output = command.output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn the_hours_around_now_and_those_behind_us() {
    for zone in ["UTC", "Asia/Kathmandu", "America/St_Johns"] {
        let at = |when| date(zone, when, "+%H:%M");
        let around = format!("{}-{}", at("-2 hours"), at("+2 hours"));
        let zoned =
            |freeze: &str, status| check(&["--freeze", freeze, "--time-zone", zone], status);
        let frozen = zoned(&around, "fail");
        let message = frozen["message"].as_str().unwrap();
        assert!(
            message.contains(&around) && message.contains(zone),
            "{message}"
        );
        assert_eq!(frozen["value"], around);
        zoned(&format!("{}-{}", at("-4 hours"), at("-2 hours")), "pass");
    }
}

#[test]
fn today_and_the_other_days() {
    let zone = ["--time-zone", "Europe/Berlin"];
    let with = |freezes: &[&str], status| {
        let freezes = freezes.iter().flat_map(|freeze| ["--freeze", freeze]);
        let arguments: Vec<&str> = freezes.chain(zone).collect();
        check(&arguments, status)
    };
    let day = |when| date("Europe/Berlin", when, "+%F");
    let yesterday = format!("2020-01-01..{}", day("-2 days"));
    with(&[&yesterday], "pass");
    with(&[&yesterday, &day("now")], "fail");
    with(&["mon,tue,wed", "thu,fri,sat,sun"], "fail");
}

#[test]
fn a_zone_that_nobody_knows_is_bad_usage() {
    let with = |zone: &str, exit| run(tool(&["--freeze", "1999-12-31", "--time-zone", zone]), exit);
    with("Europe/Berlin", 0);
    with("UTC", 0);
    for wrong in ["Mars/Olympus", "../../etc/passwd", "CET-1"] {
        assert_eq!(with(wrong, 2)["error"]["code"], "usage", "{wrong}");
    }
    run(tool(&["--freeze", "someday"]), 2);
    let mut around = tool(&[]);
    around.env("PREFLIGHT_FREEZE", "1999-12-31\n00:00-24:00");
    one(&run(around, 1), "fail");
}
