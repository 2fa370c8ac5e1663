//! A remote, an author's clone of it, and the working tree that the fixture's service runs out of.

use serde_json::Value;
use slipway_tests::{Ended, Fixture, binary};
use std::fs;
use std::path::PathBuf;

/// The tree's own files, ignored by git, that no deploy may touch.
const USERS: [(&str, &str); 2] = [(".env", "SECRET=kept"), ("uploads/cat.jpg", "meow")];

/// All three of them.
pub(crate) struct Checkout<'a> {
    pub(crate) fixture: &'a Fixture,
    pub(crate) tree: PathBuf,
}

impl<'a> Checkout<'a> {
    /// The service runs out of the tree at version 0, which no tool has put there; a build copies the program and
    /// writes down which version it has built.
    pub(crate) fn new(fixture: &'a Fixture) -> Self {
        let tree = fixture.directory.join("tree");
        let checkout = Self { fixture, tree };
        checkout.git(
            "",
            &[
                "init",
                "--quiet",
                "--bare",
                "--initial-branch=main",
                "remote.git",
            ],
        );
        checkout.git("", &["init", "--quiet", "--initial-branch=main", "author"]);
        checkout.git("author", &["remote", "add", "origin", "../remote.git"]);
        checkout.write(
            "author/.gitignore",
            "/demo-service\n/dist/\n/.env\n/uploads/\n",
        );
        if fixture.supervisor.is_pm2() {
            let program = concat!(env!("CARGO_MANIFEST_DIR"), "/demo-node/server.js");
            checkout.write("author/server.js", &fs::read_to_string(program).unwrap());
        }
        checkout.commit("0", "healthy");
        checkout.git("", &["clone", "--quiet", "remote.git", "tree"]);
        for (path, content) in USERS {
            checkout.write(&format!("tree/{path}"), content);
        }
        let program = binary("demo-service");
        fs::copy(&program, checkout.tree.join("demo-service")).unwrap();
        checkout.write("tree/dist/built", "0\n");
        let build = format!(
            "cp {} demo-service && mkdir -p dist && cat VERSION >dist/built && test ! -e BROKEN",
            program.display()
        );
        fixture.configure("RELEASE_STAGE_IN_PLACE", checkout.tree.to_str().unwrap());
        fixture.configure("RELEASE_STAGE_BUILD", &build);
        fixture.configure("PREFLIGHT_BRANCH", "main");
        fixture.configure("PREFLIGHT_SKIP", "disk");
        fixture.configure("SERVICE_STOP_TIMEOUT", "5s");
        fixture.configure("SERVICE_START_TIMEOUT", "20s");
        fixture.configure("HEALTHWAIT_TIMEOUT", "5s");
        if fixture.supervisor.is_systemd() {
            let tree = checkout.tree.to_str().unwrap().to_owned();
            let start = format!("{tree}/demo-service --port {}", fixture.port.number);
            fixture.change_unit(|unit| {
                unit.with("Service", "WorkingDirectory", &tree)
                    .with("Service", "ExecStart", &start)
            });
        }
        fixture.give();
        if fixture.supervisor.is_systemd() {
            // Only a supervisor of its own can have started it before the first deploy.
            fixture.start();
            fixture.until_version("0");
        }
        checkout
    }

    /// The same with version 1 deployed.
    pub(crate) fn deployed(fixture: &'a Fixture) -> Self {
        let checkout = Self::new(fixture);
        checkout.commit("1", "healthy");
        checkout.deploys("1");
        checkout
    }

    /// git in a directory of the fixture, as the service's user; what it says.
    pub(crate) fn git(&self, directory: &str, arguments: &[&str]) -> String {
        let git = "exec git -c user.name=A -c user.email=a@example.org \"$@\"";
        let ended = self
            .fixture
            .shell(git)
            .arg("sh")
            .args(arguments)
            .in_directory(&self.fixture.directory.join(directory))
            .no_report()
            .stderr_any()
            .run(0);
        ended.stdout.trim().to_owned()
    }

    /// Writes a file beneath the fixture's directory.
    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.fixture.directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self.fixture.give();
    }

    /// The remote's newest commit is this version now, with a file of its own and that of the version before gone.
    pub(crate) fn commit(&self, version: &str, behaviour: &str) -> String {
        self.write("author/VERSION", &format!("{version}\n"));
        self.write("author/behaviour", &format!("{behaviour}\n"));
        let own = self.fixture.directory.join("author/own");
        let _ = fs::remove_dir_all(&own);
        self.write(&format!("author/own/{version}/file"), version);
        self.push()
    }

    /// Commits and pushes what the author has.
    pub(crate) fn push(&self) -> String {
        self.git("author", &["add", "--all"]);
        self.git("author", &["commit", "--quiet", "-m", "more"]);
        self.git("author", &["push", "--quiet", "origin", "HEAD:main"]);
        self.git("author", &["rev-parse", "HEAD"])
    }

    /// The runbook, to its end.
    pub(crate) fn deploy(&self, exit: i32) -> Ended {
        self.fixture.runbook("deploy-in-place").run(exit)
    }

    /// The runbook puts this version, the remote's newest, live.
    pub(crate) fn deploys(&self, version: &str) {
        let ended = self.deploy(0);
        assert_eq!(ended.text("/outcome"), "succeeded", "{}", ended.report);
        self.holds(version);
        assert_eq!(self.state()["status"], "idle");
    }

    pub(crate) fn head(&self) -> String {
        self.git("tree", &["rev-parse", "HEAD"])
    }

    pub(crate) fn state(&self) -> Value {
        let shown = self
            .fixture
            .tool("deploy-state")
            .arg("show")
            .stderr_any()
            .run(0);
        shown.at("/state").clone()
    }

    /// This version is served, and the tree is exactly its commit on its branch, clean, with what its build has made, and
    /// with the user's own files.
    pub(crate) fn holds(&self, version: &str) {
        self.fixture.until_version(version);
        self.is_at(version);
    }

    /// The same of the tree alone.
    pub(crate) fn is_at(&self, version: &str) {
        assert_eq!(self.git("tree", &["status", "--porcelain"]), "");
        assert_eq!(self.git("tree", &["diff", "HEAD", "--stat"]), "");
        assert_eq!(
            self.git("tree", &["symbolic-ref", "--short", "HEAD"]),
            "main"
        );
        let read = |path: &str| fs::read_to_string(self.tree.join(path)).unwrap_or_default();
        assert_eq!(read("VERSION").trim(), version);
        assert_eq!(
            read("dist/built").trim(),
            version,
            "the build's output is that of the commit"
        );
        let own: Vec<String> = fs::read_dir(self.tree.join("own"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(own, [version]);
        assert!(self.tree.join("demo-service").is_file());
        for (path, content) in USERS {
            assert_eq!(read(path), content);
        }
        assert!(!self.tree.join(".git/index.lock").exists());
        assert!(!self.tree.join(".git/slipway/mirroring.json").exists());
        let live = self.fixture.selected().unwrap();
        let kept = self.git("tree", &["rev-parse", &format!("refs/slipway/{live}")]);
        assert_eq!(kept, self.head(), "what is live is what is checked out");
    }
}
