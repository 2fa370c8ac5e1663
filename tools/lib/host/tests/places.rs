//! Does it run out of this release, and who has that one open?
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use host::{Proc, Tri};
use support::{Kept, Scratch, start};

/// Releases 1, 2 and 20 and a link `current` to 1; each release has a program that sleeps.
struct Releases(Scratch);

impl Releases {
    fn new() -> Self {
        let tree = Scratch::new();
        for name in ["1", "2", "20"] {
            let bin = tree.directory(&format!("releases/{name}/bin"));
            fs::copy(sleep_program(), bin.join("server")).unwrap();
            tree.file(&format!("releases/{name}/data.txt"), "data");
        }
        tree.link("current", "releases/1");
        Self(tree)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join("releases").join(name)
    }

    fn current(&self) -> PathBuf {
        self.0.path().join("current")
    }

    fn switch(&self, name: &str) {
        fs::remove_file(self.current()).unwrap();
        self.0.link("current", format!("releases/{name}"));
    }
}

fn sleep_program() -> PathBuf {
    ["/bin/sleep", "/usr/bin/sleep"]
        .iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
        .unwrap()
}

/// Runs a copy of `sleep`, under whatever name it was copied to.
fn run(program: &Path, directory: &Path) -> Kept {
    // A name of its own in the first argument: where the program is one of many in one file, it goes by that.
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(program);
    start(command.arg0("sleep").arg("600").current_dir(directory))
}

fn runs(pid: u32, directory: &Path) -> &'static str {
    match Proc::system().runs_from(pid, directory) {
        Tri::Yes(_) => "yes",
        Tri::No(_) => "no",
        Tri::Unknown(_) => "unknown",
    }
}

#[test]
fn by_its_program() {
    let releases = Releases::new();
    let child = run(&releases.at("2").join("bin/server"), Path::new("/"));
    assert_eq!(runs(child.pid(), &releases.at("2")), "yes");
    assert_eq!(runs(child.pid(), &releases.at("1")), "no");
    assert_eq!(
        runs(child.pid(), &releases.at("20")),
        "no",
        "a name that begins alike is another"
    );
    assert_eq!(
        runs(child.pid(), &releases.at("3")),
        "unknown",
        "there is no such release"
    );
}

#[test]
fn by_its_working_directory_whatever_current_means_by_now() {
    let releases = Releases::new();
    let child = run(&sleep_program(), &releases.current());
    assert_eq!(runs(child.pid(), &releases.current()), "yes");
    releases.switch("2");
    assert_eq!(runs(child.pid(), &releases.at("1")), "yes");
    assert_eq!(
        runs(child.pid(), &releases.current()),
        "no",
        "the old process is not the new release"
    );
}

#[test]
fn by_an_argument_that_is_no_link() {
    let releases = Releases::new();
    // It waits without a child of its own, which would outlive it.
    let script = "kill -STOP $$; exit";
    let with = |argument: String| {
        start(
            Command::new("sh")
                .args(["-c", script, "sh"])
                .arg(argument)
                .current_dir("/"),
        )
    };
    let plain = with(releases.at("2").join("server.js").display().to_string());
    assert_eq!(runs(plain.pid(), &releases.at("2")), "yes");
    assert_eq!(runs(plain.pid(), &releases.at("1")), "no");
    let option = with(format!(
        "--config={}",
        releases.at("2").join("x.conf").display()
    ));
    assert_eq!(runs(option.pid(), &releases.at("2")), "yes");
    let link = with(releases.current().join("server.js").display().to_string());
    assert_eq!(
        runs(link.pid(), &releases.at("1")),
        "unknown",
        "current may have meant another one"
    );
    let nothing = with("x".to_owned());
    assert_eq!(runs(nothing.pid(), &releases.at("1")), "unknown");
}

