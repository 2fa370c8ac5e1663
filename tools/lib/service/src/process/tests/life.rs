//! Started, stopped, lost and found again.

use super::*;
use crate::{DeadManBy, Disarmed, StartAgain};

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
    assert!(bench.service.usage(&status, &soon()).unwrap().memory_bytes > 0);

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
    let own = std::process::id();
    let began = |pid| Proc::system().stat(pid).unwrap().start_time;
    // Two that start within one tick of the kernel's clock cannot be told apart by it.
    let pid = until(|| {
        let pid = bench.start();
        let told_apart = began(pid) != began(own);
        if !told_apart {
            bench.stop();
        }
        told_apart.then_some(pid)
    });
    let file = bench.root.join("run/shop.json");
    let text = fs::read_to_string(&file).unwrap();
    bench.stop();
    // The file comes back from before, and its number now belongs to this test.
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
    let command = [
        "/bin/sh",
        "-c",
        "echo yes > \"$0\"",
        acted.to_str().unwrap(),
    ]
    .map(std::ffi::OsString::from)
    .into();
    let again = StartAgain {
        command,
        does_more: false,
    };
    let arm = |after| bench.service.arm_dead_man(after, &again, &soon()).unwrap();
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
fn a_restart_is_another_run() {
    let bench = Bench::new("exec sleep 1000");
    let first = bench.start();
    bench.service.restart(LONG, &soon()).unwrap();
    let second = bench.service.status(&soon()).unwrap().main_pid.unwrap();
    assert!(is_gone(first) && !is_gone(second));
}

#[test]
fn a_root_that_is_misspelt_does_not_come_into_being() {
    let bench = Bench::new("exec sleep 1000");
    let root = bench.root.join("misspelt");
    let service = Bench::service(&root, "exec sleep 1000");
    assert_eq!(service.start(&soon()).unwrap_err().code(), "io");
    assert!(service.stop(LONG, &soon()).unwrap().already);
    assert!(!root.exists());
}

#[test]
fn a_service_may_deploy_itself() {
    let deploy = SERVE.replace("service-serve", "service-deploys-itself");
    // Once as a plain child, in a pipe, and once in a session of its own.
    for how in ["sh -c", "setsid sh -c"] {
        let bench = Bench::new(&format!("{how} '{deploy} | cat' & exec sleep 1000"));
        bench.start();
        assert_eq!(bench.wait_for("stopped"), "Now\n", "{how}");
        assert_eq!(bench.active(), Active::Stopped);
    }
}
