//! What `make install` puts under a prefix is all there, and deploys from there.
#![allow(clippy::unwrap_used)]

use slipway_tests::{Fixture, Supervisor, binaries, binary};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const RUNBOOKS: [&str; 3] = ["deploy", "deploy-in-place", "deploy-compose"];

/// Installs this very build under `PREFIX`, and gives where that lies.
fn installed(fixture: &Fixture) -> PathBuf {
    let target = fixture.directory.join("target");
    let release = target.join("release");
    fs::create_dir_all(&release).unwrap();
    for tool in step::TOOLS {
        // What a debugger needs is most of it.
        let mut strip = Command::new("strip");
        strip.arg("-o").arg(release.join(tool)).arg(binary(tool));
        assert!(strip.status().unwrap().success(), "strip {tool}");
    }
    let man = Command::new(binary("slipway-man"))
        .arg(target.join("man"))
        .status();
    assert!(man.unwrap().success());
    let make = Command::new("make")
        .args(["install", "PREFIX=/opt/slipway"])
        .arg(format!("DESTDIR={}", fixture.directory.display()))
        .env("CARGO_TARGET_DIR", &target)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&make.stderr);
    assert!(make.status.success(), "{said}");
    fixture.directory.join("opt/slipway")
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[test]
fn everything_is_installed_and_deploys_from_there() {
    let fixture = Fixture::on(Supervisor::Process).unwrap();
    let prefix = installed(&fixture);
    for name in step::TOOLS.iter().chain(&RUNBOOKS) {
        assert!(is_program(&prefix.join("bin").join(name)), "{name}");
        let page = prefix.join("share/man/man1").join(format!("{name}.1"));
        assert!(page.is_file(), "{name}.1");
    }
    let share = prefix.join("share/slipway");
    assert!(prefix.join("share/man/man7/slipway.7").is_file());
    for name in ["commands/runit", "commands/supervisord"] {
        assert!(is_program(&share.join(name)), "{name}");
    }
    // A unit starts a tool by its path.
    for unit in fs::read_dir(share.join("systemd")).unwrap() {
        let text = fs::read_to_string(unit.unwrap().path()).unwrap();
        assert!(!text.contains("/usr/local/"), "{text}");
    }
    let check = fs::read_to_string(share.join("systemd/slipway-check@.service")).unwrap();
    assert!(
        check.contains("ExecStart=/opt/slipway/bin/healthwait "),
        "{check}"
    );
    let make = fs::read_to_string(share.join("deploy.mk")).unwrap();
    assert!(
        make.contains("include /opt/slipway/share/slipway/deploy.mk"),
        "{make}"
    );

    // None of them finds what was built here.
    let path = format!("{}:/usr/bin:/bin", prefix.join("bin").display());
    assert!(!path.contains(binaries().to_str().unwrap()));
    let at_prefix = |script: &str| fixture.shell(script).env("PATH", &path);
    for runbook in RUNBOOKS {
        let help = at_prefix(&format!("{runbook} --help")).no_report().run(0);
        assert!(help.stdout.starts_with(&format!("usage: {runbook}")));
    }
    fixture.configure("PREFLIGHT_SKIP", "disk");
    for (version, behaviour, exit) in [(1, "healthy", 0), (2, "crash", 1)] {
        fixture.release(&format!("r{version}"), &version.to_string(), behaviour);
        let deployed = at_prefix("deploy \"$DEPLOY_APP\"").stderr_any().run(exit);
        let command = deployed.text("/command");
        assert!(command.starts_with(prefix.to_str().unwrap()), "{command}");
        fixture.until_version("1");
    }
}
