//! What people did to a tree that a mirror was broken off in.
#![allow(clippy::unwrap_used)]

mod support;

use deadline::Deadline;
use durable::Mutex;
use std::fs;
use std::time::Duration;
use support::{Bench, Staged};
use worktree::Care::{Refuse, Save};

/// Release 1 is there, and a mirror of release 2 has ended after its files and before its branch.
fn broken(bench: &Bench) -> [Staged; 3] {
    let all =
        [("r1", "dist/x"), ("r2", "dist/x"), ("r3", "node_modules/x")].map(|(name, output)| {
            fs::remove_dir_all(bench.join("author/own")).ok();
            let own = format!("own/{name}");
            let commit = bench.commit(&[("app", name), ("lib", name), (own.as_str(), name)]);
            bench.stage(name, &commit, &[(output, name)])
        });
    bench.mirror(&all[0], Refuse).unwrap();
    let lock = bench.at(".git/refs/heads/main.lock");
    fs::write(&lock, "another's").unwrap();
    bench.mirror(&all[1], Refuse).unwrap_err();
    fs::remove_file(lock).unwrap();
    assert!(bench.at(".git/slipway/mirroring.json").exists());
    assert_eq!(bench.read("app").as_deref(), Some("r2"));
    all
}

#[test]
fn what_was_done_since_to_a_half_mirrored_tree_is_kept() {
    for (care, to) in [(Save, 0), (Refuse, 1), (Save, 2)] {
        let bench = Bench::new();
        let all = broken(&bench);
        bench.write(&[("app", "hot fix"), ("node_modules/mine", "by hand")]);
        let saved = bench.mirror(&all[to], care).unwrap().saved;
        bench.is_at(&all[to]);
        let kept = saved[0].rsplit(' ').next().unwrap();
        assert_eq!(
            bench.git("tree", &["show", &format!("{kept}:app")]),
            "hot fix"
        );
        if to == 2 {
            assert_eq!(saved.len(), 2, "{saved:?}");
            let all = bench.at(".git/slipway/saved");
            let stamp = fs::read_dir(all).unwrap().next().unwrap().unwrap().path();
            let mine = fs::read_to_string(stamp.join("node_modules/mine"));
            assert_eq!(mine.unwrap(), "by hand");
        } else {
            assert_eq!(bench.read("node_modules/mine").as_deref(), Some("by hand"));
        }
    }
}

#[test]
fn a_half_mirrored_tree_alone_is_nobodys_change() {
    for to in 0..3 {
        let bench = Bench::new();
        let all = broken(&bench);
        let mirrored = bench.mirror(&all[to], Save).unwrap();
        assert_eq!(mirrored.saved, Vec::<String>::new());
        bench.is_at(&all[to]);
        assert!(!bench.at(".git/slipway/saved").exists());
    }
}

#[test]
fn the_locks_that_a_killed_git_has_left_are_nobodys() {
    let bench = Bench::new();
    let all = broken(&bench);
    let locks = ["refs/heads/main.lock", "HEAD.lock"].map(|lock| bench.at(&format!(".git/{lock}")));
    for lock in &locks {
        fs::write(lock, "").unwrap();
    }
    bench.mirror(&all[1], Save).unwrap();
    bench.is_at(&all[1]);
    assert!(locks.iter().all(|lock| !lock.exists()));
}

#[test]
fn nothing_is_made_ready_beside_a_mirror_at_work() {
    let bench = Bench::new();
    let commit = bench.commit(&[("app", "one")]);
    let one = bench.stage("r1", &commit, &[("dist/x", "1")]);
    bench.mirror(&one, Refuse).unwrap();
    let never = Deadline::never();
    let alone = Mutex::acquire(bench.at(".git/slipway/lock"), 0o644, &never).unwrap();
    let soon = Deadline::after(Duration::from_millis(50));
    let tree = bench.tree();
    let waits = tree.prepare(&one.as_release(), &soon).unwrap_err();
    assert_eq!(waits.code, "timed-out");
    drop(alone);
    tree.prepare(&one.as_release(), &never).unwrap();
}
