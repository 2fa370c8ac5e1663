//! A disk that fills up in the middle.

use crate::support::Place;
use serde_json::Value;
use std::process::Command;

/// Stages onto a small file system of its own, with these arguments, and says what is left in `releases/`; nothing
/// where this machine allows no mounts.
fn on_a_small_disk(place: &Place, arguments: &str) -> Option<(Value, String)> {
    let script = format!(
        "mount -t tmpfs -o size=2m tmpfs app && {{ \"$0\" --root app {arguments} --quiet; echo; ls -A app/releases; }}"
    );
    let flags = if nix::unistd::geteuid().is_root() {
        &["--mount"][..]
    } else {
        &["--mount", "--map-root-user"]
    };
    let possible = Command::new("unshare")
        .args(flags)
        .args(["mount", "-t", "tmpfs", "tmpfs"])
        .arg(place.path("app"))
        .output()
        .is_ok_and(|output| output.status.success());
    if !possible {
        left_out();
        return None;
    }
    let output = Command::new("unshare")
        .args(flags)
        .args(["sh", "-c", &script, env!("CARGO_BIN_EXE_release-stage")])
        .current_dir(place.path(""))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (report, left) = text.split_once("\n\n").unwrap_or((&text, ""));
    Some((
        serde_json::from_str(report).unwrap(),
        left.trim().to_owned(),
    ))
}

#[allow(clippy::print_stderr, reason = "a test that is left out says so")]
fn left_out() {
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(
        !ci,
        "the full disk cannot be left out: mounts are not allowed here"
    );
    eprintln!("LEFT OUT: the full disk: mounts are not allowed here");
}

#[test]
fn a_copy_that_does_not_fit_leaves_nothing_behind() {
    let place = Place::new();
    for number in 0..8 {
        place.file(&format!("source/{number}"), &"x".repeat(400_000));
    }
    let Some((report, left)) = on_a_small_disk(&place, "--source source") else {
        return;
    };
    assert_eq!(
        (&report["exit"], &report["error"]["code"]),
        (&3.into(), &"io".into()),
        "{report}"
    );
    assert!(
        report["error"]["hint"]
            .as_str()
            .unwrap()
            .contains("release-prune")
    );
    assert_eq!(left, "");
}

#[test]
fn a_build_that_fills_the_disk_leaves_nothing_behind() {
    let place = Place::new();
    place.file("source/main", "x");
    let arguments = "--source source --build 'dd if=/dev/zero of=big bs=1M count=9'";
    let Some((report, left)) = on_a_small_disk(&place, arguments) else {
        return;
    };
    assert_eq!(report["error"]["code"], "build-failed", "{report}");
    assert_eq!(left, "");
}

#[test]
fn what_fits_is_staged_there_too() {
    let place = Place::new();
    place.file("source/main", "x");
    let Some((report, left)) = on_a_small_disk(&place, "--source source --name r1") else {
        return;
    };
    assert_eq!(report["ok"], true, "{report}");
    assert_eq!(left, "r1");
}
