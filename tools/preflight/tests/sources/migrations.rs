//! `migrations`: real files in real trees.

use super::support::{Application, one, run, tool, tree};
use super::tree::Tree;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

fn check(tree: &Tree, arguments: &[&str], status: &str) -> Value {
    let all = [
        &[
            "--only",
            "migrations",
            "--migrations",
            tree.path(),
            "--dialect",
            "postgres",
        ],
        arguments,
    ]
    .concat();
    let report = run(tool(&all), i32::from(status == "fail"));
    one(&report, status)
}

const OLD: &str = "CREATE TABLE users (id int, email text, fax text);\n";
const ADDS: &str = "ALTER TABLE users ADD COLUMN name text;\n";
const DROPS: &str = "BEGIN;\nALTER TABLE users DROP COLUMN email;\nCOMMIT;\n";

#[test]
fn what_only_adds_passes_and_what_drops_fails_with_its_place() {
    let migrations = Tree::new(&[("001_a.sql", OLD), ("002_b.sql", ADDS)]);
    let before = tree(&migrations.0);
    let passed = check(&migrations, &[], "pass");
    assert_eq!(
        passed["message"],
        "all 2 statements of 2 migrations in all of them only add"
    );
    assert_eq!(passed.get("found"), None);
    migrations.write("003_c.sql", DROPS);
    let failed = check(&migrations, &[], "fail");
    let file = migrations.0.join("003_c.sql");
    let place = format!("{}:2: drop-column users.email", file.display());
    assert!(
        failed["message"].as_str().unwrap().starts_with(&place),
        "{failed:#}"
    );
    assert_eq!(failed["value"], 1);
    assert_eq!(
        failed["found"],
        json!([{"status": "fail", "file": file, "line": 2, "rule": "drop-column", "what": "users.email", "reason": null}])
    );
    fs::remove_file(file).unwrap();
    assert_eq!(tree(&migrations.0), before);
}

#[test]
fn a_comment_allows_one_statement_and_the_report_says_so() {
    let allowed =
        "-- slipway: allow drop-column: nothing reads it\nALTER TABLE users DROP email;\n";
    let migrations = Tree::new(&[("001_a.sql", OLD), ("002_b.sql", allowed)]);
    let passed = check(&migrations, &[], "pass");
    let message = passed["message"].as_str().unwrap();
    assert!(
        message.contains("allowed: ")
            && message.ends_with("002_b.sql:2: drop-column users.email (nothing reads it)"),
        "{message}"
    );
    assert_eq!(passed["found"][0]["status"], "allowed");
    assert_eq!(passed["found"][0]["reason"], "nothing reads it");
}

#[test]
fn what_is_not_understood_warns_and_the_rest_is_judged() {
    let migrations = Tree::new(&[("001_a.sql", "CREATE TABEL x;\n")]);
    let warned = check(&migrations, &[], "warn");
    assert!(
        warned["message"]
            .as_str()
            .unwrap()
            .contains("001_a.sql:1: "),
        "{warned:#}"
    );
    migrations.write("001_a.sql", "CREATE TABEL x;\nDROP TABLE y;\n");
    let failed = check(&migrations, &[], "fail");
    assert_eq!(failed["found"][0]["line"], 2);
    assert_eq!(failed["found"][1]["rule"], "not-understood");
}

#[test]
fn gaps_and_duplicates_fail() {
    let migrations = Tree::new(&[("001_a.sql", OLD), ("003_b.sql", ADDS), ("3_c.sql", ADDS)]);
    let failed = check(&migrations, &[], "fail");
    assert_eq!(failed["found"][0]["rule"], "gap");
    assert_eq!(failed["found"][1]["rule"], "duplicate");
    assert!(
        failed["hint"].as_str().unwrap().starts_with("git mv "),
        "{failed:#}"
    );
    // Old ones are history.
    migrations.write("004_d.sql", ADDS);
    check(&migrations, &["--migrations-since", "3"], "pass");
}

#[test]
fn only_what_is_new_is_judged() {
    let migrations = Tree::new(&[
        ("001_a.sql", OLD),
        ("002_b.sql", DROPS),
        ("003_c.sql", ADDS),
    ]);
    check(&migrations, &[], "fail");
    check(&migrations, &["--migrations-since", "all"], "fail");
    let passed = check(&migrations, &["--migrations-since", "002_b.sql"], "pass");
    assert_eq!(
        passed["message"],
        "the 1 statement of 1 migrations since 002_b.sql only add"
    );
    let none = check(&migrations, &["--migrations-since", "3"], "pass");
    assert!(
        none["message"]
            .as_str()
            .unwrap()
            .starts_with("no migration in "),
        "{none:#}"
    );
    let unknown = check(&migrations, &["--migrations-since", "zzz"], "fail");
    assert!(
        unknown["message"]
            .as_str()
            .unwrap()
            .contains("no migration in"),
        "{unknown:#}"
    );
}

