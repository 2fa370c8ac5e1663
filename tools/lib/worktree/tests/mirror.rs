//! Releases put into a real working tree, and out of it again.
#![allow(clippy::unwrap_used)]

mod support;

use deadline::Deadline;
use std::fs;
use support::{Bench, write};
use worktree::Care::{Refuse, Save};
use worktree::{Revision, Tree};

fn never() -> Deadline {
    Deadline::never()
}

#[test]
fn the_tree_holds_one_release_and_then_exactly_the_other() {
    let bench = Bench::new();
    let one = bench.commit(&[
        ("app", "one"),
        ("gone", "x"),
        ("old/name", "n"),
        ("as-file", "f"),
    ]);
    let one = bench.stage(
        "r1",
        &one,
        &[
            ("dist/app.js", "1"),
            ("dist/only-1", ""),
            ("web/a.out", "1"),
        ],
    );
    fs::remove_file(bench.join("author/gone")).unwrap();
    fs::create_dir(bench.join("author/new")).unwrap();
    fs::rename(bench.join("author/old/name"), bench.join("author/new/name")).unwrap();
    fs::remove_file(bench.join("author/as-file")).unwrap();
    let two = bench.commit(&[("app", "two"), ("added", "y"), ("as-file/inner", "d")]);
    let two = bench.stage(
        "r2",
        &two,
        &[("dist/app.js", "2"), ("node_modules/x/index.js", "2")],
    );
    let users = [
        (".env", "SECRET=1"),
        ("uploads/cat.jpg", "meow"),
        ("logs.out", "l"),
    ];
    bench.write(&users);

    assert!(bench.mirror(&one, Refuse).unwrap().changed);
    bench.is_at(&one);
    assert!(
        !bench.mirror(&one, Refuse).unwrap().changed,
        "it is there already"
    );
    bench.mirror(&two, Refuse).unwrap();
    bench.is_at(&two);
    for gone in ["gone", "old", "dist/only-1", "web"] {
        assert!(!bench.at(gone).exists(), "{gone}");
    }
    assert_eq!(bench.read("added").as_deref(), Some("y"));
    bench.mirror(&one, Save).unwrap();
    bench.is_at(&one);
    for gone in ["added", "new", "node_modules"] {
        assert!(!bench.at(gone).exists(), "{gone}");
    }
    for (path, content) in users {
        assert_eq!(bench.read(path).as_deref(), Some(content));
    }
    assert!(bench.tree().holds("r1", &one.commit).unwrap());
}

#[test]
fn a_detached_head_stays_one() {
    let bench = Bench::new();
    let one = bench.commit(&[("app", "one")]);
    let one = bench.stage("r1", &one, &[]);
    bench.git("tree", &["checkout", "--quiet", "--detach"]);
    bench.mirror(&one, Refuse).unwrap();
    assert_eq!(bench.git("tree", &["rev-parse", "HEAD"]), one.commit);
    assert!(bench.tree().head(&never()).unwrap().branch.is_none());
    assert_eq!(bench.git("tree", &["status", "--porcelain"]), "");
}

#[test]
fn a_file_that_becomes_an_output_and_an_output_that_becomes_a_file() {
    let bench = Bench::new();
    let one = bench.commit(&[("config/made.out", "kept by hand")]);
    bench.git("author", &["add", "--force", "config/made.out"]);
    let one_forced = bench.push();
    assert_ne!(one, one_forced);
    let one = bench.stage("r1", &one_forced, &[("dist/x", "built")]);
    fs::remove_file(bench.join("author/config/made.out")).unwrap();
    write(&bench.join("author"), &[("dist/x", "committed")]);
    bench.git("author", &["add", "--force", "dist/x"]);
    let two = bench.push();
    let two = bench.stage("r2", &two, &[("config/made.out", "built")]);
    assert_eq!(two.outputs, ["config"]);
    for (release, care) in [(&one, Refuse), (&two, Refuse), (&one, Save), (&two, Refuse)] {
        bench.mirror(release, care).unwrap();
        bench.is_at(release);
    }
    assert_eq!(bench.read("dist/x").as_deref(), Some("committed"));
}

