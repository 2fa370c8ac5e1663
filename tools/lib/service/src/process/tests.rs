#![allow(clippy::unwrap_used)]

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use deadline::Deadline;
use host::Proc;

use crate::{Active, Before, DeadManBy, Disarmed, Expectation, Service, Setting, Stopped, Verdict};

/// Long enough for the slowest machine; no test waits for it to pass.
const LONG: Duration = Duration::from_secs(30);
/// Runs [`serve`] of this very test program.
const SERVE: &str =
    "exec \"$(cat ../../program)\" --exact process::tests::serve --ignored --nocapture";

/// An application's directory with two releases, and its service, which is gone when this is dropped.
struct Bench {
    root: PathBuf,
    service: Service,
}

impl Bench {
    fn new(command: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("slipway-{}-{count}", std::process::id()));
        fs::create_dir_all(root.join("releases/one")).unwrap();
        fs::create_dir_all(root.join("releases/two")).unwrap();
        fs::write(
            root.join("program"),
            std::env::current_exe().unwrap().to_str().unwrap(),
        )
        .unwrap();
        let root = fs::canonicalize(root).unwrap();
        durable::switch(root.join("current"), "releases/one").unwrap();
        let service = Self::service(&root, command);
        Self { root, service }
    }

    fn service(root: &Path, command: &str) -> Service {
        let setting = Setting {
            root: root.to_owned(),
            current: root.join("current"),
            start: Some(command.to_owned()),
        };
        Service::parse("process:shop", &setting).unwrap()
    }

    fn release(&self, name: &str) -> PathBuf {
        self.root.join("releases").join(name)
    }

    fn start(&self) -> u32 {
        self.service.start(&soon()).unwrap();
        self.service.status(&soon()).unwrap().main_pid.unwrap()
    }

    fn stop(&self) -> Stopped {
        self.service.stop(LONG, &soon()).unwrap()
    }

    /// Waits for a file that the service writes, and what is in it.
    fn wait_for(&self, file: &str) -> String {
        let path = self.release("one").join(file);
        until(|| {
            fs::read_to_string(&path)
                .ok()
                .filter(|text| text.ends_with('\n'))
        })
    }

    fn active(&self) -> Active {
        self.service.status(&soon()).unwrap().active
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.service.disarm_dead_man(&soon()).ok();
        self.service.kill(&soon()).ok();
        fs::remove_dir_all(&self.root).ok();
    }
}

fn soon() -> Deadline {
    Deadline::after(LONG)
}

fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = soon();
    loop {
        if let Some(found) = look() {
            return found;
        }
        deadline.sleep(Duration::from_millis(5)).unwrap();
    }
}

fn is_gone(pid: u32) -> bool {
    Proc::system().stat(pid).map_or(true, |stat| stat.is_over())
}

/// Not a test: what [`SERVE`] runs. It listens on a free port and writes down which.
#[test]
#[ignore = "run by other tests, in the directory of a release"]
fn serve() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    fs::write("port", format!("{}\n", socket.local_addr().unwrap().port())).unwrap();
    std::thread::sleep(LONG * 4);
}

#[test]
fn started_once_and_stopped_whole() {
    let bench = Bench::new("sleep 1000 & sleep 1000 & echo up > up; wait");
    assert_eq!(bench.active(), Active::Stopped);
    let pid = bench.start();
    bench.wait_for("up");
    let status = bench.service.status(&soon()).unwrap();
    assert_eq!(status.active, Active::Running);
    assert_eq!(status.restarts, None);
    assert_eq!(status.invocation.as_ref().unwrap().len(), 32);
    assert_eq!(bench.start(), pid, "it runs already");
    let pids = bench.service.pids(&soon()).unwrap();
    assert_eq!(pids.len(), 3, "{pids:?}");
    assert!(bench.service.memory_bytes(&soon()).unwrap() > 0);

    let stopped = bench.stop();
    assert_eq!(stopped.pid, Some(pid));
    assert!(!stopped.killed && stopped.cut.is_empty(), "{stopped:?}");
    assert!(pids.into_iter().all(is_gone));
    assert_eq!(bench.active(), Active::Stopped);
    assert!(bench.stop().already);
}

