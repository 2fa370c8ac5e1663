//! `env`: variables of a file as systemd reads it, none of whose values is ever said.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, unreachable_pub)]
mod support;

use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use support::{directory, one, run, tool};

/// An env file that only its owner may read.
struct Place(PathBuf);

impl Place {
    fn with(text: &str) -> Self {
        let place = Self(directory());
        place.write(text, 0o600);
        place
    }

    fn file(&self) -> String {
        self.0.join("app.env").to_str().unwrap().to_owned()
    }

    fn write(&self, text: &str, mode: u32) {
        fs::write(self.file(), text).unwrap();
        fs::set_permissions(self.file(), fs::Permissions::from_mode(mode)).unwrap();
    }

    fn check(&self, arguments: &[&str], status: &str) -> Value {
        let file = self.file();
        let all = [&["--env-file", &file], arguments].concat();
        one(&run(tool(&all), i32::from(status == "fail")), status)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn required_optional_and_formats() {
    let text =
        "; a comment\nDB=\"postgres://u:p@h/\\\"d\\\"\"\nKEYS='a|b' '|c|d'\nEMPTY=''\nNOTE=x\n";
    let place = Place::with(text);
    place.check(
        &["--env-required", "DB,KEYS", "--env-optional", "NOTE"],
        "pass",
    );
    let missing = place.check(
        &["--env-required", "DB,EMPTY", "--env-required", "GONE"],
        "fail",
    );
    assert_eq!(missing["message"], "required and missing: EMPTY, GONE");
    assert_eq!(missing["value"], serde_json::json!(["EMPTY", "GONE"]));
    let hint = format!("\"${{EDITOR:-vi}}\" {}", place.file());
    assert_eq!(missing["hint"], hint);
    place.check(&["--env-optional", "GONE,NOTE"], "warn");
    for (format, status) in [
        ("DB=/^postgres:.*\"d\"$/", "pass"),
        ("DB=/^mysql:/", "fail"),
        ("KEYS=4|", "pass"),
        ("KEYS=5|", "fail"),
        // What is not there has no form.
        ("GONE=/x/", "pass"),
    ] {
        place.check(&["--env-format", format], status);
    }
    let wrong = ["--env-format", "DB=/(/"];
    run(
        tool(&[&["--env-file", &place.file()], &wrong[..]].concat()),
        2,
    );
    run(tool(&["--env-required", "DB"]), 2);
}

#[test]
fn values_are_never_said() {
    let place = Place::with("A=s3cret\nB='s3cret\nno quote\nexport C=s3cret\ns3cret\n");
    let file = place.file();
    let mut command = tool(&[
        "--env-file",
        &file,
        "--env-required",
        "D",
        "--env-format",
        "A=/^x/",
    ]);
    let output = command.args(["--env-format", "B=3,"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(
        said.contains("A does not match") && !said.contains("s3cret"),
        "{said}"
    );
}

#[test]
fn what_systemd_would_not_take_as_it_is_meant() {
    let place = Place::with("A=1\nexport B=2\n");
    let ignored = place.check(&["--env-required", "A"], "warn");
    assert!(ignored["message"].as_str().unwrap().contains("line 2"));
    place.check(&["--env-required", "B"], "fail");
    place.write("A='1\nB=2\n", 0o600);
    let unclosed = place.check(&["--env-required", "A"], "warn");
    assert!(
        unclosed["message"]
            .as_str()
            .unwrap()
            .contains("never closed")
    );
    place.write("# C:\\\nA=1\n", 0o600);
    let versions = place.check(&["--env-required", "A"], "fail");
    assert!(
        versions["message"]
            .as_str()
            .unwrap()
            .contains("systemd 254"),
        "{versions}"
    );
    fs::write(place.file(), b"A=\xff\n").unwrap();
    place.check(&[], "fail");
    fs::write(place.file(), b"A=\0\n").unwrap();
    place.check(&[], "fail");
    fs::remove_file(place.file()).unwrap();
    place.check(&[], "fail");
}

#[test]
fn a_file_that_others_may_read_is_warned_of() {
    let place = Place::with("");
    for (mode, status) in [
        (0o600, "pass"),
        (0o640, "pass"),
        (0o644, "warn"),
        (0o660, "warn"),
    ] {
        place.write("A=1\n", mode);
        let found = place.check(&["--env-required", "A"], status);
        if status == "warn" {
            let hint = found["hint"].as_str().unwrap();
            let done = Command::new("sh").args(["-c", hint]).status().unwrap();
            assert!(done.success(), "{hint}");
            place.check(&["--env-required", "A"], "pass");
        }
    }
}

#[test]
fn later_files_count_more() {
    let (first, second) = (Place::with("A=1\nB=1\n"), Place::with("A=2\nC=\n"));
    let file = second.file();
    let more = |format| ["--env-file", file.as_str(), "--env-format", format];
    first.check(&more("A=/^2$/"), "pass");
    first.check(&more("B=/^1$/"), "pass");
    let mut around = tool(&["--env-required", "A,B"]);
    around.env("PREFLIGHT_ENV_FILE", format!("{}\n{file}", first.file()));
    one(&run(around, 0), "pass");
}

#[test]
fn a_file_that_never_ends_is_a_failed_check() {
    let place = directory();
    let pipe = place.join("pipe");
    let status = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(status.success());
    let file = pipe.to_str().unwrap();
    let report = run(tool(&["--env-file", file, "--check-timeout", "200ms"]), 1);
    let hung = one(&report, "fail");
    assert!(
        hung["message"]
            .as_str()
            .unwrap()
            .starts_with("it did not end within")
    );
    one(&run(tool(&["--env-file", "/dev/zero"]), 1), "fail");
    fs::remove_dir_all(&place).unwrap();
}