#[test]
fn what_the_user_has_there_keeps_a_release_out_and_is_kept_by_a_rollback() {
    let bench = Bench::new();
    let one = bench.commit(&[("app", "one")]);
    let one = bench.stage("r1", &one, &[("dist/x", "1")]);
    bench.mirror(&one, Refuse).unwrap();
    write(
        &bench.join("author"),
        &[("notes.out", "the team's"), (".env", "theirs")],
    );
    bench.git("author", &["add", "--force", "notes.out", ".env"]);
    let two = bench.push();
    let two = bench.stage("r2", &two, &[("node_modules/x", "2")]);
    bench.write(&[(".env", "mine"), ("node_modules/mine", "by hand")]);

    let refused = bench.mirror(&two, Refuse).unwrap_err();
    assert_eq!(refused.code, "in-the-way");
    assert!(
        refused.message.contains(".env") && refused.message.contains("node_modules"),
        "{refused}"
    );
    bench.is_at(&one);
    assert_eq!(bench.read(".env").as_deref(), Some("mine"));

    let saved = bench.mirror(&two, Save).unwrap().saved;
    assert_eq!(saved.len(), 2, "{saved:?}");
    bench.is_at(&two);
    let all = bench.at(".git/slipway/saved");
    let stamp = fs::read_dir(all).unwrap().next().unwrap().unwrap().path();
    assert_eq!(fs::read_to_string(stamp.join(".env")).unwrap(), "mine");
    assert_eq!(
        fs::read_to_string(stamp.join("node_modules/mine")).unwrap(),
        "by hand"
    );
}

#[test]
fn what_was_changed_or_committed_by_hand_is_refused_and_kept_by_a_rollback() {
    let bench = Bench::new();
    let one = bench.commit(&[("app", "one")]);
    let one = bench.stage("r1", &one, &[]);
    let two = bench.commit(&[("app", "two"), ("b", "b")]);
    let two = bench.stage("r2", &two, &[]);
    bench.mirror(&two, Refuse).unwrap();
    // As somebody did who wanted only the files of another commit: they stay staged.
    bench.git("tree", &["checkout", &one.commit, "--", "."]);
    assert_eq!(bench.mirror(&one, Refuse).unwrap_err().code, "tree-dirty");
    let saved = bench.mirror(&one, Save).unwrap().saved;
    assert_eq!(saved.len(), 1, "{saved:?}");
    bench.is_at(&one);
    assert!(!bench.at("b").exists(), "the newer commit's files are gone");

    bench.write(&[("app", "hot fix")]);
    bench.git(
        "tree",
        &["commit", "--quiet", "--all", "-m", "fixed at night"],
    );
    let local = bench.git("tree", &["rev-parse", "HEAD"]);
    let refused = bench.mirror(&two, Refuse).unwrap_err();
    assert_eq!(refused.code, "local-commits");
    assert!(refused.message.contains("fixed at night"), "{refused}");
    let saved = bench.mirror(&two, Save).unwrap().saved;
    bench.is_at(&two);
    let kept = saved[0].rsplit(' ').next().unwrap();
    assert_eq!(bench.git("tree", &["rev-parse", kept]), local);
}

#[test]
fn a_half_done_merge_is_refused_and_ended_by_a_rollback() {
    let bench = Bench::new();
    let one = bench.commit(&[("app", "one")]);
    let one = bench.stage("r1", &one, &[]);
    bench.mirror(&one, Refuse).unwrap();
    bench.git("tree", &["switch", "--quiet", "-c", "other", "HEAD~1"]);
    bench.write(&[("app", "other")]);
    bench.git("tree", &["commit", "--quiet", "--all", "-m", "other"]);
    bench.git("tree", &["switch", "--quiet", "main"]);
    let merge = std::process::Command::new("git")
        .current_dir(bench.at(""))
        .args(["merge", "other"])
        .output()
        .unwrap();
    assert!(!merge.status.success());
    assert_eq!(
        bench.tree().is_clean(&never()).unwrap_err().code,
        "half-done"
    );
    bench.mirror(&one, Save).unwrap();
    bench.is_at(&one);
    assert!(!bench.at(".git/MERGE_HEAD").exists());
}

