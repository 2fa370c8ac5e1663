//! Where a lease comes from: a shell, `$(…)`, sudo, ssh, another host or pid namespace; and what proves its holder dead.

use crate::runbook::{Gate, Held, deploy_state, deployed, forge, state};
use nix::sys::signal::Signal;
use slipway_tests::{Fixture, Sshd, Supervisor, User, kill, left_out, until};
use std::fs;
use std::process::Command;

/// A place where version 1 is live.
fn place() -> Fixture {
    let fixture = Fixture::on(Supervisor::Process).unwrap();
    deployed(&fixture, "healthy", "healthy");
    fixture
}

/// What the next one is told of the holder: how it lives, and why that is believed.
fn refused(fixture: &Fixture, life: &str) -> String {
    let refused = deploy_state(fixture, &["begin"], 75);
    assert_eq!(refused.error_code(), "busy");
    let message = refused.text("/error/message");
    assert!(
        message.contains(&format!("its holder is {life}")),
        "{message}"
    );
    message.to_owned()
}

/// One that nothing proves dead: it stays for who does not insist, and for who does not wait; then it is replaced.
fn only_insisting_replaces(fixture: &Fixture, life: &str) {
    let id = state(fixture)["deployId"].as_str().unwrap().to_owned();
    refused(fixture, life);
    deploy_state(fixture, &["begin", "--stale-after", "0s"], 75);
    deploy_state(fixture, &["begin", "--take-over"], 75);
    deploy_state(
        fixture,
        &["begin", "--take-over", "--stale-after", "1h"],
        75,
    );
    assert_eq!(state(fixture)["deployId"], *id);
    let words = ["begin", "--take-over", "--stale-after", "0s"];
    let begun = deploy_state(fixture, &words, 0);
    assert_eq!(begun.text("/tookOver/deployId"), id);
    assert_eq!(begun.text("/tookOver/life"), life);
    deploy_state(
        fixture,
        &["end", "aborted", "--id", begun.text("/deployId")],
        0,
    );
    // The one that was replaced may do nothing more.
    let late = deploy_state(fixture, &["phase", "build", "--id", &id], 75);
    assert_eq!(late.error_code(), "lease-lost");
}

/// The next one needs nobody's word.
fn is_replaced_at_once(fixture: &Fixture) {
    let id = state(fixture)["deployId"].as_str().unwrap().to_owned();
    let begun = deploy_state(fixture, &["begin"], 0);
    assert_eq!(begun.text("/tookOver/deployId"), id);
    assert_eq!(begun.text("/tookOver/life"), "dead");
    deploy_state(
        fixture,
        &["end", "aborted", "--id", begun.text("/deployId")],
        0,
    );
}

#[test]
fn begun_by_hand_in_a_substitution_nothing_proves_it_dead() {
    let fixture = place();
    let begin = r#"id=$(deploy-state begin --quiet --field deployId) && printf '{"ok":true,"exit":0,"id":"%s"}\n' "$id""#;
    let id = fixture.shell(begin).run(0).text("/id").to_owned();
    let held = state(&fixture);
    assert_eq!(
        (&held["deployId"], held["owner"].is_null()),
        (&id.into(), true)
    );
    only_insisting_replaces(&fixture, "by-hand");
}

#[test]
fn a_shell_that_is_named_as_the_owner_holds_it_as_long_as_it_lives() {
    for begin in [
        "deploy-state begin --quiet --owner-pid $$ >/dev/null",
        // In a substitution, $$ is still the shell itself.
        "id=$(deploy-state begin --quiet --owner-pid $$ --field deployId)",
    ] {
        let fixture = place();
        let (gate, wait) = Gate::command(&fixture);
        let script = format!("{begin} && '{wait}'; exit 0");
        let shell = fixture.shell(&script).no_report().spawn();
        let waiting = gate.reached();
        assert_eq!(state(&fixture)["owner"]["pid"], shell.pid());
        refused(&fixture, "alive");
        deploy_state(
            &fixture,
            &["begin", "--take-over", "--stale-after", "0s"],
            75,
        );
        shell.signal(Signal::SIGKILL);
        kill(waiting, Signal::SIGKILL);
        shell.finish(137);
        is_replaced_at_once(&fixture);
    }
}

