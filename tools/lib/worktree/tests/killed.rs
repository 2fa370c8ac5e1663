//! A mirror that is killed at any instant, in another process, and the one after it.
#![allow(clippy::unwrap_used)]

mod support;

use deadline::Deadline;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::{Bench, Staged};
use worktree::Care::Save;
use worktree::{Release, Tree};

/// What the other process is to do: the tree, then name, directory and commit of the release, then its outputs.
const ROLE: &str = "WORKTREE_TEST_MIRROR";
/// What is there while a mirror is under way.
const UNDER_WAY: &str = ".git/slipway/mirroring.json";
/// How often it is looked for.
const LOOK: Duration = Duration::from_micros(100);
/// How many kills come before the tree is touched, spread over the time until then.
const BEFORE: u32 = 6;
/// How many have to come in the middle of a mirror, spread over the time from there to its end.
const MIDDLE: u32 = 18;
/// How many may come too late. Each makes the next ones come earlier, down to the moment at which the tree is touched.
const TOO_LATE: u32 = 40;

fn other_process(bench: &Bench, staged: &Staged) -> std::process::Child {
    let mut words = vec![
        bench.at("").to_str().unwrap().to_owned(),
        staged.name.clone(),
        staged.directory.to_str().unwrap().to_owned(),
        staged.commit.clone(),
    ];
    words.extend(staged.outputs.clone());
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_other_process", "--nocapture"])
        .env(ROLE, words.join("\n"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Nothing but the part of the other process, where this is it.
#[test]
fn the_other_process() {
    let Ok(words) = std::env::var(ROLE) else {
        return;
    };
    let words: Vec<String> = words.lines().map(str::to_owned).collect();
    let tree = Tree::open(words[0].as_ref(), &Deadline::never()).unwrap();
    let release = Release {
        name: &words[1],
        directory: words[2].as_ref(),
        commit: &words[3],
        outputs: &words[4..],
    };
    tree.mirror(&release, Save, &Deadline::never()).unwrap();
}

/// Two releases that have files of their own, outputs of their own, and some that they share.
fn two(bench: &Bench) -> [Staged; 2] {
    [("r1", "one"), ("r2", "two")].map(|(name, word)| {
        for number in 0..40 {
            support::write(
                &bench.join("author"),
                &[
                    (&format!("{word}/file-{number}"), word),
                    (&format!("both/{number}"), word),
                ],
            );
        }
        let other = bench
            .join("author")
            .join(if word == "one" { "two" } else { "one" });
        let _ = std::fs::remove_dir_all(other);
        let commit = bench.push();
        let made = [("dist/app.js", word), ("node_modules/x/y.js", word)];
        let own = format!("{word}.out");
        bench.stage(
            name,
            &commit,
            &[&made[..], &[(own.as_str(), word)]].concat(),
        )
    })
}

/// Waits until it touches the tree; whether it was seen to, before it had ended.
fn is_under_way(bench: &Bench, other: &mut std::process::Child) -> bool {
    loop {
        if bench.at(UNDER_WAY).exists() {
            return true;
        }
        if other.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(LOOK);
    }
}

#[test]
fn after_a_kill_at_any_instant_the_next_mirror_leaves_exactly_one_release() {
    let bench = Bench::new();
    let both = two(&bench);
    bench.write(&[(".env", "mine"), ("uploads/cat.jpg", "meow")]);
    bench.mirror(&both[0], Save).unwrap();
    let began = Instant::now();
    let mut whole = other_process(&bench, &both[1]);
    is_under_way(&bench, &mut whole);
    let before = began.elapsed();
    while bench.at(UNDER_WAY).exists() {
        std::thread::sleep(LOOK);
    }
    let mut rest = began.elapsed().saturating_sub(before);
    assert!(whole.wait().unwrap().success());
    bench.is_at(&both[1]);
    let (mut kills, mut in_the_middle) = (0, 0);
    while in_the_middle < MIDDLE {
        assert!(
            kills < BEFORE + MIDDLE + TOO_LATE,
            "{in_the_middle} came in the middle of a mirror"
        );
        let to = usize::try_from(kills % 2).unwrap();
        let mut other = other_process(&bench, &both[to]);
        if kills < BEFORE {
            std::thread::sleep(before * kills / BEFORE);
        } else if is_under_way(&bench, &mut other) {
            std::thread::sleep(rest * in_the_middle / MIDDLE);
        }
        other.kill().unwrap();
        other.wait().unwrap();
        if bench.at(UNDER_WAY).exists() {
            in_the_middle += 1;
        } else if kills >= BEFORE {
            rest = rest * 3 / 4;
        }
        // Forward or back: whichever is asked for is there, whole.
        let next = usize::try_from(kills / 2 % 2).unwrap();
        bench.mirror(&both[next], Save).unwrap();
        bench.is_at(&both[next]);
        let gone = ["one", "two"][1 - next];
        assert!(!bench.at(gone).exists() && !bench.at(&format!("{gone}.out")).exists());
        assert_eq!(bench.read(".env").as_deref(), Some("mine"));
        assert_eq!(bench.read("uploads/cat.jpg").as_deref(), Some("meow"));
        // The next one has something to do only where the other release is there.
        bench.mirror(&both[to], Save).unwrap();
        bench.is_at(&both[to]);
        kills += 1;
    }
}
