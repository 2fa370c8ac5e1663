//! A supervisor whose program is not there.

use crate::acts::Minds;
use crate::each_refuses;
use slipway_tests::{Fixture, Supervisor, Tool};
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn without_systemctl_nothing_is_begun() {
    for kind in ["systemd", "systemd-user"] {
        let service = format!("{kind}:slipway-no-such-unit.service");
        let adapt = |tool: Tool| {
            // An empty place: nothing at all is found there.
            tool.env("PATH", "/proc/self/fdinfo")
                .env("DEPLOY_SERVICE", &service)
        };
        let expected = (3, "missing-program");
        each_refuses(Minds::Supervisor, |_| {}, adapt, expected, "systemctl");
    }
}

/// What systemd does while it reads its units anew, put into the mouth of a `systemctl`: at first it has nothing to say.
#[test]
fn systemctl_that_answers_nothing_is_asked_again() {
    let fixture = Fixture::on(Supervisor::Process).unwrap();
    let program = fixture.directory.join("systemctl");
    let script = "#!/bin/sh\ncd \"${0%/*}\" && echo >>asked\n[ \"$(wc -l <asked)\" -lt 3 ] ||\n\
                  printf 'LoadState=loaded\\nActiveState=inactive\\nSubState=dead\\n'\n";
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let stopped = fixture
        .tool("healthwait")
        .args(["--service", "systemd:shop", "--attempts", "1"])
        .env("PATH", format!("{}:{path}", fixture.directory.display()))
        .stderr_any()
        .run(1);
    assert_eq!(stopped.error_code(), "not-healthy");
    let message = stopped.text("/error/message");
    assert!(
        message.starts_with("not well after 1 attempt: "),
        "{message}"
    );
    assert!(
        message.ends_with("; the service is stopped (dead)"),
        "{message}"
    );
    // Nothing was deployed: there is nothing to lead back from.
    let hint = stopped.text("/error/hint");
    assert!(hint.starts_with("service-start --app "), "{hint}");
}
