//! A deploy user who is not root: with a systemd of the user's own, or with a rule of sudo's or polkit's for one unit of
//! the system's; and what such a user cannot prove.
#![allow(clippy::unwrap_used)]

mod deploys;

use deploys::{events, last, named, prepared, serves, verdict};
use serde_json::Value;
use slipway_tests::{Ended, Fixture, Supervisor, Tool, User, left_out, until};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A unit of the system's, and a user who may deploy what it runs as far as a rule allows.
struct Place {
    fixture: Fixture,
    user: User,
    rule: Option<PathBuf>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(rule) = &self.rule {
            let _ = fs::remove_file(rule);
        }
    }
}

/// Whom the service's processes belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RunsAs {
    DeployUser,
    Root,
}

impl Place {
    fn new(runs_as: RunsAs) -> Option<Self> {
        let fixture = Fixture::on(Supervisor::Systemd)?;
        let user = User::deploy().unwrap();
        prepared(&fixture);
        if runs_as == RunsAs::DeployUser {
            let name = name(&user);
            fixture.change_unit(|unit| unit.with("Service", "User", &name));
        }
        let place = Self {
            fixture,
            user,
            rule: None,
        };
        place.own();
        Some(place)
    }

    /// All of the application belongs to the deploy user.
    fn own(&self) {
        self.user.own(&self.fixture.directory);
    }

    fn unit(&self) -> String {
        format!("{}.service", self.fixture.name)
    }

    fn release(&self, version: u32, behaviour: &str) {
        self.fixture
            .release(&named(version), &version.to_string(), behaviour);
        self.own();
    }

    fn by_user(&self, tool: Tool) -> Tool {
        tool.as_user(Some(&self.user)).stderr_any()
    }

    fn deploy(&self, exit: i32) -> Ended {
        self.by_user(self.fixture.deploy()).run(exit)
    }

    /// A rule of sudo's, by the hint of a refusal, with a file of its own.
    fn allow_by_sudo(&mut self) {
        let refused = self.by_user(self.fixture.tool("service-stop")).run(3);
        assert_eq!(refused.error_code(), "no-permission");
        let hint = refused.text("/error/hint");
        // sudo reads no file with a dot in its name.
        let path = PathBuf::from("/etc/sudoers.d").join(&self.fixture.name);
        let own = hint.replace("/etc/sudoers.d/slipway", path.to_str().unwrap());
        assert_ne!(own, hint);
        self.rule = Some(path);
        let pasted = Command::new("sh").args(["-c", &own]).output().unwrap();
        assert!(pasted.status.success(), "{own}: {pasted:?}");
        until("sudo lets the user", || {
            self.lets(&["sudo", "-n", "/usr/bin/systemctl"])
        });
    }

    /// A rule of polkit's, as the README has it. Whether polkit is there to read it.
    fn allow_by_polkit(&mut self) -> bool {
        let running = self.fixture.systemctl(["start", "polkit.service"]);
        if !running.status.success() {
            left_out(&format!("polkit does not run: {running:?}"));
            return false;
        }
        let path =
            PathBuf::from("/etc/polkit-1/rules.d").join(format!("{}.rules", self.fixture.name));
        let rule = format!(
            "polkit.addRule(function (action, subject) {{
                if (action.id == \"org.freedesktop.systemd1.manage-units\" &&
                    action.lookup(\"unit\") == \"{}\" && subject.user == \"{}\") {{
                    return polkit.Result.YES;
                }}
            }});\n",
            self.unit(),
            name(&self.user)
        );
        fs::write(&path, rule).unwrap();
        // polkitd is a user of its own.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        self.rule = Some(path);
        until("polkit lets the user", || {
            self.lets(&["systemctl", "--no-ask-password"])
        });
        true
    }

    /// Whether these words let the user give an order about the unit; one that changes nothing.
    fn lets(&self, words: &[&str]) -> bool {
        let mut command: Command = self.user.command(words[0].as_ref());
        command
            .args(&words[1..])
            .args(["reset-failed", &self.unit()]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.status().unwrap().success()
    }
}

fn name(user: &User) -> String {
    let found = nix::unistd::User::from_uid(user.uid.into()).unwrap();
    found.unwrap().name
}

/// The proof that the last start of a deploy rests on.
fn proof(fixture: &Fixture) -> Value {
    let steps = events(fixture, "step");
    let started = steps
        .iter()
        .rfind(|step| step["report"]["tool"] == "service-start");
    started.unwrap()["report"]["proof"].clone()
}

/// A whole deploy, and one that is rejected, by the user. Nothing has to be accepted.
fn deploys_and_is_rejected(place: &Place) {
    for version in [1, 2] {
        place.release(version, "healthy");
        let deployed = place.deploy(0);
        assert_eq!(deployed.text("/outcome"), "succeeded");
        serves(&place.fixture, version);
        assert_eq!(proof(&place.fixture)["verdict"], "proven");
    }
    place.release(3, "health-status=500");
    is_rejected(place, 3);
    place.release(4, "crash");
    is_rejected(place, 4);
    let state = fs::metadata(place.fixture.root.join("deploy-state.json")).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&state), place.user.uid);
}

