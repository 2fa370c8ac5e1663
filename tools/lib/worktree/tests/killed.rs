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
/// How many kills there are, spread over the time that a whole mirror takes.
const KILLS: u32 = 24;

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

#[test]
fn after_a_kill_at_any_instant_the_next_mirror_leaves_exactly_one_release() {
    let bench = Bench::new();
    let both = two(&bench);
    bench.write(&[(".env", "mine"), ("uploads/cat.jpg", "meow")]);
    bench.mirror(&both[0], Save).unwrap();
    let began = Instant::now();
    assert!(other_process(&bench, &both[1]).wait().unwrap().success());
    let whole = began.elapsed();
    bench.is_at(&both[1]);
    let mut in_the_middle = 0;
    for kill in 0..KILLS {
        let to = usize::try_from(kill % 2).unwrap();
        let mut other = other_process(&bench, &both[to]);
        std::thread::sleep(Duration::from_micros(
            u64::try_from(whole.as_micros()).unwrap() * u64::from(kill) / u64::from(KILLS),
        ));
        other.kill().unwrap();
        other.wait().unwrap();
        in_the_middle += u32::from(bench.at(".git/slipway/mirroring.json").exists());
        // Forward or back: whichever is asked for is there, whole.
        let next = usize::try_from(kill / 2 % 2).unwrap();
        bench.mirror(&both[next], Save).unwrap();
        bench.is_at(&both[next]);
        let gone = ["one", "two"][1 - next];
        assert!(!bench.at(gone).exists() && !bench.at(&format!("{gone}.out")).exists());
        assert_eq!(bench.read(".env").as_deref(), Some("mine"));
        assert_eq!(bench.read("uploads/cat.jpg").as_deref(), Some("meow"));
        // The next one has something to do only where the other release is there.
        bench.mirror(&both[to], Save).unwrap();
        bench.is_at(&both[to]);
    }
    assert!(
        in_the_middle > 0,
        "no kill came in the middle of a mirror: this has shown nothing"
    );
}
