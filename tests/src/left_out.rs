//! Tests that cannot run where they are.

use crate::paths::target;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Says that the running test is left out, and why; the caller then returns. Where `CI` is `true` that is a failure:
/// there everything must run.
///
/// The line also goes to `left-out` in the target directory (or the file named by `SLIPWAY_LEFT_OUT`), which
/// `make test` shows at its end: a runner hides what a test that passed has printed.
pub fn left_out(reason: &str) {
    let file = std::env::var_os("SLIPWAY_LEFT_OUT").map(PathBuf::from);
    let must_run = std::env::var("CI").as_deref() == Ok("true");
    note(
        reason,
        must_run,
        &file.unwrap_or_else(|| target().join("left-out")),
    );
}

fn note(reason: &str, must_run: bool, file: &Path) {
    // The runner names a test's thread after it.
    let line = format!(
        "left out: {}: {reason}",
        std::thread::current().name().unwrap_or("a test")
    );
    assert!(!must_run, "{line} (and CI=true)");
    println!("{line}");
    // One write of one line, so that tests side by side do not mix theirs.
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)
        .unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

#[cfg(test)]
mod tests {
    use super::note;

    #[test]
    fn a_test_left_out_is_noted_and_where_all_must_run_it_fails() {
        let file = std::env::temp_dir().join(format!("slipway-left-out-{}", std::process::id()));
        note("no moon", false, &file);
        let noted = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert!(
            noted.starts_with("left out: ") && noted.ends_with(": no moon\n"),
            "{noted:?}"
        );

        let failed = std::panic::catch_unwind(|| note("no moon", true, &file)).unwrap_err();
        let message = failed.downcast_ref::<String>().unwrap();
        assert!(message.contains("no moon (and CI=true)"), "{message}");
        assert!(!file.exists());
    }
}