#[test]
fn the_shell_of_a_moment_is_seen_to_be_gone() {
    let fixture = place();
    // What people write, and why there is deploy-state run: this shell is gone when the substitution is.
    let script = r#"id=$(sh -c 'deploy-state begin --quiet --owner-pid $$ --field deployId; exit 0')
        printf '{"ok":true,"exit":0,"id":"%s"}\n' "$id""#;
    let id = fixture.shell(script).run(0).text("/id").to_owned();
    assert_eq!(state(&fixture)["deployId"], *id);
    is_replaced_at_once(&fixture);
}

#[test]
fn no_lease_for_a_process_that_is_not_there() {
    let fixture = place();
    let before = state(&fixture);
    // Above what the kernel gives any process.
    let refused = deploy_state(&fixture, &["begin", "--owner-pid", "4194305"], 1);
    assert_eq!(refused.error_code(), "no-such-process");
    assert_eq!(state(&fixture), before);
}

#[test]
fn the_same_number_with_another_start_is_another_process() {
    let fixture = place();
    let pid = std::process::id().to_string();
    deploy_state(&fixture, &["begin", "--owner-pid", &pid], 0);
    refused(&fixture, "alive");
    forge(&fixture, |state| {
        let started = state["owner"]["startTime"].as_u64().unwrap();
        state["owner"]["startTime"] = (started - 1).into();
    });
    is_replaced_at_once(&fixture);
}

/// The kernel is made to give the number away again, in a pid namespace where nobody else takes numbers.
#[test]
fn a_number_that_the_kernel_gave_to_another_program_fools_nobody() {
    let fixture = place();
    let script = r#"
        sleep 1000 & owner=$!
        deploy-state begin --quiet --owner-pid "$owner" >/dev/null || exit 3
        kill -9 "$owner"; wait "$owner" 2>/dev/null
        # The kernel tells starts apart by ticks of a hundredth of a second.
        read -r before _ </proc/uptime; now=$before
        while [ "$now" = "$before" ]; do read -r now _ </proc/uptime; done
        for _ in 1 2 3 4 5; do
            echo "$((owner - 1))" >/proc/sys/kernel/ns_last_pid || exit 4
            sleep 1000 & again=$!
            [ "$again" != "$owner" ] || break
            kill -9 "$again"
        done
        [ "$again" = "$owner" ] || exit 5
        exec deploy-state begin"#;
    let inside = format!(
        "exec unshare --pid --fork --mount-proc --kill-child sh -c '{}'",
        script.replace('\'', r"'\''")
    );
    let trial = [
        "--pid",
        "--fork",
        "--mount-proc",
        "sh",
        "-c",
        "echo 99 >/proc/sys/kernel/ns_last_pid",
    ];
    let trial = Command::new("unshare").args(trial).output().unwrap();
    if !trial.status.success() {
        let why = String::from_utf8_lossy(&trial.stderr).trim().to_owned();
        return left_out(&format!("process numbers cannot be chosen here: {why}"));
    }
    let begun = fixture.shell(&inside).stderr_any().run(0);
    assert_eq!(begun.text("/tookOver/life"), "dead");
    let why = begun.text("/tookOver/why");
    assert!(why.contains("is another one now"), "{why}");
}

#[test]
fn in_another_pid_namespace_nobody_is_proven_dead() {
    let fixture = place();
    // Its owner is gone as soon as the namespace is; from out here that cannot be known. What is mounted over /proc, as a
    // container's manager mounts it, stays.
    let script = r"exec unshare --mount --pid --fork sh -c '
        cat /proc/sys/kernel/random/boot_id >boot-id && mount -t proc proc /proc &&
        mount --bind boot-id /proc/sys/kernel/random/boot_id && deploy-state begin --owner-pid $$; exit $?'";
    fixture.shell(script).stderr_any().run(0);
    only_insisting_replaces(&fixture, "doubtful");
}

#[test]
fn on_another_host_nobody_is_proven_dead_and_on_this_one_by_a_reboot() {
    let fixture = place();
    let pid = std::process::id().to_string();
    deploy_state(&fixture, &["begin", "--owner-pid", &pid], 0);
    forge(&fixture, |state| {
        state["owner"]["host"] = "elsewhere".into();
        state["owner"]["bootId"] = "00000000-0000-4000-8000-000000000000".into();
    });
    only_insisting_replaces(&fixture, "doubtful");

    deploy_state(&fixture, &["begin", "--owner-pid", &pid], 0);
    forge(&fixture, |state| {
        state["owner"]["bootId"] = "00000000-0000-4000-8000-000000000000".into();
    });
    is_replaced_at_once(&fixture);
}

