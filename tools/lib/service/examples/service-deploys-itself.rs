//! A deploy that a service runs itself, for a test of `service`: run in the directory of a release, it stops the service,
//! lives to tell and writes that down.
#![allow(clippy::unwrap_used)]

use deadline::Deadline;
use service::{Service, Setting, StartAgain};
use std::fs;
use std::time::Duration;

/// Long enough for the slowest machine.
const LONG: Duration = Duration::from_secs(30);

fn main() {
    let root = fs::canonicalize("../..").unwrap();
    let setting = Setting {
        current: root.join("current"),
        root,
        start: Some("exec sleep 1000".to_owned()),
    };
    let service = Service::parse("process:shop", &setting).unwrap();
    let soon = || Deadline::after(LONG);
    service
        .arm_dead_man(LONG * 10, &StartAgain::default(), &soon())
        .unwrap();
    let stopped = service.stop(LONG, &soon()).unwrap();
    assert!(!stopped.killed && stopped.cut.is_empty(), "{stopped:?}");
    let disarmed = service.disarm_dead_man(&soon()).unwrap();
    fs::write("stopped", format!("{disarmed:?}\n")).unwrap();
}
