//! Endpoints that are no network's: socket files and commands.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use deadline::Deadline;
use probe::{Answer, JsonExpectation, Question, Target, ask};

/// Long enough never to be what decides.
const PLENTY: Duration = Duration::from_secs(60);

fn asked(target: &str) -> Answer {
    ask(&question(target), &Deadline::after(PLENTY))
}

fn question(target: &str) -> Question {
    let mut question = Question::new(Target::parse(target).unwrap());
    question.timeout = PLENTY;
    question
}

#[test]
fn a_socket_file() {
    let directory = std::env::temp_dir().join(format!("probe-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("service.sock");
    let target = format!("unix:{}", path.display());
    let missing = asked(&target);
    assert!(
        !missing.ok && missing.refused && missing.local,
        "{missing:?}"
    );
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    assert!(asked(&target).ok);
    drop(listener);
    let left_behind = asked(&target);
    assert!(!left_behind.ok && left_behind.refused, "{left_behind:?}");
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "").unwrap();
    let plain = asked(&target);
    assert!(!plain.ok, "{plain:?}");
    let too_long = asked(&format!("unix:/{}", "x".repeat(300)));
    assert!(!too_long.ok && !too_long.refused, "{too_long:?}");
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn a_command_answers_by_its_status() {
    let good = asked("command:echo all is well");
    assert!(good.ok && good.local, "{good:?}");
    assert_eq!(good.body.trim_ascii_end(), b"all is well");
    let bad = asked("command:echo no such queue >&2; exit 3");
    assert!(!bad.ok && !bad.refused);
    assert_eq!(bad.message, "exit status: 3: no such queue");
    let missing = asked("command:/nowhere/check");
    assert!(!missing.ok, "{missing:?}");
    let slow = ask(
        &question("command:echo begun; sleep 600"),
        &Deadline::after(Duration::from_millis(500)),
    );
    assert!(!slow.ok && slow.latency < PLENTY, "{slow:?}");
    let mut json = question(r#"command:echo '{"queue":0}'"#);
    json.json = vec![JsonExpectation::parse("/queue=0").unwrap()];
    assert!(ask(&json, &Deadline::after(PLENTY)).ok);
}