#[test]
fn a_commit_says_what_is_new() {
    let repository = Tree::new(&[
        ("db/001_a.sql", OLD),
        ("db/002_b.sql", DROPS),
        ("README", ""),
    ]);
    repository.git(&["init", "-q"]);
    let commit = repository.commit();
    repository.write("db/003_c.sql", ADDS);
    let migrations = repository.0.join("db");
    let migrations = migrations.to_str().unwrap();
    let check = |arguments: &[&str], status: &str| {
        let all = [
            &[
                "--only",
                "migrations",
                "--migrations",
                migrations,
                "--dialect",
                "postgres",
            ],
            arguments,
        ]
        .concat();
        one(&run(tool(&all), i32::from(status == "fail")), status)
    };
    // An untracked one is new, a committed one later too.
    check(&["--migrations-since", &commit], "pass");
    repository.commit();
    let passed = check(&["--migrations-since", &commit[..9]], "pass");
    assert!(
        passed["message"]
            .as_str()
            .unwrap()
            .contains("1 migrations since"),
        "{passed:#}"
    );
    // What was there before and is changed now is told: it may be applied as it was.
    repository.write("db/001_a.sql", "CREATE TABLE users (id int);\n");
    let warned = check(&["--migrations-since", &commit], "warn");
    assert!(
        warned["message"]
            .as_str()
            .unwrap()
            .contains("001_a.sql: it was there before"),
        "{warned:#}"
    );
}

#[test]
fn the_live_release_says_what_is_new() {
    let repository = Tree::new(&[("001_a.sql", OLD), ("002_b.sql", DROPS)]);
    repository.git(&["init", "-q"]);
    let commit = repository.commit();
    repository.write("003_c.sql", ADDS);
    let application = Application::new();
    let options = ["--migrations", repository.path(), "--dialect", "postgres"];
    // The live release has no manifest: all are judged.
    let failed = application.check("migrations", &options, "fail");
    assert!(
        failed["message"]
            .as_str()
            .unwrap()
            .contains("the commit of r1, which is live, is not known"),
        "{failed:#}"
    );
    let manifest = |commit: &str| {
        let manifest = json!({
            "schema": 1, "name": "r1", "sequence": 1, "createdAt": "2026-11-20T09:30:00.123Z", "kind": "static",
            "commit": commit, "files": 0, "bytes": 0
        });
        fs::write(
            application.root.join("releases/r1/.release.json"),
            manifest.to_string(),
        )
        .unwrap();
    };
    manifest(&"0".repeat(40));
    let failed = application.check("migrations", &options, "fail");
    assert!(
        failed["message"]
            .as_str()
            .unwrap()
            .contains("is not in a git tree"),
        "{failed:#}"
    );
    manifest(&commit);
    let passed = application.check("migrations", &options, "pass");
    assert!(
        passed["message"]
            .as_str()
            .unwrap()
            .contains(&format!("since {}", &commit[..12])),
        "{passed:#}"
    );
    // Nothing is live: nothing can be taken away.
    fs::remove_file(application.root.join("current")).unwrap();
    application.check("migrations", &options, "pass");
}

#[test]
fn the_dialect_is_asked_for() {
    let asked = run(tool(&["--migrations", "/tmp"]), 2);
    let message = asked["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("--migrations needs --dialect"),
        "{message}"
    );
    run(tool(&["--migrations", "/tmp", "--dialect", "mysql"]), 2);
    run(tool(&["--dialect", "sqlite"]), 2);
}

#[test]
fn where_there_is_no_sql_it_says_so() {
    let empty = Tree::new(&[]);
    check(&empty, &[], "fail");
    let python = Tree::new(&[("0001_initial.py", "")]);
    let failed = check(&python, &[], "fail");
    assert!(
        failed["message"].as_str().unwrap().contains("sqlmigrate"),
        "{failed:#}"
    );
    let gone = Tree(PathBuf::from("/nowhere/at/all"));
    check(&gone, &[], "fail");
}
