//! `/proc/PID/stat`: one line about one process.

use std::io;
use std::time::Duration;

use nix::unistd::{SysconfVar, sysconf};

use crate::Proc;
use crate::proc::malformed;

/// What the kernel says about one process, of `/proc/PID/stat` (proc(5)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// The process.
    pub pid: u32,
    /// Its short name, at most 15 bytes; a process may choose it freely.
    pub name: String,
    /// `R` running, `S` sleeping, `D` waiting for a disk, `T` stopped, `t` traced, `Z` zombie, `X` dead.
    pub state: char,
    /// The parent; 0 for the first process and for one whose parent is outside the namespace.
    pub parent: u32,
    /// The process group.
    pub group: u32,
    /// The session.
    pub session: u32,
    /// How many threads it has.
    pub threads: u32,
    /// When it started, in clock ticks after boot: with the boot and the number it names one process for good.
    pub start_time: u64,
    /// A thread of the kernel itself: it has no program, no directory and no files.
    pub kernel: bool,
    /// Processor time it has used itself, in user and in kernel mode. Its children's is not in it.
    pub cpu_time: Duration,
    /// Processor time of those of its children, theirs included, that have ended and that it has taken note of.
    pub ended_children_time: Duration,
}

/// `PF_KTHREAD` of the kernel's `sched.h`, in the flags of field 9.
const KERNEL_THREAD: u64 = 0x0020_0000;

impl Stat {
    /// Nothing of it runs any more: it only waits for its parent to take note. A process whose first thread has ended
    /// while others go on shows `Z` too and is not over.
    pub fn is_over(&self) -> bool {
        matches!(self.state, 'X' | 'x') || (self.state == 'Z' && self.threads <= 1)
    }

    /// Stopped by a signal or a debugger: alive, yet it does nothing until it is woken.
    pub fn is_stopped(&self) -> bool {
        matches!(self.state, 'T' | 't')
    }

    fn parse(line: &[u8]) -> Option<Self> {
        // The name stands in parentheses and may itself hold spaces and parentheses: the last one ends it.
        let open = line.iter().position(|byte| *byte == b'(')?;
        let close = line.iter().rposition(|byte| *byte == b')')?;
        let pid = std::str::from_utf8(&line[..open]).ok()?.trim();
        let name = String::from_utf8_lossy(line.get(open + 1..close)?).into_owned();
        let rest = std::str::from_utf8(&line[close + 1..]).ok()?;
        // Field 3 of proc(5) is the first one here.
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3).copied();
        let ticks: u64 = field(14)?.parse::<u64>().ok()? + field(15)?.parse::<u64>().ok()?;
        // These two are signed in the kernel's table, and never below 0.
        let ended = |number| field(number)?.parse::<u64>().ok();
        let ended_ticks = ended(16)? + ended(17)?;
        Some(Self {
            pid: pid.parse().ok()?,
            name,
            state: field(3)?.chars().next()?,
            parent: field(4)?.parse().ok()?,
            group: field(5)?.parse().unwrap_or(0),
            session: field(6)?.parse().unwrap_or(0),
            threads: field(20)?.parse().ok()?,
            start_time: field(22)?.parse().ok()?,
            kernel: field(9)?.parse::<u64>().ok()? & KERNEL_THREAD != 0,
            cpu_time: from_ticks(ticks, ticks_per_second()),
            ended_children_time: from_ticks(ended_ticks, ticks_per_second()),
        })
    }
}

impl Proc {
    /// What the kernel says about that process. `NotFound` where there is none, or where `/proc` hides it.
    pub fn stat(&self, pid: u32) -> io::Result<Stat> {
        let file = Self::of(pid, "stat");
        let line = self.bytes(&file)?;
        Stat::parse(&line).ok_or_else(|| malformed(&self.path(file)))
    }

    /// Processor time that this process has used since it started; its children's is not in it.
    pub fn cpu_time(&self, pid: u32) -> io::Result<Duration> {
        Ok(self.stat(pid)?.cpu_time)
    }
}

/// How many clock ticks a second has, in which the kernel tells when a process started.
pub fn ticks_per_second() -> u64 {
    // 100 on every Linux that a person is likely to meet; the kernel's own answer all the same.
    sysconf(SysconfVar::CLK_TCK)
        .ok()
        .flatten()
        .and_then(|ticks| u64::try_from(ticks).ok())
        .filter(|ticks| *ticks > 0)
        .unwrap_or(100)
}

fn from_ticks(ticks: u64, per_second: u64) -> Duration {
    Duration::from_secs(ticks / per_second)
        + Duration::from_nanos((ticks % per_second) * 1_000_000_000 / per_second)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const LINE: &str = "4242 (a) b (c) S 17 4242 4240 34816 0 4194304 100 0 0 0 250 50 7 8 20 0 3 0 987654 \
                        12000000 900 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0\n";

    #[test]
    fn a_name_may_hold_what_ends_it() {
        let stat = Stat::parse(LINE.as_bytes()).unwrap();
        assert_eq!(stat.pid, 4242);
        assert_eq!(stat.name, "a) b (c");
        assert_eq!((stat.state, stat.parent), ('S', 17));
        assert_eq!((stat.group, stat.session), (4242, 4240));
        assert_eq!((stat.threads, stat.start_time), (3, 987_654));
        assert_eq!(from_ticks(300, 100), Duration::from_secs(3));
        let per_second = ticks_per_second();
        assert_eq!(stat.cpu_time, from_ticks(300, per_second));
        assert_eq!(stat.ended_children_time, from_ticks(15, per_second));
    }

    #[test]
    fn a_first_thread_that_ended_is_not_the_end() {
        let zombie = LINE.replacen(") S ", ") Z ", 1);
        assert!(!Stat::parse(zombie.as_bytes()).unwrap().is_over());
        let alone = zombie.replacen(" 20 0 3 0 ", " 20 0 1 0 ", 1);
        assert!(Stat::parse(alone.as_bytes()).unwrap().is_over());
    }

    #[test]
    fn a_thread_of_the_kernel_is_told_by_its_flags() {
        assert!(!Stat::parse(LINE.as_bytes()).unwrap().kernel);
        let kernel = LINE.replacen(" 4194304 ", " 2129984 ", 1);
        assert!(Stat::parse(kernel.as_bytes()).unwrap().kernel);
    }

    #[test]
    fn what_is_cut_short_is_not_half_understood() {
        for end in [0, 4, 10, 20, 40, 70] {
            assert_eq!(Stat::parse(&LINE.as_bytes()[..end]), None, "{end}");
        }
    }

    #[test]
    fn this_very_process() {
        let stat = Proc::system().stat(std::process::id()).unwrap();
        assert_eq!(stat.pid, std::process::id());
        assert!(!stat.is_over() && !stat.is_stopped() && !stat.kernel);
    }
}
