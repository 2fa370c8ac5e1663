//! Scripts as people write them, and scripts that nobody should.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use deadline::Deadline;

use crate::{Active, Error, Service, Setting, Verdict};

/// A root with a live release, and a script that speaks for its service.
struct Place(PathBuf);

impl Place {
    fn new(script: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("slipway-command-{}-{number}", std::process::id());
        let root = fs::canonicalize(std::env::temp_dir()).unwrap().join(name);
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("releases/r1")).unwrap();
        std::os::unix::fs::symlink("releases/r1", root.join("current")).unwrap();
        let place = Self(root);
        place.write(script, 0o755);
        place
    }

    fn write(&self, script: &str, mode: u32) {
        fs::write(self.file(), script).unwrap();
        fs::set_permissions(self.file(), fs::Permissions::from_mode(mode)).unwrap();
    }

    fn file(&self) -> PathBuf {
        self.0.join("control")
    }

    fn service(&self) -> Service {
        let setting = Setting {
            root: self.0.clone(),
            current: self.0.join("current"),
            start: Some("a start".into()),
        };
        let name = format!("command:{}", self.file().display());
        Service::parse(&name, &setting).unwrap()
    }

    /// A service that is a `sleep`, as an init script of the plainest kind keeps it, with its number in a file.
    fn sleeping(status: &str) -> Self {
        Self::new(&format!(
            "#!/bin/sh\npid=$DEPLOY_ROOT/pid\nlives() {{ [ -f \"$pid\" ] && kill -0 \"$(cat \"$pid\")\" 2>/dev/null; }}\n\
             case $1 in\n\
             status) if lives; then {status}; exit 0; elif [ -f \"$pid\" ]; then exit 1; else exit 3; fi ;;\n\
             start) lives || {{ pwd; setsid sleep 600 >/dev/null 2>&1 </dev/null & echo $! >\"$pid\"; }} ;;\n\
             stop) lives && kill \"$(cat \"$pid\")\"; rm -f \"$pid\" ;;\nesac\n"
        ))
    }

    fn pid(&self) -> Option<u32> {
        fs::read_to_string(self.0.join("pid"))
            .ok()?
            .trim()
            .parse()
            .ok()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(pid) = self.pid() {
            let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).unwrap());
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
        }
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(30))
}

fn status(place: &Place) -> Result<Active, Error> {
    place.service().status(&soon()).map(|status| status.active)
}

#[test]
fn a_plain_init_script_is_started_looked_at_and_stopped() {
    let place = Place::sleeping(":");
    let service = place.service();
    assert_eq!(status(&place).unwrap(), Active::Stopped);
    service.start(&soon()).unwrap();
    assert_eq!(status(&place).unwrap(), Active::Running);
    let said = fs::read_to_string(place.0.join("run/control.log")).unwrap();
    let live = place.0.join("releases/r1");
    assert!(
        said.contains(live.to_str().unwrap()),
        "started elsewhere: {said}"
    );
    // Nobody tells its processes: nothing is guessed.
    assert_eq!(service.pids(&soon()).unwrap(), [0; 0]);
    assert!(matches!(
        service.usage(&service.status(&soon()).unwrap(), &soon()),
        Err(Error::Unreadable { .. })
    ));
    let mark = service.mark(&soon()).unwrap();
    assert!(matches!(
        service.log_errors(&mark, &soon()),
        Err(Error::Unreadable { .. })
    ));
    let proof = service
        .proof(&crate::Expectation::default(), &soon())
        .unwrap();
    assert_eq!(proof.verdict, Verdict::Unprovable);
    let stopped = service.stop(Duration::from_secs(5), &soon()).unwrap();
    assert!(!stopped.killed && !stopped.already);
    assert_eq!(status(&place).unwrap(), Active::Stopped);
    assert!(
        service
            .stop(Duration::from_secs(5), &soon())
            .unwrap()
            .already
    );
}

#[test]
fn one_that_tells_its_main_process_is_known_whole() {
    let place = Place::sleeping(r#"printf '{"mainPid":%s,"restarts":2}' "$(cat "$pid")""#);
    let service = place.service();
    service.start(&soon()).unwrap();
    let status = service.status(&soon()).unwrap();
    assert_eq!((status.main_pid, status.restarts), (place.pid(), Some(2)));
    assert_eq!(service.pids(&soon()).unwrap(), [place.pid().unwrap()]);
    assert!(service.usage(&status, &soon()).unwrap().memory_bytes > 0);
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(i32::try_from(place.pid().unwrap()).unwrap()),
        nix::sys::signal::Signal::SIGKILL,
    )
    .unwrap();
    let end = Instant::now() + Duration::from_secs(10);
    while self::status(&place).unwrap() != Active::Failed {
        assert!(Instant::now() < end, "it is dead");
    }
}