#[test]
fn it_sees_only_the_environment_that_it_may() {
    let bench = Bench::new("env > seen; echo done > done; exec sleep 1000");
    bench.start();
    bench.wait_for("done");
    let seen = bench.wait_for("seen");
    assert!(seen.contains("PATH="), "{seen}");
    assert!(seen.contains("SLIPWAY_SERVICE="), "{seen}");
    assert!(!seen.contains("CARGO"), "{seen}");
    assert!(!seen.contains("SLIPWAY_CHILD_OF"), "{seen}");
}

#[test]
fn a_crash_is_no_stop_and_its_words_are_kept() {
    let bench = Bench::new("echo 'error: first'; exit 3");
    let before = bench.service.mark(&soon()).unwrap();
    bench.service.start(&soon()).unwrap();
    until(|| (bench.active() == Active::Failed).then_some(()));
    let errors = bench.service.log_errors(&before, &soon()).unwrap();
    assert_eq!(errors.count, 1, "{errors:?}");
    let after = bench.service.mark(&soon()).unwrap();
    assert_eq!(bench.service.log_errors(&after, &soon()).unwrap().count, 0);
    assert!(
        bench
            .service
            .log_since(&after, 10, &soon())
            .unwrap()
            .is_empty()
    );
    let tail = bench.service.log_tail(1, &soon()).unwrap();
    assert_eq!(tail, ["error: first"]);
}

#[test]
fn one_that_does_not_heed_is_killed_and_named() {
    let bench = Bench::new("trap '' TERM; echo up > up; while :; do sleep 1000; done");
    let pid = bench.start();
    bench.wait_for("up");
    let stopped = bench
        .service
        .stop(Duration::from_millis(50), &soon())
        .unwrap();
    assert!(stopped.killed);
    assert!(stopped.cut.iter().any(|cut| cut.pid == pid), "{stopped:?}");
    assert!(is_gone(pid));
}

#[test]
fn a_child_that_left_is_found_by_its_mark() {
    let child = "setsid sh -c 'echo $$ > child; exec sleep 1000' & exit 0";
    let bench = Bench::new(child);
    bench.service.start(&soon()).unwrap();
    let child: u32 = bench.wait_for("child").trim().parse().unwrap();
    until(|| (bench.active() == Active::Failed).then_some(()));
    assert_eq!(bench.service.pids(&soon()).unwrap(), [child]);
    bench.stop();
    assert!(is_gone(child));
}

#[test]
fn a_reused_number_fools_nobody() {
    let bench = Bench::new("exec sleep 1000");
    let pid = bench.start();
    let file = bench.root.join("run/shop.json");
    let text = fs::read_to_string(&file).unwrap();
    bench.stop();
    // The file comes back from before, and its number now belongs to this test.
    let own = std::process::id();
    fs::write(
        &file,
        text.replace(&format!("\"pid\": {pid}"), &format!("\"pid\": {own}")),
    )
    .unwrap();
    assert_eq!(bench.active(), Active::Failed);
    assert_eq!(bench.service.pids(&soon()).unwrap(), [0_u32; 0]);
    bench.stop();
    assert_eq!(bench.active(), Active::Stopped);
}

#[test]
fn starts_at_the_same_moment_start_one() {
    let bench = Bench::new("echo $$ >> starts; exec sleep 1000");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| bench.service.start(&soon()).unwrap());
        }
    });
    assert_eq!(bench.wait_for("starts").lines().count(), 1);
}

#[test]
fn without_a_command_or_a_release_it_says_so() {
    let bench = Bench::new("exec sleep 1000");
    fs::remove_file(bench.root.join("current")).unwrap();
    let error = bench.service.start(&soon()).unwrap_err();
    assert_eq!(error.code(), "io", "{error}");
    let setting = Setting {
        root: bench.root.clone(),
        current: bench.root.join("current"),
        start: None,
    };
    let service = Service::parse("process:shop", &setting).unwrap();
    assert_eq!(
        service.start(&soon()).unwrap_err().code(),
        "no-start-command"
    );
}

#[test]
fn a_damaged_record_is_an_error_and_no_empty_one() {
    let bench = Bench::new("exec sleep 1000");
    fs::create_dir_all(bench.root.join("run")).unwrap();
    let file = bench.root.join("run/shop.json");
    fs::write(&file, "{\"schema\": 1").unwrap();
    let error = bench.service.status(&soon()).unwrap_err();
    assert_eq!(error.code(), "damaged-file", "{error}");
    fs::remove_file(file).unwrap();
}

