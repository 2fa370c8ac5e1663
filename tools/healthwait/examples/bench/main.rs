//! Measures what the README promises: how soon `healthwait` sees a port open, what it costs while it waits, what endpoints that mean
//! harm cost it, and how long each tool takes to start. Not a test: it prints a table and ends with 1 where a figure is not kept.
//!
//! `cargo build --release --workspace && cargo run --release -p healthwait --example bench`
#![allow(clippy::print_stdout, clippy::unwrap_used)] // A table for people; a panic is a bench that could not run.

mod hostile;

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Runs of `healthwait` against a port that opens.
const RUNS: u32 = 20;
/// Starts of each program, each beside one of `/bin/true`.
const STARTS: usize = 200;

fn main() -> ExitCode {
    let programs = std::env::current_exe().unwrap();
    let programs = programs.parent().and_then(Path::parent).unwrap().to_owned();
    let mut kept = true;
    println!("{:<62} {:>12} {:>13}", "measured", "figure", "limit");
    kept &= port_opening(&programs);
    kept &= hostile::all(&programs);
    for tool in step::TOOLS {
        kept &= start(&programs, tool);
    }
    if kept {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn line(what: &str, figure: &str, limit: &str, kept: bool) -> bool {
    let verdict = if kept { "PASS" } else { "FAIL" };
    println!("{what:<62} {figure:>12} {limit:>13}  {verdict}");
    kept
}

/// From the port's opening to the tool's end, at moments spread evenly from 1 to 3 s, and the share of a core until then.
fn port_opening(programs: &Path) -> bool {
    let mut latencies = Vec::new();
    let mut busy = Duration::ZERO;
    let mut waited = Duration::ZERO;
    for run in 0..RUNS {
        let port = free_port();
        let began = Instant::now();
        let mut child = Command::new(programs.join("healthwait"))
            .arg(format!("tcp://127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        sleep(Duration::from_secs(1) + Duration::from_secs(2) * run / (RUNS - 1));
        busy += cpu_time(&child);
        waited += began.elapsed();
        let opened = Instant::now();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        let status = child.wait().unwrap();
        latencies.push(opened.elapsed());
        drop(listener);
        assert!(status.success(), "healthwait: {status}");
    }
    let latency = median(&mut latencies);
    let share = busy.as_secs_f64() / waited.as_secs_f64() * 100.0;
    let seen = line(
        &format!("healthwait: port open to exit, median of {RUNS}"),
        &milliseconds(latency),
        "10 ms",
        latency <= Duration::from_millis(10),
    );
    let cheap = line(
        "healthwait: share of a core while waiting",
        &format!("{share:.2} %"),
        "2 %",
        share < 2.0,
    );
    seen && cheap
}

/// One start of the tool beside one of `/bin/true`, again and again, so that both meet the same machine.
fn start(programs: &Path, tool: &str) -> bool {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let program = programs.join(tool);
    if !program.exists() {
        return line(&format!("{tool} --version"), "not built", "2 ms", false);
    }
    for _ in 0..STARTS {
        ours.push(run(&program));
        theirs.push(run(Path::new("/bin/true")));
    }
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    let difference = ours.saturating_sub(theirs);
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    line(
        &format!(
            "{tool} --version: {} and true {}, x{ratio:.1}",
            milliseconds(ours),
            milliseconds(theirs)
        ),
        &format!("+{}", milliseconds(difference)),
        "+2 ms",
        difference <= Duration::from_millis(2),
    )
}

fn run(program: &Path) -> Duration {
    let began = Instant::now();
    let status = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    let took = began.elapsed();
    assert!(status.success(), "{}: {status}", program.display());
    took
}

/// Processor time that the child's threads have used so far, the kernel's for them included. `stat` counts in ticks of
/// 10 ms, which is too coarse for this.
fn cpu_time(child: &Child) -> Duration {
    let threads = fs::read_dir(format!("/proc/{}/task", child.id())).unwrap();
    let nanoseconds = threads
        .map(|thread| {
            let text = fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap();
            text.split(' ').next().unwrap().parse::<u64>().unwrap()
        })
        .sum();
    Duration::from_nanos(nanoseconds)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}
