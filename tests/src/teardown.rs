//! What becomes of a fixture: everything that began with it ends with it.

use crate::fixture::Fixture;
use crate::processes;
use nix::sys::signal::Signal;
use std::fs;
use std::time::Duration;

impl Drop for Fixture {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.tell();
        }
        if self.supervisor.is_systemd() {
            self.end_units();
        }
        if let Some(engine) = self.engine.take() {
            drop(engine);
        }
        if self.supervisor.is_pm2() {
            self.end_pm2();
        }
        // Whatever else began here: a plain process, an orphan, a runbook that was left behind. Again, because one
        // that is killed may just have started another.
        for _ in 0..100 {
            let left = processes::beneath(&self.directory);
            if left.is_empty() {
                break;
            }
            for pid in left {
                processes::kill(pid, Signal::SIGKILL);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = fs::remove_dir_all(&self.directory);
    }
}

impl Fixture {
    fn tell(&self) {
        eprintln!(
            "--- {} in {}: log",
            self.service(),
            self.directory.display()
        );
        eprintln!("{}", self.log());
        for file in ["deploy-state.json", "deploy-history.jsonl"] {
            if let Ok(content) = fs::read_to_string(self.root.join(file)) {
                eprintln!("--- {file}\n{content}");
            }
        }
        if self.supervisor.is_systemd() {
            let unit = format!("{}.service", self.name);
            let output = self.systemctl(["status", "--no-pager", "--full", "--lines=0", &unit]);
            eprintln!("--- status\n{}", String::from_utf8_lossy(&output.stdout));
        }
    }

    fn end_units(&self) {
        // Also what the tools made for this service, a timer of a dead man's switch for one.
        let all = format!("*{}*", self.name);
        self.systemctl(["stop", "--no-block", &all]);
        self.systemctl(["kill", "--signal=KILL", &all]);
        self.systemctl(["stop", &all]);
        self.systemctl(["reset-failed", &all]);
        for entry in fs::read_dir(self.units()).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&self.name) {
                let _ = fs::remove_file(entry.path()).or_else(|_| fs::remove_dir_all(entry.path()));
            }
        }
    }
}
