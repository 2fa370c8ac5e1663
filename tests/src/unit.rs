//! A systemd unit's text.

use std::fmt::Write;
use std::path::Path;

/// A service unit for a fixture; without changes it starts `current/demo-service` and always restarts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    sections: Vec<(String, Vec<(String, String)>)>,
}

impl Unit {
    /// The unit a fixture begins with: it restarts at once, and its start limit is the supervisor's own.
    pub fn demo(root: &Path, port: u16) -> Self {
        let current = root.join("current");
        let current = current.to_str().unwrap();
        Self {
            sections: Vec::new(),
        }
        .with("Unit", "Description", "A service of the tests")
        .with("Service", "WorkingDirectory", current)
        .with(
            "Service",
            "ExecStart",
            &format!("{current}/demo-service --port {port}"),
        )
        .with("Service", "Restart", "always")
        .with("Service", "RestartSec", "100ms")
    }

    /// Sets a value, in place of the one that was there; an empty one removes it.
    #[must_use]
    pub fn with(mut self, section: &str, key: &str, value: &str) -> Self {
        self.lines(section).retain(|(known, _)| known != key);
        if value.is_empty() {
            self
        } else {
            self.and(section, key, value)
        }
    }

    /// Adds a value beside those that are there, as `ExecStartPre=` may have several.
    #[must_use]
    pub fn and(mut self, section: &str, key: &str, value: &str) -> Self {
        self.lines(section).push((key.to_owned(), value.to_owned()));
        self
    }

    fn lines(&mut self, section: &str) -> &mut Vec<(String, String)> {
        let index = self
            .sections
            .iter()
            .position(|(name, _)| name == section)
            .unwrap_or_else(|| {
                self.sections.push((section.to_owned(), Vec::new()));
                self.sections.len() - 1
            });
        &mut self.sections[index].1
    }

    /// The night's own limits: three starts in five minutes, then none.
    #[must_use]
    pub fn with_start_limit(self, burst: u32) -> Self {
        self.with("Unit", "StartLimitBurst", &burst.to_string())
            .with("Unit", "StartLimitIntervalSec", "5min")
    }

    /// The unit file.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (section, lines) in &self.sections {
            let _ = writeln!(text, "[{section}]");
            for (key, value) in lines {
                let _ = writeln!(text, "{key}={value}");
            }
            text.push('\n');
        }
        text
    }
}
