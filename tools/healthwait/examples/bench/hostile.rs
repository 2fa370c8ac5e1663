//! What endpoints that mean harm cost: time beyond the limit, and memory.

use super::{line, milliseconds};
use serde_json::Value;
use slipway_tests::hostile::{HOSTILE, Hostile, SilentResolver, hostile};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_secs(1);
const OVERSHOOT: Duration = Duration::from_millis(250);
/// In kibibytes: 64 MB.
const MEMORY: u64 = 64_000_000 / 1024;

/// A line for each: how long after its time limit `healthwait` ended, and the most memory that it took.
pub(super) fn all(programs: &Path) -> bool {
    let mut kept = true;
    for name in HOSTILE {
        let endpoint: Hostile = hostile(name);
        let mut command = Command::new(programs.join("healthwait"));
        command.args(&endpoint.arguments);
        command.args(["--timeout", "1s", "--interval", "200ms"]);
        kept &= one(name, command, false);
    }
    let Some(resolver) = SilentResolver::new() else {
        return line("resolver-that-hangs", "not run", "needs root", false);
    };
    let mut command = Command::new("sh");
    command.args(["-c", &resolver.script("http://shop.example/ --timeout 1s")]);
    // Making it a network of its own takes longer than the question.
    one("resolver-that-hangs", command, true) && kept
}

/// How long it took is seen from outside, or where it is not started at once, as its report says.
fn one(name: &str, mut command: Command, as_reported: bool) -> bool {
    let began = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut most = 0;
    let status = loop {
        most = most.max(peak(&child));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        sleep(Duration::from_millis(1));
    };
    let mut took = began.elapsed();
    if as_reported {
        let report: Value = serde_json::from_reader(child.stdout.take().unwrap()).unwrap();
        took = Duration::from_millis(report["durationMs"].as_u64().unwrap());
    }
    let over = took.saturating_sub(TIMEOUT);
    line(
        &format!("{name}: beyond 1 s, {:.1} MB at most", megabytes(most)),
        &milliseconds(over),
        "250 ms, 64 MB",
        over <= OVERSHOOT && most < MEMORY && status.code() == Some(124),
    )
}

/// The most memory that it ever held, in kibibytes; nothing once it is over.
fn peak(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok())
        .unwrap_or(0)
}

#[allow(clippy::cast_precision_loss)] // For people.
fn megabytes(kibibytes: u64) -> f64 {
    kibibytes as f64 * 1024.0 / 1e6
}
