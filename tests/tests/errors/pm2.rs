//! PM2's daemon takes connections and does not answer.

use nix::sys::signal::Signal;
use slipway_tests::{Fixture, Supervisor, kill};
use std::fs;
use std::time::{Duration, Instant};

/// Less than what PM2's daemon is given for an answer where nothing else limits it.
const SOON: Duration = Duration::from_secs(8);

#[test]
fn a_daemon_that_hangs_is_told_at_the_deadline() {
    let Some(fixture) = Fixture::on(Supervisor::Pm2Fork) else {
        return;
    };
    fixture.release("20260101-000000", "1", "healthy");
    fixture.select("20260101-000000");
    fixture.tool("service-start").stderr_any().run(0);
    let daemon = fs::read_to_string(fixture.pm2_home().join("pm2.pid")).unwrap();
    let daemon: u32 = daemon.trim().parse().unwrap();
    kill(daemon, Signal::SIGSTOP);
    let service = ["--only", "service", "--check-timeout", "1s"];
    for (tool, options, exit) in [
        ("preflight", &service[..], 1),
        ("healthwait", &["--timeout", "1s"], 124),
    ] {
        let began = Instant::now();
        let ended = fixture.tool(tool).args(options).stderr_any().run(exit);
        assert!(began.elapsed() < SOON, "{tool}: {:?}", began.elapsed());
        assert!(ended.stderr.contains("ask PM2 about"), "{}", ended.stderr);
    }
    kill(daemon, Signal::SIGCONT);
}
