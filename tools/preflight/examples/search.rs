//! Measures how fast `preflight` looks for a pattern in a source tree, beside `grep -rE` and, where it is installed, `rg`, in
//! turns within one run. Not a test: it prints a table and ends with 1 where a figure is not kept.
//!
//! `cargo build --release -p preflight && cargo run --release -p preflight --example search`
#![allow(clippy::print_stdout, clippy::unwrap_used)] // A table for people; a panic is a bench that could not run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// The tree: directories, files in each, and lines in each file; about 100 MB.
const DIRECTORIES: usize = 100;
const FILES: usize = 60;
const LINES: usize = 400;
/// Runs of each program, in turns; the median counts.
const RUNS: usize = 7;
/// What is looked for: words as most patterns are, classes without a word to go by, and one that every fifth line nearly matches.
const PATTERNS: [&str; 3] = [
    r"console\.(log|debug)\(",
    r"(password|secret) *= *'[^']{8,}'",
    r"^[a-z]+ [A-Z]{6}[0-9]+;",
];

/// A tree beneath the temporary directory, gone with the value.
struct Tree(PathBuf);

impl Tree {
    fn new() -> Self {
        let tree =
            Self(std::env::temp_dir().join(format!("slipway-search-{}", std::process::id())));
        let line = |number: usize| match number % 5 {
            0 => format!(
                "    const value{number} = console.error(items[{number}], {{ deep: true }});\n"
            ),
            1 => format!(
                "  // {number}: nothing that anybody would forbid is written in this line of text\n"
            ),
            2 => format!("let password{number} = vault.read('path/to/{number}').value;\n"),
            3 => format!("export function handler{number}(request, response) {{\n"),
            _ => "    return response.status(200).send({ ok: true });\n}\n".to_owned(),
        };
        for directory in 0..DIRECTORIES {
            let path = tree.0.join(format!("package{directory}/src"));
            fs::create_dir_all(&path).unwrap();
            for file in 0..FILES {
                let first = (directory * FILES + file) * 7;
                let text: String = (first..first + LINES).map(line).collect();
                fs::write(path.join(format!("module{file}.js")), text).unwrap();
            }
        }
        tree
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn main() -> ExitCode {
    let preflight = std::env::current_exe().unwrap();
    let preflight = preflight
        .parent()
        .and_then(Path::parent)
        .unwrap()
        .join("preflight");
    let tree = Tree::new();
    let has_rg = Command::new("rg")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok();
    let mut kept = true;
    for pattern in PATTERNS {
        let mut runs = vec![
            ("preflight", ours(&preflight, pattern, &tree.0)),
            ("grep", theirs("grep", &["-rnE", pattern], &tree.0)),
        ];
        if has_rg {
            runs.push(("rg", theirs("rg", &["-n", "--hidden", pattern], &tree.0)));
        }
        kept &= compare(pattern, &mut runs);
    }
    if kept {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn ours(preflight: &Path, pattern: &str, tree: &Path) -> Command {
    let mut command = Command::new(preflight);
    command
        .args([
            "--quiet",
            "--only",
            "forbidden",
            "--check-timeout",
            "1m",
            "--forbid",
            pattern,
            "--forbid-in",
        ])
        .arg(tree);
    command
}

fn theirs(program: &str, arguments: &[&str], tree: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).arg(tree).env("LC_ALL", "C.UTF-8");
    command
}

/// Every program in turn, so that what the machine does besides hits all of them; once before it counts, for the cache.
fn compare(pattern: &str, runs: &mut [(&str, Command)]) -> bool {
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); runs.len()];
    for turn in 0..=RUNS {
        for ((name, command), times) in runs.iter_mut().zip(&mut times) {
            let began = Instant::now();
            let status = command
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap();
            let found_nothing = i32::from(*name != "preflight");
            assert_eq!(
                status.code(),
                Some(found_nothing),
                "{name}: nothing is there to be found"
            );
            if turn > 0 {
                times.push(began.elapsed());
            }
        }
    }
    let medians: Vec<f64> = times
        .iter_mut()
        .map(|times| median(times).as_secs_f64())
        .collect();
    let mut kept = true;
    for ((name, _), theirs) in runs.iter().zip(&medians).skip(1) {
        let ratio = medians[0] / theirs;
        // A good grep: not slower than the one that everybody has. The other one is there to look up to.
        let is_kept = *name != "grep" || ratio <= 1.0;
        kept &= is_kept;
        let what = format!("forbidden: {pattern} over {name} ({:.0} ms)", theirs * 1e3);
        let verdict = if is_kept { "PASS" } else { "FAIL" };
        let limit = if *name == "grep" { "1.00" } else { "" };
        println!("{what:<64} {ratio:>8.2} {limit:>6}  {verdict}");
    }
    kept
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
