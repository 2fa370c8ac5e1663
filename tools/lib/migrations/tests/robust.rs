//! Whatever a file holds, it is judged in bounded time and nothing panics.
#![allow(clippy::unwrap_used)]

use deadline::Deadline;
use migrations::{Dialect, Directory, Examined, New, examine, examine_text};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

const BOTH: [Dialect; 2] = [Dialect::Postgres, Dialect::Sqlite];

/// A directory with these files, gone with the value.
struct Files(PathBuf);

impl Files {
    fn new(name: &str, files: &[(&str, &[u8])]) -> Self {
        let directory =
            std::env::temp_dir().join(format!("slipway-migrations-{name}-{}", std::process::id()));
        fs::remove_dir_all(&directory).ok();
        fs::create_dir_all(&directory).unwrap();
        for (file, bytes) in files {
            fs::write(directory.join(file), bytes).unwrap();
        }
        Self(directory)
    }

    fn examine(&self, dialect: Dialect) -> Examined {
        let directory = Directory::read(&self.0).unwrap();
        let deadline = Deadline::after(Duration::from_secs(120));
        examine(&directory, dialect, &New::All, &deadline).unwrap()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// The rest of the file is judged although its middle is what it is.
fn around(name: &str, middle: &str) {
    for dialect in BOTH {
        let text = format!("DROP TABLE first;\n{middle};\nDROP TABLE last;\n");
        let files = Files::new(
            &format!("{name}-{dialect:?}"),
            &[("1.sql", text.as_bytes())],
        );
        let examined = files.examine(dialect);
        let found: Vec<&str> = examined
            .problems
            .iter()
            .map(|problem| problem.what.as_str())
            .collect();
        assert_eq!(found, ["first", "last"], "{name} {dialect:?}");
        assert_eq!(
            examined.doubtful.first().map(|doubt| doubt.line),
            Some(2),
            "{name} {dialect:?}"
        );
    }
}

#[test]
fn what_nests_deeply_costs_one_statement() {
    let deep = 100_000;
    around("open", &format!("SELECT {}", "(".repeat(deep)));
    around(
        "nested",
        &format!("SELECT {}1{}", "(".repeat(deep), ")".repeat(deep)),
    );
    around("not", &format!("SELECT {} true", "NOT ".repeat(deep)));
    around("minus", &format!("SELECT ({} 1", "- + ".repeat(deep)));
    around(
        "case",
        &format!(
            "SELECT {} 1 {} +",
            "CASE WHEN ".repeat(deep),
            " THEN 1 END".repeat(deep)
        ),
    );
}

#[test]
fn the_costliest_that_is_parsed_fits_the_stack() {
    for (one, other) in [
        ("CASE WHEN ", " THEN 1 END"),
        ("a + ", ""),
        ("NOT (", ")"),
        ("a OR NOT ", ""),
        ("ARRAY[", "]"),
    ] {
        // Just within the bounds on tokens and depth.
        for times in [240, 9_900] {
            let text = format!("SELECT {}1{};", one.repeat(times), other.repeat(times));
            let files = Files::new(
                &format!("costly-{}-{times}", one.len()),
                &[("1.sql", text.as_bytes())],
            );
            let examined = files.examine(Dialect::Postgres);
            assert_eq!(examined.judged, 1, "{one}");
        }
    }
}

#[test]
fn a_body_that_nests_deeply_is_not_parsed() {
    let body = format!("DO $$ BEGIN PERFORM {}1; END $$", "(".repeat(100_000));
    let text = format!("{body};\nDROP TABLE last;\n");
    let examined = Files::new("body", &[("1.sql", text.as_bytes())]).examine(Dialect::Postgres);
    assert_eq!(examined.problems.len(), 1);
    assert!(examined.doubtful[0].why.contains("nested deeper"));
}

/// Numbers without chance: the same in every run (Knuth's MMIX constants).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }
}

#[test]
fn arbitrary_bytes_are_told_and_nothing_panics() {
    let mut numbers = Numbers(1);
    let bytes: Vec<u8> = (0..200_000)
        .map(|_| u8::try_from(numbers.next(256)).unwrap())
        .collect();
    for dialect in BOTH {
        let examined =
            Files::new(&format!("bytes-{dialect:?}"), &[("1.sql", &bytes)]).examine(dialect);
        assert!(!examined.doubtful.is_empty());
        assert!(
            examined.doubtful.len() <= 21,
            "what is no SQL is told briefly"
        );
    }
}

#[test]
fn pieces_of_sql_in_any_order_never_panic() {
    const PIECES: [&str; 48] = [
        "ALTER",
        "TABLE",
        "DROP",
        "COLUMN",
        "a",
        "\"b",
        "'c",
        "''",
        "$$",
        "$x$",
        "$1",
        "E'\\",
        ";",
        "(",
        ")",
        "--",
        "\n",
        "/*",
        "*/",
        "BEGIN",
        "ATOMIC",
        "END",
        "CASE",
        "CREATE",
        "TRIGGER",
        "FUNCTION",
        "DO",
        "COPY x FROM stdin;",
        "\\.",
        "\\gexec",
        "RENAME",
        "TO",
        "SET",
        "NOT NULL",
        "DEFAULT",
        "DELETE FROM",
        "UPDATE",
        "WHERE",
        "INSERT INTO",
        "SELECT",
        ",",
        ".",
        "[",
        "]",
        "é",
        "\u{feff}",
        "-- slipway: allow drop-table: x",
        "DO $$ BEGIN ALTER TABLE a DROP b; END $$",
    ];
    let mut numbers = Numbers(7);
    for round in 0..3000 {
        let mut text = String::new();
        for _ in 0..numbers.next(40) {
            text.push_str(PIECES[numbers.next(PIECES.len())]);
            text.push_str([" ", "", "\n"][numbers.next(3)]);
        }
        for dialect in BOTH {
            let examined = examine_text("x.sql", &text, dialect);
            let failed = examined
                .doubtful
                .iter()
                .find(|doubt| doubt.why.contains("parser failed"));
            assert!(failed.is_none(), "round {round}: {text}");
            let lines = text.split('\n').count();
            let doubt = examined
                .doubtful
                .iter()
                .find(|doubt| doubt.line == 0 || doubt.line > lines);
            assert!(doubt.is_none(), "round {round}: {doubt:?}: {text}");
        }
    }
}

#[test]
fn fifty_megabytes_of_rows_take_seconds() {
    let row = "INSERT INTO t (a, b) VALUES (1, 'it''s; DROP TABLE t; --');\n";
    let mut text = row.repeat((25 << 20) / row.len());
    text.push_str("INSERT INTO t VALUES ");
    text.push_str(&"(1, 'x;y', NULL),\n".repeat((25 << 20) / 18));
    text.push_str("(2, 'z', NULL);\nDROP TABLE t;\n");
    let files = Files::new("large", &[("1.sql", text.as_bytes())]);
    let examined = files.examine(Dialect::Postgres);
    assert_eq!(examined.problems.len(), 1);
    assert_eq!(examined.problems[0].line, text.lines().count());
    assert_eq!(examined.doubtful, []);
}

#[test]
fn what_is_no_utf8_is_told_with_its_line() {
    let examined = Files::new(
        "latin1",
        &[("1.sql", b"SELECT 1;\n-- caf\xe9\nDROP TABLE t;\n")],
    )
    .examine(Dialect::Postgres);
    assert_eq!(
        (examined.doubtful[0].line, examined.doubtful[0].why.as_str()),
        (2, "it is not UTF-8")
    );
    assert_eq!(examined.problems[0].line, 3);
}

#[test]
fn a_deadline_is_kept_also_by_a_parser() {
    let text = "SELECT 1;\n".repeat(2_000_000);
    let files = Files::new("slow", &[("1.sql", text.as_bytes())]);
    let directory = Directory::read(&files.0).unwrap();
    let ended = examine(
        &directory,
        Dialect::Postgres,
        &New::All,
        &Deadline::after(Duration::from_millis(20)),
    );
    assert_eq!(ended, Err(deadline::Ended::Passed));
}

#[test]
fn what_is_no_file_is_a_problem() {
    let files = Files::new("fifo", &[("2.sql", b"SELECT 1")]);
    let fifo = files.0.join("1.sql");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let examined = files.examine(Dialect::Sqlite);
    assert_eq!(
        (
            examined.problems[0].file.as_str(),
            examined.problems[0].rule
        ),
        ("1.sql", "unreadable")
    );
}