#[test]
fn under_sudo_the_lease_is_deploy_states_own() {
    let (Ok(()), Ok(_)) = (Supervisor::Systemd.available(), User::deploy()) else {
        return left_out("sudo needs a machine of its own (tests/machine run)");
    };
    let fixture = place();
    let rule = format!("/etc/sudoers.d/{}", fixture.name);
    fs::write(&rule, "slipway-tests ALL=(root) NOPASSWD: ALL\n").unwrap();
    let (gate, wait) = Gate::command(&fixture);
    let user = User::deploy().unwrap();
    let run = fixture
        .shell(&format!(
            "exec sudo -n env PATH=\"$PATH\" DEPLOY_APP=\"$DEPLOY_APP\" deploy-state run -- '{wait}'"
        ))
        .as_user(Some(&user));
    let run = run.stderr_any().no_report().spawn();
    gate.reached();
    let held = state(&fixture);
    let by = held["initiatedBy"].as_str().unwrap();
    assert!(by.starts_with("slipway-tests@"), "{by}");
    refused(&fixture, "alive");
    // A user who may not even signal the holder sees that it lives.
    let other = fixture
        .tool("deploy-state")
        .arg("show")
        .as_user(Some(&user));
    assert_eq!(other.run(0).text("/holder/life"), "alive");

    // sudo is not the holder, and its end proves nothing.
    let owner = u32::try_from(held["owner"]["pid"].as_u64().unwrap()).unwrap();
    assert_ne!(owner, run.pid());
    kill(owner, Signal::SIGKILL);
    gate.open();
    run.finish(137);
    is_replaced_at_once(&fixture);
    fs::remove_file(rule).unwrap();
}

#[test]
fn over_ssh_the_lease_outlives_the_connection() {
    let fixture = place();
    if let Err(why) = Supervisor::Systemd.available() {
        return left_out(&why);
    }
    let server = match Sshd::start(&fixture.directory) {
        Ok(server) => server,
        Err(why) => return left_out(&why),
    };
    let (gate, wait) = Gate::command(&fixture);
    let mut words = server.words("root");
    words.push(format!(
        "PATH='{}' DEPLOY_APP='{}' deploy-state run -- '{wait}'",
        gate.path(),
        fixture.app().display()
    ));
    let quoted: Vec<String> = words
        .iter()
        .map(|word| format!("'{}'", word.replace('\'', r"'\''")))
        .collect();
    let ssh = fixture.shell(&format!("exec {}", quoted.join(" ")));
    let ssh = ssh.stderr_any().no_report().spawn();
    gate.reached();
    refused(&fixture, "alive");

    ssh.signal(Signal::SIGKILL);
    ssh.finish(137);
    let owner = u32::try_from(state(&fixture)["owner"]["pid"].as_u64().unwrap()).unwrap();
    refused(&fixture, "alive");
    kill(owner, Signal::SIGKILL);
    until("the holder is gone", || {
        !fs::exists(format!("/proc/{owner}")).unwrap()
    });
    is_replaced_at_once(&fixture);
}

/// The whole runbook, as people start it from elsewhere.
#[test]
fn a_runbook_over_ssh_deploys() {
    if let Err(why) = Supervisor::Systemd.available() {
        return left_out(&why);
    }
    let fixture = place();
    let server = match Sshd::start(&fixture.directory) {
        Ok(server) => server,
        Err(why) => return left_out(&why),
    };
    let (gate, _) = Gate::command(&fixture);
    let ssh: Vec<String> = server
        .words("root")
        .iter()
        .map(|word| format!("'{word}'"))
        .collect();
    let command = format!(
        "{} \"PATH='{}' {} '{}'\"",
        ssh.join(" "),
        gate.path(),
        crate::runbook::runbook().display(),
        fixture.app().display()
    );
    let deploy = Held::command_with(&fixture, &command, &gate, true, &[]);
    assert_eq!(deploy.finish(0).text("/outcome"), "succeeded");
    fixture.until_version("2");
}
