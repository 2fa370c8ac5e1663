//! An application that nobody here wrote, upgraded and rolled back between two of its real versions, under systemd.
#![allow(clippy::unwrap_used)]

use slipway_tests::{Fixture, Supervisor, left_out, real_application};
use std::fs;
use std::path::Path;

/// A source directory as a user of pypiserver would have it: a pinned requirement, and the packages that it serves.
fn source(fixture: &Fixture, version: &str) {
    let directory = fixture.directory.join("build");
    fs::create_dir_all(directory.join("packages")).unwrap();
    fs::write(directory.join("packages/README"), "what it serves\n").unwrap();
    let requirement = format!("pypiserver=={version}\n");
    fs::write(directory.join("requirements.txt"), requirement).unwrap();
}

/// The application's own start page names its version.
fn serves(fixture: &Fixture, version: &str) {
    let page = fixture.get("/").unwrap();
    assert_eq!(page.status, 200);
    assert!(page.body.contains(version), "{}", page.body);
}

fn fixture(wheels: &Path) -> Option<Fixture> {
    let fixture = Fixture::on(Supervisor::Systemd)?;
    let command = format!(
        "/usr/bin/python3 -m pypiserver run -i 127.0.0.1 -p {} packages",
        fixture.port.number
    );
    let current = fixture.root.join("current");
    fixture.change_unit(|unit| {
        unit.with("Service", "ExecStart", &command)
            .with("Service", "WorkingDirectory", current.to_str().unwrap())
            .with("Service", "Environment", "PYTHONPATH=lib")
    });
    fixture.configure(
        "RELEASE_STAGE_SOURCE",
        fixture.directory.join("build").to_str().unwrap(),
    );
    let install = format!(
        "/usr/bin/python3 -m pip install --quiet --no-index --find-links {} --target lib -r requirements.txt",
        wheels.display()
    );
    fixture.configure("RELEASE_STAGE_INSTALL", &install);
    fixture.configure("PREFLIGHT_SKIP", "disk");
    Some(fixture)
}

#[test]
fn pypiserver_is_upgraded_kept_when_the_upgrade_is_broken_and_rolled_back_by_hand() {
    let Some(wheels) = real_application() else {
        left_out("the real application could not be fetched");
        return;
    };
    let Some(fixture) = fixture(&wheels) else {
        return;
    };
    source(&fixture, "2.3.2");
    fixture.deploy().run(0);
    serves(&fixture, "2.3.2");
    let first = fixture.selected().unwrap();

    source(&fixture, "2.4.2");
    fixture.deploy().run(0);
    serves(&fixture, "2.4.2");
    let second = fixture.selected().unwrap();

    // The directory that it serves is missing: pypiserver refuses to start.
    fs::remove_dir_all(fixture.directory.join("build/packages")).unwrap();
    let rejected = fixture.deploy().run(1);
    assert_eq!(rejected.text("/outcome"), "rolled-back");
    serves(&fixture, "2.4.2");
    assert_eq!(fixture.selected().unwrap(), second);

    let back = fixture.tool("rollback").stderr_any().run(0);
    assert_eq!(back.text("/from"), second);
    assert_eq!(back.text("/to"), first);
    assert_eq!(back.text("/start/proof/verdict"), "proven");
    serves(&fixture, "2.3.2");
}
