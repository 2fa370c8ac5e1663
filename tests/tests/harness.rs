//! The harness minds what it promises to mind: a check that never fails is none.
#![allow(clippy::unwrap_used)]

use slipway_tests::{Fixture, Port, Supervisor, beneath, on_each_quick_supervisor, shell, until};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};

const GOOD: &str = r#"{"tool":"t","ok":true,"exit":0}"#;

/// What the runner minded about a script; nothing where it was content.
fn minded(script: &str, exit: i32) -> Option<String> {
    let panic = catch_unwind(|| shell(script).run(exit)).err()?;
    Some(
        panic
            .downcast_ref::<String>()
            .unwrap()
            .lines()
            .next()
            .unwrap()
            .to_owned(),
    )
}

#[test]
fn the_runner_is_content_with_one_report_that_says_what_is_so() {
    assert_eq!(minded(&format!("echo '{GOOD}'"), 0), None);
    let bad = r#"{"tool":"t","ok":false,"exit":75,"error":{"code":"busy"}}"#;
    let ended = shell(&format!("echo '{bad}'; exit 75")).run(75);
    assert_eq!(ended.error_code(), "busy");
}

#[test]
fn the_runner_minds_everything_else() {
    for (script, exit, what) in [
        (
            format!("echo '{GOOD}'; exit 3"),
            0,
            "ended with 3 instead of 0",
        ),
        (
            format!("echo '{GOOD}'; kill -9 $$"),
            0,
            "ended with 137 instead of 0",
        ),
        (
            format!("echo '{GOOD}'; echo oh >&2"),
            0,
            "stderr is not empty",
        ),
        (
            format!("echo '{GOOD}'; echo '{GOOD}'"),
            0,
            "stdout is not one JSON object",
        ),
        ("echo '[]'".to_owned(), 0, "stdout is JSON, but no object"),
        ("true".to_owned(), 0, "stdout is not one JSON object"),
        (
            format!("printf %s '{GOOD}'"),
            0,
            "stdout does not end in exactly one newline",
        ),
        (
            format!("echo '{GOOD}'; echo"),
            0,
            "stdout does not end in exactly one newline",
        ),
        (
            "echo '{\"ok\":true,'; echo '\"exit\":0}'".to_owned(),
            0,
            "the report in a pipe is more than one line",
        ),
        (
            format!("echo '{GOOD}'; exit 1"),
            1,
            "the report says another exit",
        ),
        (
            r#"echo '{"ok":true,"exit":1}'; exit 1"#.to_owned(),
            1,
            "the report's ok is not its exit",
        ),
    ] {
        let found = minded(&script, exit).unwrap_or_default();
        assert!(found.starts_with(what), "{script}: {found:?}");
    }
}

#[test]
fn what_a_test_expects_on_stderr_must_be_there() {
    let script = format!("echo '{GOOD}'; echo 'a note' >&2");
    shell(&script).stderr_with("note").run(0);
    shell(&script).stderr_any().run(0);
    assert!(catch_unwind(|| shell(&script).stderr_with("nothing").run(0)).is_err());
}

#[test]
fn no_two_tests_get_one_port() {
    let ports: Vec<Port> = (0..20).map(|_| Port::reserve()).collect();
    let mut numbers: Vec<u16> = ports.iter().map(|port| port.number).collect();
    numbers.dedup();
    assert_eq!(numbers.len(), 20);
}

on_each_quick_supervisor!(a_fixture_that_panics_leaves_nothing, |fixture| {
    let directory = fixture.directory.clone();
    let name = fixture.name.clone();
    let supervisor = fixture.supervisor;
    let behaviour = match supervisor {
        Supervisor::Pm2Cluster => "ignore-term",
        _ => "ignore-term\norphan",
    };
    let release = fixture.release("20260101-000000", "1", behaviour);
    fixture.select("20260101-000000");
    assert_eq!(fixture.selected().as_deref(), Some("20260101-000000"));
    let before = beneath(&directory).len();
    let units = supervisor.is_systemd().then(|| fixture.units());
    match supervisor {
        Supervisor::Process => drop(
            Command::new(release.join("demo-service"))
                .args(["--port", &fixture.port.number.to_string()])
                .current_dir(&release)
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        ),
        _ => fixture.start(),
    }
    fixture.until_version("1");
    // Itself and the orphan, or the two instances of a cluster, which can leave none; and PM2's daemon, started there.
    let processes = if supervisor.is_pm2() { 3 } else { 2 };
    until("all of them are there", || {
        beneath(&directory).len() == before + processes
    });
    let panic = catch_unwind(AssertUnwindSafe(move || {
        let _dropped_on_the_way = fixture;
        panic!("the test fails");
    }));
    assert!(panic.is_err());
    // A plain process is our own child here and stays a zombie, which runs from nowhere.
    assert_eq!(beneath(&directory), Vec::<u32>::new());
    assert!(!directory.exists());
    if let Some(units) = units {
        assert!(!units.join(format!("{name}.service")).exists());
        let left = Fixture::on(supervisor).unwrap().systemctl([
            "list-units",
            "--all",
            "--plain",
            "--no-legend",
        ]);
        assert!(!String::from_utf8(left.stdout).unwrap().contains(&name));
    }
});