#[test]
fn whoever_was_not_told_to_go_on_ends() {
    let started = crate::detached::Detached::start(
        &Proc::system(),
        &["/bin/sleep", "1000"],
        |command| command,
        &soon(),
    )
    .unwrap();
    let pid = started.identity.pid;
    drop(started);
    until(|| is_gone(pid).then_some(()));
}

#[test]
fn the_dead_man_acts_unless_disarmed() {
    let bench = Bench::new("exec sleep 1000");
    let acted = bench.root.join("acted");
    let command: Vec<_> = [
        "/bin/sh",
        "-c",
        "echo yes > \"$0\"",
        acted.to_str().unwrap(),
    ]
    .map(std::ffi::OsString::from)
    .into();
    let arm = |after| {
        bench
            .service
            .arm_dead_man(after, &command, &soon())
            .unwrap()
    };
    let DeadManBy::Process(first) = arm(LONG * 10).by else {
        panic!("a process has no timer");
    };
    let stat = Proc::system().stat(first).unwrap();
    assert_eq!(
        stat.session, first,
        "its own session: no group's death is its own"
    );
    let DeadManBy::Process(second) = arm(LONG * 10).by else {
        panic!("a process has no timer");
    };
    until(|| is_gone(first).then_some(()));
    assert!(!is_gone(second), "the later one counts");
    assert_eq!(
        bench.service.disarm_dead_man(&soon()).unwrap(),
        Disarmed::Now
    );
    until(|| is_gone(second).then_some(()));
    assert_eq!(
        bench.service.disarm_dead_man(&soon()).unwrap(),
        Disarmed::NotArmed
    );
    assert!(!acted.exists());

    arm(Duration::from_millis(1));
    until(|| acted.exists().then_some(()));
}

#[test]
fn the_new_process_is_told_from_the_old_one() {
    let bench = Bench::new(SERVE);
    bench.start();
    let port = bench.wait_for("port").trim().parse().unwrap();
    let before = bench.service.before(&soon()).unwrap();
    let prove = |before: Option<&Before>, release: &str, port| {
        let expectation = Expectation {
            before: before.cloned(),
            release_dir: Some(bench.release(release)),
            port,
        };
        bench.service.proof(&expectation, &soon()).unwrap()
    };
    let proof = prove(None, "one", Some(port));
    assert_eq!(proof.verdict, Verdict::Proven, "{proof:?}");
    let proof = prove(None, "two", Some(port));
    assert_eq!(
        proof.verdict,
        Verdict::Disproven,
        "another release: {proof:?}"
    );
    let proof = prove(None, "two", None);
    assert_eq!(
        proof.verdict,
        Verdict::Disproven,
        "another release: {proof:?}"
    );
    let proof = prove(Some(&before), "one", Some(port));
    assert_eq!(proof.verdict, Verdict::Disproven, "the same run: {proof:?}");

    bench.stop();
    let proof = prove(None, "one", Some(port));
    assert_eq!(proof.verdict, Verdict::Disproven, "not running: {proof:?}");
    fs::remove_file(bench.release("one").join("port")).unwrap();
    bench.start();
    let port = bench.wait_for("port").trim().parse().unwrap();
    let proof = prove(Some(&before), "one", Some(port));
    assert_eq!(proof.verdict, Verdict::Proven, "{proof:?}");

    let foreign = TcpListener::bind("127.0.0.1:0").unwrap();
    let proof = prove(None, "one", Some(foreign.local_addr().unwrap().port()));
    assert_eq!(proof.verdict, Verdict::Disproven, "{proof:?}");
    let named = format!("process {}", std::process::id());
    assert!(proof.reasons[0].contains(&named), "{proof:?}");
    drop(foreign);
}

#[test]
fn a_wrapper_runs_out_of_its_childs_release() {
    let bench =
        Bench::new("cd /; sh -c 'cd \"$0\" && echo up > up && exec sleep 1000' \"$OLDPWD\"; :");
    bench.start();
    bench.wait_for("up");
    let expectation = Expectation {
        before: None,
        release_dir: Some(bench.release("one")),
        port: None,
    };
    let proof = until(|| {
        let proof = bench.service.proof(&expectation, &soon()).unwrap();
        (proof.verdict == Verdict::Proven).then_some(proof)
    });
    assert!(!proof.reasons.is_empty());
}