#[test]
fn one_that_hangs_in_its_stop_is_killed_whole_and_so_is_the_service() {
    let place = Place::sleeping(r#"printf '{"mainPid":%s}' "$(cat "$pid")""#);
    let service = place.service();
    service.start(&soon()).unwrap();
    let pid = place.pid().unwrap();
    let script = fs::read_to_string(place.file()).unwrap();
    // It leaves its own group too; what it has started dies all the same.
    let hangs = "stop) echo $$ >\"$DEPLOY_ROOT/stopper\"; setsid sleep 601; exit 1 ;;\nstop)";
    place.write(&script.replace("stop)", hangs), 0o755);
    let began = Instant::now();
    let stopped = service.stop(Duration::from_secs(1), &soon()).unwrap();
    assert!(began.elapsed() < Duration::from_secs(20));
    assert!(stopped.killed);
    assert!(stopped.cut.iter().any(|cut| cut.pid == pid), "{stopped:?}");
    let hung = fs::read_to_string(place.0.join("stopper")).unwrap();
    assert!(!Path::new("/proc").join(hung.trim()).exists());
}

#[test]
fn a_question_that_hangs_ends_at_the_deadline() {
    let place = Place::new("#!/bin/sh\nsleep 600\n");
    let began = Instant::now();
    let error = place
        .service()
        .status(&Deadline::after(Duration::from_millis(300)));
    assert!(matches!(error, Err(Error::TimedOut { .. })), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn what_is_wrong_with_the_command_is_said_with_what_mends_it() {
    let place = Place::new("");
    let wrong = |content: Option<&str>, mode: u32| {
        match content {
            Some(content) => place.write(content, mode),
            None => fs::remove_file(place.file()).unwrap(),
        }
        let error = place.service().status(&soon()).unwrap_err();
        let hint = error.hint().unwrap_or_default();
        format!("{}: {error} ({hint})", error.code())
    };
    let good = "#!/bin/sh\nexit 0\n";
    for (told, expected) in [
        (wrong(Some(good), 0o644), "may not be executed"),
        (wrong(Some(good), 0o644), "chmod +x"),
        (wrong(Some(good), 0o757), "chmod o-w"),
        (wrong(Some("exit 0\n"), 0o755), "#!/bin/sh"),
        (
            wrong(Some("#!/no/such/shell\n"), 0o755),
            "first line names is not there",
        ),
        (
            wrong(Some("#!/bin/sh\necho '{garbage'\n"), 0o755),
            "JSON of its status",
        ),
        (wrong(Some("#!/bin/sh\nexit 77\n"), 0o755), "ended with 77"),
        (
            wrong(Some("#!/bin/sh\nkill -9 $$\n"), 0o755),
            "ended by a signal",
        ),
        (wrong(None, 0), "No such file"),
    ] {
        assert!(told.starts_with("service-command: "), "{told}");
        assert!(told.contains(expected), "{told} does not say {expected}");
    }
    place.write("#!/bin/sh\necho the daemon is gone >&2\nexit 4\n", 0o755);
    let error = place.service().status(&soon()).unwrap_err();
    assert_eq!(error.code(), "supervisor-unavailable");
    assert!(error.to_string().contains("the daemon is gone"), "{error}");
}

#[test]
fn an_order_that_fails_says_what_the_command_said() {
    let place = Place::new(
        "#!/bin/sh\necho first; echo no room >&2\ncase $1 in status) exit 3 ;; stop) exit 4 ;; esac\nexit 9\n",
    );
    let error = place.service().start(&soon()).unwrap_err();
    assert_eq!(error.code(), "supervisor-refused");
    assert!(
        error.to_string().ends_with("it ended with 9: no room"),
        "{error}"
    );
    place.write(
        "#!/bin/sh\necho not you\ncase $1 in status) exit 0 ;; esac\nexit 4\n",
        0o755,
    );
    let error = place
        .service()
        .stop(Duration::from_secs(2), &soon())
        .unwrap_err();
    assert_eq!(error.code(), "no-permission");
}

#[test]
fn its_environment_is_small_and_its_log_its_own() {
    let place = Place::new(
        "#!/bin/sh\ncase $1 in\nstatus) printf '{\"verbs\":[\"logs\",\"pids\"]}' ;;\n\
         logs) echo \"since $2\"; echo 'ERROR one'; env | cut -d= -f1 | sort | tr '\\n' ' ' ;;\n\
         pids) echo 1 $$ ;;\nesac\n",
    );
    let service = place.service();
    let lines = service.log_tail(10, &soon()).unwrap();
    assert_eq!(lines[0], "since 0.000000");
    for name in ["DEPLOY_CURRENT", "DEPLOY_ROOT", "DEPLOY_START", "PATH"] {
        assert!(lines[2].contains(name), "{} lacks {name}", lines[2]);
    }
    assert!(!lines[2].contains("CARGO"), "{}", lines[2]);
    let mark = service.mark(&soon()).unwrap();
    let since = service.log_since(&mark, 10, &soon()).unwrap().remove(0);
    assert!(
        since.starts_with("since 1") && since.contains('.'),
        "{since}"
    );
    assert_eq!(service.log_errors(&mark, &soon()).unwrap().count, 1);
    // Its own shell has ended by then; process 1 is nobody's.
    assert_eq!(service.pids(&soon()).unwrap(), [0; 0]);
}

#[test]
fn an_answer_counts_as_a_whole_or_not_at_all() {
    let blanks = |bytes: u32| format!("head -c {bytes} /dev/zero | tr '\\0' '\\n'");
    let speaking = |bytes: u32| {
        let blanks = blanks(bytes);
        format!(
            "#!/bin/sh\ncase $1 in\n\
             status) echo '{{\"verbs\":[\"logs\"],'; {blanks}; echo '\"active\":\"starting\"}}' ;;\n\
             logs) echo ERROR one; {blanks}; echo ERROR two ;;\nesac\n"
        )
    };
    let place = Place::new(&speaking(2_000_000));
    let service = place.service();
    assert_eq!(status(&place).unwrap(), Active::Starting);
    let mark = service.mark(&soon()).unwrap();
    assert_eq!(service.log_errors(&mark, &soon()).unwrap().count, 2);
    assert_eq!(service.log_tail(1, &soon()).unwrap(), ["ERROR two"]);
    // The end of this one is JSON as well, and another answer.
    place.write(
        &format!("#!/bin/sh\necho '{{'\n{}\necho '{{}}'\n", blanks(17 << 20)),
        0o755,
    );
    let error = place.service().status(&soon()).unwrap_err();
    assert!(error.to_string().contains("is not whole"), "{error}");
}

/// A script that names whatever process its file holds, and says what another file has it say.
fn naming(how: &str, pid: u32) -> Place {
    let place = Place::new(&format!(
        "#!/bin/sh\ncd \"$DEPLOY_ROOT\"\ncase $1 in\nstatus) printf '{how}' \"$(cat named)\"; exit \"$(cat code)\" ;;\n\
         pids) cat named ;;\nesac\n"
    ));
    fs::write(place.0.join("named"), pid.to_string()).unwrap();
    place
}

#[test]
fn a_number_that_outlived_its_process_is_nobodys() {
    let mut foreign = std::process::Command::new("sh");
    let mut foreign = std::os::unix::process::CommandExt::process_group(&mut foreign, 0)
        .args(["-c", "sleep 600 & wait"])
        .spawn()
        .unwrap();
    for how in [
        r#"{"mainPid":%s}"#,
        r#"{"pids":[%s]}"#,
        r#"{"verbs":["pids"]}"#,
    ] {
        for code in ["1", "3"] {
            let place = naming(how, foreign.id());
            fs::write(place.0.join("code"), code).unwrap();
            let service = place.service();
            assert_eq!(service.status(&soon()).unwrap().main_pid, None, "{how}");
            assert_eq!(service.pids(&soon()).unwrap(), [0; 0], "{how} {code}");
            let stopped = service.stop(Duration::from_secs(1), &soon()).unwrap();
            assert!(stopped.already && stopped.cut.is_empty(), "{stopped:?}");
            assert_eq!(foreign.try_wait().unwrap(), None, "{how} {code}");
        }
    }
    let group = nix::unistd::Pid::from_raw(i32::try_from(foreign.id()).unwrap());
    nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL).unwrap();
    foreign.wait().unwrap();
}

#[test]
fn one_that_was_seen_running_is_known_after_its_service_is_over() {
    let mut own = std::process::Command::new("sleep")
        .arg("600")
        .spawn()
        .unwrap();
    let place = naming(r#"{"mainPid":%s}"#, own.id());
    fs::write(place.0.join("code"), "0").unwrap();
    let service = place.service();
    assert_eq!(service.pids(&soon()).unwrap(), [own.id()]);
    fs::write(place.0.join("code"), "1").unwrap();
    assert_eq!(service.pids(&soon()).unwrap(), [own.id()]);
    own.kill().unwrap();
    own.wait().unwrap();
    assert_eq!(service.pids(&soon()).unwrap(), [0; 0]);
}
