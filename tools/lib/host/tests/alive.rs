//! Dead is only what is proven dead.
#![allow(clippy::unwrap_used)]

mod support;

use host::{Alive, Identity, Proc};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use support::{Scratch, sleeper, until};

fn signal(pid: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(pid).unwrap()), signal).unwrap();
}

fn is_dead(proc: &Proc, identity: &Identity) -> bool {
    matches!(proc.alive(identity), Alive::No(_))
}

#[test]
fn a_process_through_its_life() {
    let system = Proc::system();
    let mut child = sleeper();
    let identity = system.identity_of(child.pid()).unwrap();
    assert_eq!(system.alive(&identity), Alive::Yes);

    signal(child.pid(), Signal::SIGSTOP);
    until(child.pid(), host::Stat::is_stopped);
    assert_eq!(system.alive(&identity), Alive::Stopped);
    signal(child.pid(), Signal::SIGCONT);

    signal(child.pid(), Signal::SIGKILL);
    until(child.pid(), host::Stat::is_over);
    assert!(is_dead(&system, &identity), "a zombie is dead");
    child.0.wait().unwrap();
    assert!(is_dead(&system, &identity), "and so is what is gone");
    assert!(system.identity_of(child.pid()).is_err());
}

#[test]
fn a_reused_number_fools_nobody() {
    let system = Proc::system();
    let mut identity = system.identity_of(std::process::id()).unwrap();
    assert_eq!(system.alive(&identity), Alive::Yes);
    identity.start_time -= 1;
    let Alive::No(why) = system.alive(&identity) else {
        panic!("another process has that number");
    };
    assert!(why.contains("another one"), "{why}");
}

#[test]
fn another_boot_is_a_proof_and_another_host_is_not() {
    let system = Proc::system();
    let mut identity = system.identity_of(std::process::id()).unwrap();
    identity.boot_id = "00000000-0000-0000-0000-000000000000".to_owned();
    assert!(is_dead(&system, &identity));
    identity.host = "some-other-host".to_owned();
    assert!(matches!(system.alive(&identity), Alive::Doubtful(_)));
}

#[test]
fn another_namespace_is_doubt_even_where_the_number_is_free() {
    let system = Proc::system();
    let mut child = sleeper();
    let mut identity = system.identity_of(child.pid()).unwrap();
    child.end();
    identity.pid_namespace += 1;
    assert!(matches!(system.alive(&identity), Alive::Doubtful(_)));
}

#[test]
fn numbers_that_would_mean_a_whole_group() {
    let system = Proc::system();
    for pid in [0, u32::MAX, i32::MAX.unsigned_abs() + 1] {
        let identity = Identity {
            pid,
            ..system.identity_of(std::process::id()).unwrap()
        };
        assert!(is_dead(&system, &identity), "{pid}");
    }
}

#[test]
fn what_is_there_and_cannot_be_read_is_doubt() {
    let tree = Scratch::new();
    let proc = tree.as_proc();
    tree.directory("77");
    let identity = Identity {
        pid: 77,
        ..Proc::system().identity_of(std::process::id()).unwrap()
    };
    assert!(matches!(proc.alive(&identity), Alive::Doubtful(_)));
    tree.file("77/stat", "77 (cut");
    assert!(matches!(proc.alive(&identity), Alive::Doubtful(_)));
    let gone = Identity {
        pid: 78,
        ..identity
    };
    assert!(is_dead(&proc, &gone));
}

#[test]
fn without_a_proc_nothing_is_proven() {
    let tree = Scratch::new();
    let identity = Proc::system().identity_of(std::process::id()).unwrap();
    assert!(matches!(
        Proc::at(tree.path()).alive(&identity),
        Alive::Doubtful(_)
    ));
}

#[test]
fn it_is_written_in_camel_case_and_read_back() {
    let identity = Proc::system().identity_of(std::process::id()).unwrap();
    let text = serde_json::to_string(&identity).unwrap();
    for key in [
        "\"host\":",
        "\"bootId\":",
        "\"pid\":",
        "\"startTime\":",
        "\"pidNamespace\":",
    ] {
        assert!(text.contains(key), "{text}");
    }
    assert_eq!(serde_json::from_str::<Identity>(&text).unwrap(), identity);
}