#[test]
fn a_program_that_was_replaced_or_deleted_is_not_the_release() {
    let releases = Releases::new();
    let program = releases.at("2").join("bin/server");
    let child = run(&program, Path::new("/"));
    let fresh = releases.at("2").join("bin/fresh");
    fs::copy(sleep_program(), &fresh).unwrap();
    fs::rename(&fresh, &program).unwrap();
    assert_eq!(
        runs(child.pid(), &releases.at("2")),
        "no",
        "built again in place: the old build still runs"
    );
    fs::remove_file(&program).unwrap();
    assert_eq!(runs(child.pid(), &releases.at("2")), "no");
}

#[test]
fn a_release_that_was_made_anew_under_the_same_name() {
    let releases = Releases::new();
    let child = run(&sleep_program(), &releases.at("2"));
    fs::rename(releases.at("2"), releases.0.path().join("away")).unwrap();
    fs::create_dir(releases.at("2")).unwrap();
    assert_ne!(runs(child.pid(), &releases.at("2")), "yes");
}

#[test]
fn what_contradicts_itself_is_unknown_and_what_is_gone_is_too() {
    let releases = Releases::new();
    let mut child = run(&releases.at("1").join("bin/server"), &releases.at("2"));
    assert_eq!(runs(child.pid(), &releases.at("2")), "unknown");
    child.end();
    assert_eq!(runs(child.pid(), &releases.at("2")), "unknown");
}

#[test]
fn who_has_what_open() {
    let releases = Releases::new();
    let directories = [releases.at("1"), releases.at("2"), releases.at("20")];
    let works = run(&sleep_program(), &releases.at("1"));
    let runs = run(&releases.at("20").join("bin/server"), Path::new("/"));
    let reads = start(
        Command::new("sh")
            .args(["-c", "exec 9<\"$0\"; exec sleep 600"])
            .arg(releases.at("1").join("data.txt"))
            .current_dir("/"),
    );
    // The shell opens the file before it becomes what it then is.
    support::until(reads.pid(), |stat| stat.name == "sleep");
    let in_use = Proc::system().open_in(&directories).unwrap();
    let pids = |index: usize| in_use.of(index).map(|one| one.pid).collect::<Vec<_>>();
    let mut first = vec![works.pid(), reads.pid()];
    first.sort_unstable();
    assert_eq!(pids(0), first);
    assert!(pids(1).is_empty(), "{in_use:?}");
    assert_eq!(pids(2), [runs.pid()]);
    let how = &in_use.of(0).find(|one| one.pid == reads.pid()).unwrap().how;
    assert!(
        how.starts_with("open file ") && how.ends_with("/data.txt"),
        "{how}"
    );
    assert!(Proc::system().open_in(&[releases.at("3")]).is_err());
}

#[test]
fn a_container_that_has_it_mounted() {
    let releases = Releases::new();
    let tree = Scratch::new();
    let info = "27 1 8:1 / / rw - ext4 /dev/sda1 rw\n";
    tree.file("self/mountinfo", info);
    tree.file(
        "50/mountinfo",
        &format!(
            "{info}60 27 8:1 {} /app rw - ext4 /dev/sda1 rw\n",
            releases.at("2").display()
        ),
    );
    tree.link("50/ns/mnt", "mnt:[4026531841]");
    // Another of the same container is not looked at twice; its own file is not even there.
    tree.link("51/ns/mnt", "mnt:[4026531841]");
    for pid in ["50", "51"] {
        tree.link(&format!("{pid}/cwd"), "/app");
        tree.link(&format!("{pid}/root"), "/");
        tree.link(&format!("{pid}/exe"), "/usr/bin/python3");
        tree.file(&format!("{pid}/maps"), "");
        tree.directory(&format!("{pid}/fd"));
    }
    let in_use = Proc::at(tree.path())
        .open_in(&[releases.at("1"), releases.at("2")])
        .unwrap();
    assert!(in_use.complete(), "{in_use:?}");
    assert_eq!(in_use.uses.len(), 1, "{in_use:?}");
    assert_eq!((in_use.uses[0].directory, in_use.uses[0].pid), (1, 50));
    assert_eq!(in_use.uses[0].how, "mounted at /app");
}