#[test]
fn another_gits_lock_is_not_taken_for_ours() {
    let bench = Bench::new();
    let one = bench.commit(&[("app", "one")]);
    let one = bench.stage("r1", &one, &[]);
    fs::write(bench.at(".git/index.lock"), "DIRC").unwrap();
    let release = one.as_release();
    let soon = Deadline::after(std::time::Duration::from_millis(200));
    let refused = bench.tree().mirror(&release, Refuse, &soon).unwrap_err();
    assert!(
        matches!(refused.code, "tree-busy" | "timed-out"),
        "{refused}"
    );
    assert_eq!(fs::read(bench.at(".git/index.lock")).unwrap(), b"DIRC");
    assert_eq!(bench.read("app").as_deref(), Some("1"));
    // One that says it is ours was left behind.
    fs::write(
        bench.at(".git/index.lock"),
        "slipway puts a release into this working tree\n",
    )
    .unwrap();
    bench.mirror(&one, Refuse).unwrap();
    bench.is_at(&one);
}

#[test]
fn a_commit_is_kept_from_gits_clean_up_until_it_is_let_go() {
    let bench = Bench::new();
    let one = bench.commit(&[("app", "one")]);
    let one = bench.stage("r1", &one, &[]);
    bench.mirror(&one, Refuse).unwrap();
    bench.git("author", &["reset", "--quiet", "--hard", "HEAD~1"]);
    bench.git(
        "author",
        &["push", "--quiet", "--force", "origin", "HEAD:main"],
    );
    let back = bench.git("author", &["rev-parse", "HEAD"]);
    let back = bench.stage("r2", &back, &[]);
    bench.mirror(&back, Save).unwrap();
    let gone = || {
        bench.git(
            "tree",
            &["for-each-ref", "--format=%(refname)", "refs/slipway/r1"],
        )
    };
    bench.git(
        "tree",
        &[
            "-c",
            "gc.reflogExpireUnreachable=now",
            "gc",
            "--quiet",
            "--prune=now",
        ],
    );
    bench.mirror(&one, Save).unwrap();
    bench.is_at(&one);
    bench.tree().forget("r1", &one.commit, &never()).unwrap();
    assert_eq!(gone(), "");
}

#[test]
fn only_the_top_of_a_working_tree_is_one() {
    let bench = Bench::new();
    bench.write(&[("sub/file", "")]);
    for (path, word) in [
        ("tree/sub", "lies within"),
        ("releases", "is not there"),
        ("remote.git", "is no git working tree"),
    ] {
        let refused = Tree::open(&bench.join(path), &never()).unwrap_err();
        assert_eq!(refused.code, "not-a-working-tree");
        assert!(refused.message.contains(word), "{refused}");
    }
}

#[test]
fn the_upstream_is_fetched_and_nothing_else_is_touched() {
    let bench = Bench::new();
    let two = bench.commit(&[("app", "two")]);
    bench.git("author", &["tag", "v2"]);
    bench.git("author", &["push", "--quiet", "origin", "v2"]);
    let head = bench.git("tree", &["rev-parse", "HEAD"]);
    let tree = bench.tree();
    for revision in [
        Revision::Upstream,
        Revision::Branch("main".into()),
        Revision::Tag("v2".into()),
        Revision::Commit(two[..9].into()),
    ] {
        assert_eq!(
            tree.fetch(&revision, &never()).unwrap(),
            two,
            "{revision:?}"
        );
    }
    assert_eq!(bench.git("tree", &["rev-parse", "HEAD"]), head);
    assert_eq!(bench.git("tree", &["status", "--porcelain"]), "");
    for missing in [
        Revision::Branch("none".into()),
        Revision::Tag("none".into()),
        Revision::Commit("abcdef1".into()),
    ] {
        let refused = tree.fetch(&missing, &never()).unwrap_err();
        assert_eq!(refused.code, "no-such-revision", "{refused}");
    }
    bench.git("tree", &["checkout", "--quiet", "--detach"]);
    assert_eq!(
        tree.fetch(&Revision::Upstream, &never()).unwrap_err().code,
        "no-upstream"
    );
}

#[test]
fn what_a_build_makes_has_to_be_ignored() {
    let bench = Bench::new();
    let head = bench.git("author", &["rev-parse", "HEAD"]);
    let refused = bench
        .try_stage("r1", &head, &[("dist/x", ""), ("made/by", "")])
        .err()
        .unwrap();
    assert_eq!(refused.code, "output-not-ignored");
    assert!(refused.message.contains("made/"), "{refused}");
    // What the tree's own settings ignore is ignored.
    fs::write(bench.at(".git/info/exclude"), "/made\n").unwrap();
    let staged = bench.stage(
        "r2",
        &head,
        &[("dist/x", ""), ("made/by", ""), ("sub/a.out", "")],
    );
    assert_eq!(staged.outputs, ["dist", "made", "sub"]);
}
