//! The checks of what is deployed: `migrations` and `forbidden`, in real trees.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, unreachable_pub)]
mod support;

use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Application, directory, one, run, tool, tree};

/// A directory with files, gone with the value.
struct Tree(PathBuf);

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self(directory());
        for (name, text) in files {
            tree.write(name, text);
        }
        tree
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .arg("-C")
            .arg(&self.0)
            .args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn commit(&self) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-qm", "x"]);
        self.git(&["rev-parse", "HEAD"])
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

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
    assert_eq!(asked["error"]["message"], "--migrations needs --dialect");
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
        failed["hint"].as_str().unwrap().contains("sqlmigrate"),
        "{failed:#}"
    );
    let gone = Tree(PathBuf::from("/nowhere/at/all"));
    check(&gone, &[], "fail");
}

fn forbidden(arguments: &[&str], status: &str) -> Value {
    let all = [&["--only", "forbidden"], arguments].concat();
    one(&run(tool(&all), i32::from(status == "fail")), status)
}

#[test]
fn a_pattern_is_found_where_it_counts() {
    let tree = Tree::new(&[
        ("src/a.js", "x\n  console.log(1)\n"),
        ("src/b.js", "// fine\r\n"),
        (".hidden/c.js", "console.log(2)"),
        (".gitignore", "dist/\n*.tmp\n"),
        ("dist/d.js", "console.log(3)"),
        ("src/e.tmp", "console.log(4)"),
        (".git/HEAD", "console.log(5)"),
        ("image.png", "\0\u{1}console.log(6)\n"),
        ("token.env", "KEY=AKIA1234\n"),
    ]);
    std::os::unix::fs::symlink(tree.0.join("dist"), tree.0.join("link")).unwrap();
    let found = forbidden(
        &["--forbid", r"console\.log", "--forbid-in", tree.path()],
        "fail",
    );
    let places: Vec<String> = found["found"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            format!(
                "{}:{}",
                name(one["file"].as_str().unwrap(), &tree.0),
                one["line"]
            )
        })
        .collect();
    assert_eq!(places, [".hidden/c.js:1", "src/a.js:2"]);
    assert_eq!(found["value"], 2);
    assert!(
        found["message"]
            .as_str()
            .unwrap()
            .contains(r"src/a.js:2 (console\.log)"),
        "{found:#}"
    );
    // The line itself may be a secret.
    let secret = forbidden(
        &["--forbid", "AKIA[0-9]+", "--forbid-in", tree.path()],
        "fail",
    );
    assert!(!secret.to_string().contains("AKIA1234"), "{secret:#}");
    // Anchors are those of lines, whichever way they end.
    forbidden(
        &["--forbid", "^// fine$", "--forbid-in", tree.path()],
        "fail",
    );
    forbidden(&["--forbid", "^never$", "--forbid-in", tree.path()], "pass");
}

fn name(path: &str, root: &Path) -> String {
    Path::new(path)
        .strip_prefix(root)
        .unwrap()
        .to_string_lossy()
        .into_owned()
}

#[test]
fn several_patterns_and_trees() {
    let (one, other) = (
        Tree::new(&[("a", "debugger\nfine\n")]),
        Tree::new(&[("b", "FIXME\n")]),
    );
    let arguments = [
        "--forbid",
        "debugger",
        "--forbid",
        "(?i)fixme",
        "--forbid-in",
        one.path(),
        "--forbid-in",
        other.path(),
    ];
    assert_eq!(forbidden(&arguments, "fail")["value"], 2);
    // In the environment each is a line.
    let mut command = tool(&["--only", "forbidden"]);
    command.env("PREFLIGHT_FORBID", "debugger\n(?i)fixme").env(
        "PREFLIGHT_FORBID_IN",
        format!("{}\n{}", one.path(), other.path()),
    );
    assert_eq!(support::one(&run(command, 1), "fail")["value"], 2);
}

#[test]
fn a_pattern_or_tree_that_is_none_is_told() {
    run(tool(&["--forbid", "(", "--forbid-in", "/tmp"]), 2);
    run(tool(&["--forbid", "x*", "--forbid-in", "/tmp"]), 2);
    run(tool(&["--forbid", "x"]), 2);
    run(tool(&["--forbid-in", "/tmp"]), 2);
    forbidden(&["--forbid", "x", "--forbid-in", "/nowhere/at/all"], "fail");
}
