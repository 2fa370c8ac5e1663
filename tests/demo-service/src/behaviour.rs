//! What a release says of itself: its version, and how it behaves.

use crate::units;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the service runs from and what its files say.
#[derive(Debug)]
pub(crate) struct Release {
    /// The release's directory, without symlinks.
    pub(crate) directory: PathBuf,
    /// The version to report.
    pub(crate) version: String,
    /// How to behave.
    pub(crate) behaviour: Behaviour,
}

/// How the service behaves; the default does nothing wrong.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Behaviour {
    pub(crate) slow_start: Duration,
    pub(crate) crash: bool,
    pub(crate) crash_after: Option<Duration>,
    pub(crate) exit_status: u8,
    pub(crate) hang: bool,
    pub(crate) health_status: u16,
    /// Bytes a second.
    pub(crate) leak: usize,
    /// Bytes in all.
    pub(crate) leak_limit: usize,
    pub(crate) log_errors: Option<Duration>,
    /// Every so many-th answer of /health fails.
    pub(crate) fail_every: Option<u64>,
    /// Questions for /health before what comes with time begins.
    pub(crate) turns_at: u64,
    /// Threads that do nothing but take time.
    pub(crate) burn: u64,
    pub(crate) lose_port_after: Option<Duration>,
    pub(crate) ignore_term: bool,
    pub(crate) orphan: Option<Orphan>,
    pub(crate) version: Option<String>,
    pub(crate) port_taken: PortTaken,
}

/// The child that is left behind with the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Orphan {
    /// Answers as its parent did.
    Answers,
    /// Lets every caller wait.
    Silent,
}

/// What happens where somebody else holds the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PortTaken {
    /// Exits with this status.
    Exit(u8),
    /// Lives on without the port.
    Stay,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            slow_start: Duration::ZERO,
            crash: false,
            crash_after: None,
            exit_status: 1,
            hang: false,
            health_status: 200,
            leak: 0,
            leak_limit: 1 << 30,
            log_errors: None,
            fail_every: None,
            turns_at: 0,
            burn: 0,
            lose_port_after: None,
            ignore_term: false,
            orphan: None,
            version: None,
            port_taken: PortTaken::Exit(1),
        }
    }
}

impl Release {
    /// Finds the release this process runs from and reads its files.
    pub(crate) fn find() -> Result<Self, String> {
        let working =
            std::env::current_dir().map_err(|error| format!("working directory: {error}"))?;
        let program = std::env::current_exe().map_err(|error| format!("own path: {error}"))?;
        let directory = std::iter::once(working.as_path())
            .chain(program.ancestors().skip(1).take(2))
            .find(|directory| is_release(directory))
            .unwrap_or(&working)
            .to_owned();
        let behaviour = match read(&directory.join("behaviour"))? {
            Some(text) => Behaviour::parse(&text)?,
            None => Behaviour::default(),
        };
        let own = read(&directory.join("VERSION"))?.map(|text| text.trim().to_owned());
        let version = behaviour
            .version
            .clone()
            .or(own)
            .unwrap_or_else(|| "unknown".to_owned());
        Ok(Self {
            directory,
            version,
            behaviour,
        })
    }
}

fn is_release(directory: &Path) -> bool {
    directory.join("VERSION").is_file() || directory.join("behaviour").is_file()
}

/// The file's text, or nothing where there is no such file.
fn read(path: &Path) -> Result<Option<String>, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

impl Behaviour {
    /// Reads a behaviour file. A word it does not know is an error: a test that misspells one would pass by chance.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut behaviour = Self::default();
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if !line.is_empty() {
                let (key, value) = match line.split_once('=') {
                    Some((key, value)) => (key.trim(), Some(value.trim())),
                    None => (line, None),
                };
                behaviour
                    .set(key, value)
                    .map_err(|why| format!("behaviour {line:?}: {why}"))?;
            }
        }
        Ok(behaviour)
    }

    fn set(&mut self, key: &str, value: Option<&str>) -> Result<(), String> {
        let needed = || value.ok_or_else(|| "needs a value".to_owned());
        match key {
            "slow-start" => self.slow_start = units::duration(needed()?)?,
            "crash-after" => self.crash_after = Some(units::duration(needed()?)?),
            "exit-status" => self.exit_status = number(needed()?)?,
            "health-status" => self.health_status = number(needed()?)?,
            "leak" => self.leak = units::size(needed()?)?,
            "leak-limit" => self.leak_limit = units::size(needed()?)?,
            "log-errors" => self.log_errors = Some(units::duration(needed()?)?),
            "fail-every" => self.fail_every = Some(number(needed()?)?).filter(|every| *every > 0),
            "turns-at" => self.turns_at = number(needed()?)?,
            "burn" => self.burn = number(needed()?)?,
            "lose-port-after" => self.lose_port_after = Some(units::duration(needed()?)?),
            "version" => self.version = Some(needed()?.to_owned()),
            "port-taken" => {
                self.port_taken = match needed()? {
                    "stay" => PortTaken::Stay,
                    status => PortTaken::Exit(number(status)?),
                }
            }
            "orphan" => {
                self.orphan = Some(match value {
                    None => Orphan::Answers,
                    Some("silent") => Orphan::Silent,
                    Some(_) => return Err("is orphan or orphan=silent".to_owned()),
                });
            }
            "healthy" | "crash" | "hang" | "ignore-term" => {
                if value.is_some() {
                    return Err("takes no value".to_owned());
                }
                self.crash |= key == "crash";
                self.hang |= key == "hang";
                self.ignore_term |= key == "ignore-term";
            }
            _ => return Err("unknown; see demo-service --help".to_owned()),
        }
        Ok(())
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("not a number in range: {text:?}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_empty_file_is_healthy() {
        assert_eq!(
            Behaviour::parse("\n# nothing\nhealthy\n"),
            Ok(Behaviour::default())
        );
    }

    #[test]
    fn every_behaviour_the_help_names_is_understood() {
        let help = include_str!("help.txt");
        let (_, listed) = help.split_once("sizes 500K 20M 1G):").unwrap();
        let mut seen = 0;
        for line in listed.lines().filter(|line| !line.trim().is_empty()) {
            let word = line.split_whitespace().next().unwrap();
            let word = word
                .replace("DURATION", "1s")
                .replace("SIZE", "1M")
                .replace("TEXT", "9");
            let word = word.replace("=N|stay", "=stay").replace("=N", "=200");
            Behaviour::parse(&word).unwrap();
            seen += 1;
        }
        assert!(seen >= 14, "{seen}");
    }

    #[test]
    fn what_it_does_not_know_is_refused() {
        for wrong in [
            "crsh",
            "hang=1",
            "slow-start",
            "exit-status=256",
            "orphan=loud",
            "leak=lots",
        ] {
            assert!(Behaviour::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
