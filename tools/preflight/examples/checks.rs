//! Measures what the README promises of `preflight`: that all checks run side by side, and what ten local ones cost. Not a
//! test: it prints a table and ends with 1 where a figure is not kept.
//!
//! `cargo build --release --workspace && cargo run --release -p preflight --example checks`
#![allow(clippy::print_stdout, clippy::unwrap_used)] // A table for people; a panic is a bench that could not run.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

/// Runs of the slow checks; the median counts.
const SLOW_RUNS: usize = 5;
/// Runs of the local ones.
const RUNS: usize = 100;
/// Checks side by side.
const MANY: usize = 30;
/// How long each of them takes.
const EACH: Duration = Duration::from_millis(200);
/// The ten local checks: what needs no other program.
const LOCAL: &str = "port,disk,inodes,memory,layout,source,env,freeze,lock,space";

fn main() -> ExitCode {
    let programs = std::env::current_exe().unwrap();
    let programs = programs.parent().and_then(Path::parent).unwrap().to_owned();
    let preflight = programs.join("preflight");
    println!("{:<64} {:>12} {:>12}", "measured", "figure", "limit");
    let commands = side_by_side(&preflight, "commands", "--run", |number| {
        format!("c{number}=sleep {}", EACH.as_secs_f64())
    });
    let url = slow_page();
    let pages = side_by_side(&preflight, "pages", "--outside", |number| {
        format!("p{number}={url} /ok=true")
    });
    let local = local(&preflight);
    if commands && pages && local {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn line(what: &str, figure: Duration, limit: Duration) -> bool {
    let kept = figure < limit;
    let verdict = if kept { "PASS" } else { "FAIL" };
    println!(
        "{what:<64} {:>12} {:>12}  {verdict}",
        milliseconds(figure),
        milliseconds(limit)
    );
    kept
}

/// Thirty checks beside one of them.
fn side_by_side(
    preflight: &Path,
    what: &str,
    option: &str,
    told: impl Fn(usize) -> String,
) -> bool {
    let took = |count: usize| {
        let arguments: Vec<String> = (0..count)
            .flat_map(|number| [option.to_owned(), told(number)])
            .collect();
        timed(preflight, &arguments)
    };
    let (mut all, mut one): (Vec<Duration>, Vec<Duration>) =
        (0..SLOW_RUNS).map(|_| (took(MANY), took(1))).unzip();
    let (all, one) = (median(&mut all), median(&mut one));
    let ratio = all.as_secs_f64() / one.as_secs_f64();
    line(
        &format!(
            "{MANY} {what} of {} each, x{ratio:.1} of one",
            milliseconds(EACH)
        ),
        all,
        Duration::from_millis(400),
    )
}

/// Ten local checks, the whole process, beside ten starts of `true`, one after another: ten plugins cannot cost less.
fn local(preflight: &Path) -> bool {
    let place = Place::new();
    let path = |name: &str| place.0.join(name).to_str().unwrap().to_owned();
    let port = free_port().to_string();
    let (root, source, env) = (path("root"), path("source"), path("app.env"));
    let arguments = [
        "--root",
        &root,
        "--only",
        LOCAL,
        "--port",
        &port,
        "--source",
        &source,
        "--env-file",
        &env,
        "--env-required",
        "A",
        "--freeze",
        "1999-12-31",
        "--time-zone",
        "Europe/Berlin",
        "--disk-max",
        "100%",
        "--inodes-max",
        "100%",
        "--memory-min",
        "1",
    ];
    let arguments = arguments.map(str::to_owned);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        ours.push(timed(preflight, &arguments));
        theirs.push((0..10).map(|_| timed(Path::new("/bin/true"), &[])).sum());
    }
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    println!("ten local checks: {LOCAL}");
    line(
        &format!("ten local checks, median of {RUNS}, x{ratio:.1} of ten times true"),
        ours,
        Duration::from_millis(10),
    )
}

/// From its start to its end, which must be a good one.
fn timed(program: &Path, arguments: &[String]) -> Duration {
    let began = Instant::now();
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let took = began.elapsed();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", program.display());
    took
}

/// An application with one release, a source and an env file.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        let name = format!("preflight-bench-{}", std::process::id());
        let place = Self(fs::canonicalize(std::env::temp_dir()).unwrap().join(name));
        fs::create_dir_all(place.0.join("root/releases/r1")).unwrap();
        symlink("releases/r1", place.0.join("root/current")).unwrap();
        fs::create_dir_all(place.0.join("source")).unwrap();
        fs::write(place.0.join("source/main"), "main").unwrap();
        fs::write(place.0.join("app.env"), "A=1\n").unwrap();
        let owner = fs::Permissions::from_mode(0o600);
        fs::set_permissions(place.0.join("app.env"), owner).unwrap();
        place
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// A page that takes its time; its URL.
fn slow_page() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let answer = |mut stream: TcpStream| {
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let asked = lines
            .map_while(Result::ok)
            .take_while(|line| !line.is_empty());
        assert!(asked.count() > 0);
        sleep(EACH);
        let body = "{\"ok\":true}";
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n", body.len());
        write!(stream, "{head}Connection: close\r\n\r\n{body}").ok();
    };
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    });
    url
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1000.0)
}
