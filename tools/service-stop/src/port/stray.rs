//! A process of this application's that the service, as it was named, knows nothing of: one of another PM2, or by another
//! supervisor.

use host::{Proc, Tri};
use std::path::{Path, PathBuf};

/// Between these two PM2's daemon has its home in its command line.
const DAEMON: (&str, char) = (": God Daemon (", ')');

/// Where such a process runs, and who has started it, as far as that can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// The application's directory that it runs out of.
    pub code: PathBuf,
    /// The home of the PM2 that has started it.
    pub pm2_home: Option<PathBuf>,
}

impl Stray {
    /// Whether that process, or what it has started, runs out of one of these directories.
    pub(super) fn find(proc: &Proc, pid: u32, code: &[PathBuf]) -> Option<Self> {
        // PM2's daemon listens for its workers.
        let children = proc.children(pid).unwrap_or_default();
        let family: Vec<u32> = std::iter::once(pid).chain(children).collect();
        let runs = |code: &&PathBuf| {
            let is_there = |one: &u32| matches!(proc.runs_from(*one, code), Tri::Yes(_));
            family.iter().any(is_there)
        };
        let code = code.iter().find(runs)?.clone();
        let parent = proc.stat(pid).ok().map(|stat| stat.parent);
        let mut daemons = [Some(pid), parent].into_iter().flatten();
        let pm2_home = daemons.find_map(|one| home_of(proc, one));
        Some(Self { code, pm2_home })
    }

    /// What shows more of it. It is no one's to kill before that is known.
    pub(super) fn hint(&self, pid: u32) -> String {
        match &self.pm2_home {
            Some(home) => format!("PM2_HOME={} pm2 list", quoted(home)),
            None => format!("ps -fp {pid}; cat /proc/{pid}/cgroup"),
        }
    }
}

fn quoted(path: &Path) -> String {
    step::quoted(&path.to_string_lossy())
}

/// The home of the PM2 whose daemon that process is.
fn home_of(proc: &Proc, pid: u32) -> Option<PathBuf> {
    let title: Vec<String> = proc
        .arguments(pid)
        .ok()?
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let title = title.join(" ");
    let (name, rest) = title.split_once(DAEMON.0)?;
    let (home, _) = rest.rsplit_once(DAEMON.1)?;
    name.starts_with("PM2 v").then(|| PathBuf::from(home))
}

impl std::fmt::Display for Stray {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let code = self.code.display();
        write!(
            formatter,
            "which runs out of this application's own {code} "
        )?;
        match &self.pm2_home {
            Some(home) => write!(
                formatter,
                "under another PM2 (PM2_HOME={} in the application's file would name that one)",
                quoted(home)
            ),
            None => write!(formatter, "under another supervisor"),
        }
    }
}
