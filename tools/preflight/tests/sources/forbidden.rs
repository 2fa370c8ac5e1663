//! `forbidden`: real patterns in real trees.

use super::support::{one, run, tool};
use super::tree::Tree;
use serde_json::Value;
use std::path::Path;

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
    assert_eq!(super::support::one(&run(command, 1), "fail")["value"], 2);
}

#[test]
fn a_pattern_or_tree_that_is_none_is_told() {
    run(tool(&["--forbid", "(", "--forbid-in", "/tmp"]), 2);
    run(tool(&["--forbid", "x*", "--forbid-in", "/tmp"]), 2);
    run(tool(&["--forbid", "x"]), 2);
    run(tool(&["--forbid-in", "/tmp"]), 2);
    forbidden(&["--forbid", "x", "--forbid-in", "/nowhere/at/all"], "fail");
}
