//! Command lines, environments, children and their children, and control groups.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use host::Proc;
use support::{Kept, Scratch, start, until};

#[test]
fn a_command_line_and_an_environment() {
    let system = Proc::system();
    let mut command = Command::new("sleep");
    command.arg("600").env("SLIPWAY_TEST_MARK", "x=y");
    let child = start(&mut command);
    assert_eq!(system.cmdline(child.pid()), "sleep 600");
    assert!(
        system
            .environ_has(child.pid(), "SLIPWAY_TEST_MARK", "x=y")
            .unwrap()
    );
    assert!(
        !system
            .environ_has(child.pid(), "SLIPWAY_TEST_MARK", "x")
            .unwrap()
    );
    assert_eq!(
        system.cwd(child.pid()).unwrap(),
        std::env::current_dir().unwrap()
    );
    assert!(system.exe(child.pid()).unwrap().is_absolute());
}

#[test]
fn a_process_that_is_gone_still_has_a_name_to_print() {
    assert_eq!(Proc::system().cmdline(u32::MAX), "[gone]");
    let mut child = start(Command::new("sleep").arg("600"));
    child.0.kill().unwrap();
    until(child.pid(), host::Stat::is_over);
    assert_eq!(Proc::system().cmdline(child.pid()), "[sleep]");
}

#[test]
fn children_their_children_and_the_session() {
    let system = Proc::system();
    // Two below one another and one that has been given away to another parent, all in a session of their own.
    let script = "sh -c 'sleep 600 & echo $$ $!; wait' & (sleep 600 & echo given $!) ; wait";
    let mut command = Command::new("setsid");
    command
        .args(["sh", "-c", script])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut child = Kept(command.spawn().unwrap());
    let lines: Vec<String> = BufReader::new(child.0.stdout.take().unwrap())
        .lines()
        .take(2)
        .map(Result::unwrap)
        .collect();
    let (given, chain): (Vec<&String>, Vec<&String>) =
        lines.iter().partition(|line| line.starts_with("given"));
    let numbers = |line: &str| {
        line.split(' ')
            .filter_map(|word| word.parse().ok())
            .collect::<Vec<u32>>()
    };
    let chain = numbers(chain[0]);
    let given = numbers(given[0])[0];

    // The one that stood between ends, and is taken note of, in its own time.
    support::eventually(|| system.children(child.pid()).unwrap() == [chain[0]]);
    assert_eq!(system.descendants(child.pid()).unwrap(), chain);
    let mut session = system.session_members(child.pid()).unwrap();
    session.sort_unstable();
    let mut wanted = vec![child.pid(), chain[0], chain[1], given];
    wanted.sort_unstable();
    assert_eq!(session, wanted);
    for pid in [chain[0], chain[1], given] {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    }
}

#[test]
fn time_is_spent_by_whoever_spends_it() {
    let system = Proc::system();
    let busy = start(Command::new("sh").args(["-c", "while :; do :; done"]));
    until(busy.pid(), |stat| stat.cpu_time > Duration::from_millis(30));
    let idle = support::sleeper();
    assert!(system.cpu_time(idle.pid()).unwrap() < Duration::from_millis(30));
}

#[test]
fn the_members_of_a_unit_in_a_tree_of_both_versions() {
    let tree = Scratch::new();
    let (first, second) = (
        tree.directory("cgroup/systemd"),
        tree.directory("cgroup/unified"),
    );
    let info = format!(
        "40 31 0:37 / {} rw,relatime - cgroup cgroup rw,xattr,name=systemd\n\
         41 31 0:38 /box {} rw,relatime - cgroup2 cgroup2 rw\n\
         42 31 0:39 / {} rw,relatime - cgroup cgroup rw,memory\n",
        first.display(),
        second.display(),
        tree.directory("cgroup/memory").display(),
    );
    tree.file("self/mountinfo", &info);
    tree.file(
        "cgroup/systemd/system.slice/app.service/cgroup.procs",
        "12\n11\n",
    );
    tree.file(
        "cgroup/systemd/system.slice/app.service/inner/deeper/cgroup.procs",
        "13\n",
    );
    tree.file(
        "cgroup/systemd/system.slice/app.service/inner/cgroup.procs",
        "",
    );
    // The second hierarchy is seen from inside a box, whose part of the path is not in the mount.
    tree.file(
        "cgroup/unified/system.slice/app.service/cgroup.procs",
        "11\n14\n",
    );
    tree.file(
        "cgroup/memory/system.slice/app.service/cgroup.procs",
        "99\n",
    );
    let proc = Proc::at(tree.path());
    let members = |path: &str| proc.cgroup_members(Path::new(path));
    assert_eq!(
        members("/system.slice/app.service").unwrap(),
        [11, 12, 13, 14]
    );
    assert_eq!(members("/box/system.slice/app.service").unwrap(), [11, 14]);
    assert!(members("/system.slice/stopped.service").unwrap().is_empty());
    for everything in ["/", "", "/system.slice/.."] {
        assert!(members(everything).is_err(), "{everything:?}");
    }
    tree.file(
        "self/mountinfo",
        "42 31 0:39 / /x rw,relatime - cgroup cgroup rw,memory\n",
    );
    assert!(
        members("/system.slice/app.service").is_err(),
        "an empty list would be no proof"
    );
}

#[test]
fn this_very_process_stands_somewhere() {
    let groups = Proc::system().cgroups_of(std::process::id()).unwrap();
    assert!(
        groups.iter().all(|group| group.path.is_absolute()),
        "{groups:?}"
    );
}