/// The deploy of this version is rejected, and version 2 serves.
fn is_rejected(place: &Place, version: u32) {
    let rejected = place.deploy(1);
    assert_eq!(rejected.text("/outcome"), "rolled-back");
    serves(&place.fixture, 2);
    assert_eq!(verdict(&place.fixture, version), "bad");
    assert_eq!(
        last(&place.fixture)["by"]
            .as_str()
            .unwrap()
            .split('@')
            .next(),
        Some(&*name(&place.user))
    );
}

#[test]
fn a_user_with_a_rule_of_sudo_deploys_a_unit_of_the_system() {
    let Some(mut place) = Place::new(RunsAs::DeployUser) else {
        return;
    };
    a_release_runs(&place);
    place.allow_by_sudo();
    deploys_and_is_rejected(&place);
}

#[test]
fn a_user_with_a_rule_of_polkit_deploys_a_unit_of_the_system() {
    let Some(mut place) = Place::new(RunsAs::DeployUser) else {
        return;
    };
    a_release_runs(&place);
    if place.allow_by_polkit() {
        deploys_and_is_rejected(&place);
    }
}

#[test]
fn a_user_with_a_systemd_of_ones_own_needs_nobody() {
    let Some(fixture) = Fixture::on(Supervisor::SystemdUser) else {
        return;
    };
    prepared(&fixture);
    let place = Place {
        fixture,
        user: User::deploy().unwrap(),
        rule: None,
    };
    assert_ne!(place.user.uid, 0);
    deploys_and_is_rejected(&place);
}

/// Version 0 runs, started by root, with nobody's deploy.
fn a_release_runs(place: &Place) {
    place.release(0, "healthy");
    place.fixture.select(&named(0));
    place.own();
    place.fixture.start();
    place.fixture.until_version("0");
}

#[test]
fn a_user_whom_nobody_lets_changes_nothing() {
    let Some(place) = Place::new(RunsAs::DeployUser) else {
        return;
    };
    a_release_runs(&place);
    let pid = deploys::main_pid(&place.fixture);
    let refused = place.by_user(place.fixture.tool("service-stop")).run(3);
    assert_eq!(refused.error_code(), "no-permission");
    let hint = refused.text("/error/hint");
    assert!(
        hint.contains("NOPASSWD: /usr/bin/systemctl start --no-block"),
        "{hint}"
    );
    assert_eq!(deploys::main_pid(&place.fixture), pid);
    place.fixture.until_version("0");
}

/// A service that belongs to somebody else: which process holds its port, and out of what it runs, is closed to the user.
#[test]
fn what_cannot_be_proven_without_root_is_a_failure_of_its_own_and_may_be_accepted() {
    let Some(mut place) = Place::new(RunsAs::Root) else {
        return;
    };
    a_release_runs(&place);
    place.allow_by_sudo();
    let pipe = "service-stop | release-swap --newest - | service-start";

    place.release(1, "healthy");
    let refused = place
        .by_user(place.fixture.shell(&format!("{pipe} -")))
        .run(1);
    assert_eq!(refused.text("/tool"), "service-start");
    assert_eq!(refused.error_code(), "proof-unprovable");
    assert_eq!(refused.text("/proof/verdict"), "unprovable");
    assert!(
        refused
            .text("/error/message")
            .contains("DEPLOY_ACCEPT_UNPROVABLE")
    );
    // It runs, but nobody says so.
    place.fixture.until_version("1");

    place.release(2, "healthy");
    let accepted = format!("{pipe} --accept-unprovable - | healthwait --accept-unprovable -");
    let accepted = place.by_user(place.fixture.shell(&accepted)).run(0);
    assert_eq!(accepted.text("/proof"), "unprovable");
    assert_eq!(accepted.text("/upstream/proof/verdict"), "unprovable");
    place.fixture.until_version("2");

    // A whole deploy that does not accept it is refused before anything is touched.
    let pid = deploys::main_pid(&place.fixture);
    place
        .by_user(place.fixture.tool("deploy-state"))
        .args(["mark", &named(2), "good"])
        .run(0);
    place.release(3, "healthy");
    let refused = place.deploy(1);
    assert_eq!(refused.text("/outcome"), "aborted");
    assert_eq!(deploys::main_pid(&place.fixture), pid);
    serves(&place.fixture, 2);

    // Past that check it ends as it must where of no release can be said that it serves.
    place.fixture.configure("PREFLIGHT_WARN", "port");
    let rejected = place.deploy(69);
    let why = rejected.text("/why");
    assert!(
        why.contains("cannot be seen whether its new process answers"),
        "{why}"
    );
    place.fixture.until_version("2");

    place.fixture.configure("DEPLOY_ACCEPT_UNPROVABLE", "yes");
    place.release(4, "healthy");
    let deployed = place.deploy(0);
    assert_eq!(deployed.text("/outcome"), "succeeded");
    serves(&place.fixture, 4);
    assert_eq!(proof(&place.fixture)["verdict"], "unprovable");
    place.release(5, "health-status=500");
    let rejected = place.deploy(1);
    assert_eq!(rejected.text("/outcome"), "rolled-back");
    serves(&place.fixture, 4);
}
